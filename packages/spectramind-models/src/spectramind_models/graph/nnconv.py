"""The encoder `nnconv`: messages through matrices that a small network makes of edge features.

References
----------
Gilmer et al. 2017, "Neural message passing for quantum chemistry", ICML (section 4, edge network).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import NNConv

from spectramind_models.graph.message import GraphEncoder
from spectramind_models.graph.options import GraphOptions


class NNConvLayer(nn.Module):
    """One matrix an edge: memory grows with the square of the width."""

    def __init__(self, edge_features: int, options: GraphOptions) -> None:
        super().__init__()
        width = options.width
        network = nn.Sequential(
            nn.Linear(edge_features, width), nn.GELU(), nn.Linear(width, width * width)
        )
        self.conv = NNConv(width, width, network, aggr="mean")

    def forward(self, hidden: Tensor, index: Tensor, features: Tensor) -> Tensor:
        result: Tensor = self.conv(hidden, index, features)
        return result


class NNConvEncoder(GraphEncoder):
    """Each bin gathers what edge-dependent matrices make of its neighbours."""

    layer = NNConvLayer
