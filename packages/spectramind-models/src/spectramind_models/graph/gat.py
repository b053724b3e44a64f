"""The encoder `gat`: graph attention along the edges.

References
----------
Brody, Alon & Yahav 2022, "How attentive are graph attention networks?", ICLR (GATv2, eq. 7).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv

from spectramind_core.errors import SpecError
from spectramind_models.graph.message import GraphEncoder, GraphNet
from spectramind_models.graph.options import GraphOptions


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


class GatEncoder(GraphEncoder):
    """Each bin attends to its neighbours in the graph."""

    layer = GatLayer

    def __init__(self, options: GraphOptions) -> None:
        if options.width % options.heads:
            raise SpecError(
                f"{options.heads} heads do not divide width {options.width}",
                where="encoder 'gat'",
                hint="choose width as a multiple of heads",
            )
        super().__init__(options)


def attention(network: GraphNet, tokens: Tensor, valid: Tensor) -> Tensor:
    """How much each bin attended to each other one, ``[layer, wave, wave]`` (to, from).

    Averaged over heads and over the batch; rows sum to 1.
    """
    inside = valid[..., None]
    hidden = torch.where(inside, network.project(torch.where(inside, tokens, 0)), 0).flatten(0, 1)
    index, about = network._edges(valid)
    batch, waves = valid.shape
    maps = []
    for norm, layer in zip(network.norms, network.layers, strict=True):
        assert isinstance(layer, GatLayer)
        update, (edges, weight) = layer.conv(
            norm(hidden), index, about, return_attention_weights=True
        )
        hidden = hidden + nn.functional.gelu(update)
        whole = torch.zeros(waves, waves, dtype=weight.dtype)
        whole.index_put_((edges[1] % waves, edges[0] % waves), weight.mean(1), accumulate=True)
        maps.append(whole / batch)
    return torch.stack(maps).detach()
