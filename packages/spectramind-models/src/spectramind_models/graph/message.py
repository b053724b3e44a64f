"""What graph encoders share: a stack of torch-geometric layers on one graph for every planet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.graph.edges import build
from spectramind_models.graph.options import GraphOptions

Layer = Callable[[int, GraphOptions], nn.Module]
"""Edge features and options to a layer of the encoder's width."""


class GraphEncoder:
    """A recipe for `GraphNet`; subclasses name the layer and what it takes of the edges."""

    layer: Layer
    relational = False
    """Whether layers take an edge's relation instead of its features."""

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
            return GraphNet(
                features,
                build(positions, self._options),
                self._options,
                type(self).layer,
                relational=self.relational,
            )


class GraphNet(nn.Module):
    """``tokens [batch, wave, feature]`` and ``valid [batch, wave]`` to ``[batch, wave, width]``.

    The graph is the same for every planet: a batch is one graph of disjoint copies, whose indices
    are shifted. Bins that are not valid send no message.
    """

    index: Tensor
    relation: Tensor
    features: Tensor

    def __init__(
        self, features: int, edges: Any, options: GraphOptions, layer: Layer, *, relational: bool
    ) -> None:
        super().__init__()
        self.register_buffer("index", torch.from_numpy(edges.index), persistent=False)
        self.register_buffer("relation", torch.from_numpy(edges.relation), persistent=False)
        self.register_buffer("features", torch.from_numpy(edges.features).float(), persistent=False)
        self.relational = relational
        self.project = nn.Linear(features, options.width)
        self.layers = nn.ModuleList(
            layer(edges.features.shape[1], options) for _ in range(options.n_layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(options.width) for _ in self.layers)
        self.drop = nn.Dropout(options.dropout)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        inside = valid[..., None]
        hidden = torch.where(inside, self.project(torch.where(inside, tokens, 0)), 0).flatten(0, 1)
        index, about = self._edges(valid)
        for norm, layer in zip(self.norms, self.layers, strict=True):
            update = layer(norm(hidden), index, about)
            hidden = hidden + self.drop(nn.functional.gelu(update))
        return torch.where(inside, hidden.reshape(*tokens.shape[:2], -1), 0)

    def _edges(self, valid: Tensor) -> tuple[Tensor, Tensor]:
        """Edges of the whole batch ``[2, edge]`` between valid bins, and what is known of each."""
        batch, waves = valid.shape
        shift = torch.arange(batch, device=valid.device)[:, None] * waves
        source = (self.index[0] + shift).flatten()
        target = (self.index[1] + shift).flatten()
        kept = valid.flatten()[source] & valid.flatten()[target]
        about = self.relation.repeat(batch) if self.relational else self.features.repeat(batch, 1)
        return torch.stack([source[kept], target[kept]]), about[kept]
