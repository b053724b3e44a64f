"""The encoder `gat`: graph attention along the edges.

References
----------
Brody, Alon & Yahav 2022, "How attentive are graph attention networks?", ICLR (GATv2, eq. 7).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv

from spectramind_models.graph.message import AttentiveNet, GraphEncoder
from spectramind_models.graph.options import GraphOptions, refuse_odd_heads


class GatLayer(nn.Module):
    """GATv2 with edge features; heads are concatenated."""

    def __init__(self, edge_features: int, options: GraphOptions) -> None:
        super().__init__()
        self.conv = GATv2Conv(
            options.width,
            options.width // options.heads,
            heads=options.heads,
            edge_dim=edge_features,
            add_self_loops=False,
        )

    def forward(self, hidden: Tensor, index: Tensor, features: Tensor) -> Tensor:
        result: Tensor = self.conv(hidden, index, features)
        return result

    def attention(self, hidden: Tensor, valid: Tensor, index: Tensor, features: Tensor) -> Tensor:
        """``[batch, wave, wave]`` (to, from), averaged over heads."""
        batch, waves = valid.shape
        _, (_, weight) = self.conv(hidden, index, features, return_attention_weights=True)
        dense = torch.zeros(batch, waves, waves, dtype=weight.dtype, device=weight.device)
        source, target = index
        dense[target // waves, target % waves, source % waves] = weight.mean(1)
        return dense


class GatEncoder(GraphEncoder):
    """Each bin attends to its neighbours in the graph."""

    layer = GatLayer
    net = AttentiveNet

    def __init__(self, options: GraphOptions) -> None:
        refuse_odd_heads(options, "gat")
        super().__init__(options)
