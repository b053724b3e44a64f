"""The encoder `rgcn`: messages through one matrix for each reason to be joined.

References
----------
Schlichtkrull et al. 2018, "Modeling relational data with graph convolutional networks", ESWC
(eq. 2).
"""

from __future__ import annotations

from torch import Tensor, nn
from torch_geometric.nn import RGCNConv

from spectramind_models.graph.edges import RELATIONS
from spectramind_models.graph.message import GraphEncoder, GraphNet
from spectramind_models.graph.options import GraphOptions


class RgcnLayer(nn.Module):
    """One matrix for each of wavelength, molecule and segment."""

    def __init__(self, edge_features: int, options: GraphOptions) -> None:
        super().__init__()
        self.conv = RGCNConv(options.width, options.width, num_relations=len(RELATIONS))

    def forward(self, hidden: Tensor, index: Tensor, relation: Tensor) -> Tensor:
        result: Tensor = self.conv(hidden, index, relation)
        return result


class RelationalNet(GraphNet):
    """A network whose layers are told why two bins are joined, and nothing else."""

    def about(self) -> Tensor:
        """The relation of each edge."""
        return self.relation


class RgcnEncoder(GraphEncoder):
    """Each bin gathers its neighbours by relation."""

    layer = RgcnLayer
    net = RelationalNet
