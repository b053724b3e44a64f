"""What graph encoders share: a stack of torch-geometric layers on one graph for every planet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.graph.edges import Edges, build
from spectramind_models.graph.options import GraphOptions

Layer = Callable[[int, GraphOptions], nn.Module]
"""Edge features and options to a layer of the encoder's width."""


class GraphNet(nn.Module):
    """``tokens [batch, wave, feature]`` and ``valid [batch, wave]`` to ``[batch, wave, width]``.

    The graph is the same for every planet: a batch is one graph of disjoint copies, whose indices
    are shifted. Bins that are not valid send no message.
    """

    index: Tensor
    relation: Tensor
    features: Tensor

    def __init__(self, features: int, edges: Edges, options: GraphOptions, layer: Layer) -> None:
        super().__init__()
        self.register_buffer("index", torch.from_numpy(edges.index), persistent=False)
        self.register_buffer("relation", torch.from_numpy(edges.relation), persistent=False)
        self.register_buffer("features", torch.from_numpy(edges.features).float(), persistent=False)
        self.project = nn.Linear(features, options.width)
        self.layers = nn.ModuleList(
            layer(edges.features.shape[1], options) for _ in range(options.n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(options.width) for _ in self.layers)
        self.drop = nn.Dropout(options.dropout)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        graph = self.graph(valid)
        hidden = self.begin(tokens, valid)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            hidden = hidden + self.drop(nn.functional.gelu(layer(norm(hidden), *graph)))
        return torch.where(valid[..., None], hidden.reshape(*tokens.shape[:2], -1), 0)

    def begin(self, tokens: Tensor, valid: Tensor) -> Tensor:
        """Bins of the whole batch one after the other, ``[batch x wave, width]``."""
        inside = valid[..., None]
        return torch.where(inside, self.project(torch.where(inside, tokens, 0)), 0).flatten(0, 1)

    def graph(self, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Edges of the whole batch ``[2, edge]`` between valid bins, and what is known of each."""
        batch, waves = valid.shape
        shift = torch.arange(batch, device=valid.device)[:, None] * waves
        source = (self.index[0] + shift).flatten()
        target = (self.index[1] + shift).flatten()
        kept = valid.flatten()[source] & valid.flatten()[target]
        about = self.about()
        every = about.expand(batch, *about.shape).flatten(0, 1)
        return torch.stack([source[kept], target[kept]]), every[kept]

    def about(self) -> Tensor:
        """What layers are told of each edge: its features."""
        return self.features


@runtime_checkable
class Attends(Protocol):
    """A layer that can say what it attends to."""

    def attention(self, hidden: Tensor, valid: Tensor, *graph: Tensor) -> Tensor:
        """``[batch, wave, wave]`` (to, from), averaged over heads."""
        ...


class AttentiveNet(GraphNet):
    """A network whose layers can say what they attend to."""

    @torch.no_grad()
    def attention(self, tokens: Tensor, valid: Tensor) -> Tensor:
        """Share of attention that the row's bin pays to the column's, ``[batch, wave, wave]``.

        Averaged over layers and heads. Rows sum to 1, those of invalid bins to 0.
        """
        graph = self.graph(valid)
        hidden = self.begin(tokens, valid)
        total = torch.zeros(*valid.shape, valid.shape[1], dtype=hidden.dtype, device=hidden.device)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            normal = norm(hidden)
            assert isinstance(layer, Attends)
            total += layer.attention(normal, valid, *graph)
            hidden = hidden + nn.functional.gelu(layer(normal, *graph))
        return total / len(self.layers)


class GraphEncoder:
    """A recipe for a `GraphNet`; subclasses name the layer, and the network if it is special."""

    layer: Layer
    net: type[GraphNet] = GraphNet

    def __init__(self, options: GraphOptions) -> None:
        self._options = options

    @property
    def width(self) -> int:
        """Features of each bin that comes out."""
        return self._options.width

    def module(self, *, features: int, positions: Any, ctx: Context) -> nn.Module:
        """A network on the graph of bins at `positions` ``[wave]`` micron."""
        with torch.random.fork_rng([]):
            torch.manual_seed(ctx.child("graph").torch_seed())
            return self.net(
                features, build(positions, self._options), self._options, type(self).layer
            )
