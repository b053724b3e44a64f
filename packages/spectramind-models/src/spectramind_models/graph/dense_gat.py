"""The encoder `dense_gat`: attention over all bins at once, the graph's edges as mask and bias.

On a graph of 283 bins the matrix of all pairs is small, and dense products are faster than
gathering messages edge by edge. The layer computes what torch-geometric's TransformerConv does on
the same edges, with its parameter names and shapes.

References
----------
Shi et al. 2021, "Masked label prediction: unified message passing model for semi-supervised
classification", IJCAI (eqs. 3-4: attention with edge features).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spectramind_models.graph.edges import Edges
from spectramind_models.graph.message import AttentiveNet, GraphEncoder, Layer
from spectramind_models.graph.options import GraphOptions, refuse_odd_heads


class DenseLayer(nn.Module):
    """Dot-product attention with edge features in key and value; heads are concatenated."""

    def __init__(self, edge_features: int, options: GraphOptions) -> None:
        super().__init__()
        width = options.width
        self.heads, self.channels = options.heads, width // options.heads
        self.lin_query, self.lin_key, self.lin_value, self.lin_skip = (
            nn.Linear(width, width) for _ in range(4)
        )
        self.lin_edge = nn.Linear(edge_features, width, bias=False)

    def forward(self, hidden: Tensor, about: Tensor, allowed: Tensor) -> Tensor:
        """`hidden` ``[batch x wave, width]``; see `DenseNet.graph` for the others."""
        weight = self._weight(hidden, about, allowed)
        batch, heads, waves, _ = weight.shape
        value = weight @ self._by_head(self.lin_value(hidden), batch)
        # The mean edge that each bin looks along, [wave, batch x head, feature], then its value.
        edge = weight.permute(2, 0, 1, 3).reshape(waves, batch * heads, waves) @ about
        edge = edge.reshape(waves, batch, heads, -1).permute(1, 2, 0, 3) @ self._edge().mT
        gathered = (value + edge).transpose(1, 2).reshape(hidden.shape)
        result: Tensor = gathered + self.lin_skip(hidden)
        return result

    def attention(self, hidden: Tensor, valid: Tensor, about: Tensor, allowed: Tensor) -> Tensor:
        """``[batch, wave, wave]`` (to, from), averaged over heads."""
        weight = self._weight(hidden, about, allowed).mean(1)
        return torch.where(valid[..., None], weight, 0)

    def _weight(self, hidden: Tensor, about: Tensor, allowed: Tensor) -> Tensor:
        """Attention ``[batch, head, to, from]``; rows sum to 1."""
        batch, waves, _ = allowed.shape
        query = self._by_head(self.lin_query(hidden), batch) * self.channels**-0.5
        key = self._by_head(self.lin_key(hidden), batch)
        asked = (query @ self._edge()).permute(2, 0, 1, 3).reshape(waves, batch * self.heads, -1)
        bias = (asked @ about.mT).reshape(waves, batch, self.heads, waves).permute(1, 2, 0, 3)
        score = torch.where(allowed[:, None], query @ key.mT + bias, -torch.inf)
        return torch.softmax(score, -1)

    def _by_head(self, values: Tensor, batch: int) -> Tensor:
        """``[batch x wave, width]`` to ``[batch, head, wave, channel]``."""
        return values.reshape(batch, -1, self.heads, self.channels).transpose(1, 2)

    def _edge(self) -> Tensor:
        """What maps edge features to keys and values, ``[head, channel, feature]``."""
        return self.lin_edge.weight.reshape(self.heads, self.channels, -1)


class DenseNet(AttentiveNet):
    """The stack of layers on the dense graph."""

    pairs: Tensor
    joined: Tensor

    def __init__(self, features: int, edges: Edges, options: GraphOptions, layer: Layer) -> None:
        super().__init__(features, edges, options, layer)
        waves = int(edges.index.max()) + 1
        source, target = self.index
        pairs = torch.zeros(waves, waves, edges.features.shape[1])
        pairs[target, source] = self.features
        joined = torch.zeros(waves, waves, dtype=torch.bool)
        joined[target, source] = True
        self.register_buffer("pairs", pairs, persistent=False)
        self.register_buffer("joined", joined, persistent=False)

    def graph(self, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Edge features ``[to, from, feature]`` and who hears whom ``[batch, to, from]``.

        An invalid bin hears itself alone: with nobody to attend to, its softmax would be NaN.
        """
        itself = torch.eye(valid.shape[1], dtype=torch.bool, device=valid.device)
        both = valid[:, :, None] & valid[:, None, :]
        return self.pairs, (self.joined & both) | itself


class DenseGatEncoder(GraphEncoder):
    """Each bin attends to its neighbours in the graph, by dense products."""

    layer = DenseLayer
    net = DenseNet

    def __init__(self, options: GraphOptions) -> None:
        refuse_odd_heads(options, "dense_gat")
        super().__init__(options)
