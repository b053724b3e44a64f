"""The encoder `mamba`: blocks on a sequence of tokens, read one way or both."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.mamba.block import MambaBlock
from spectramind_models.mamba.options import MambaOptions


class MambaEncoder:
    """A recipe for `MambaNet`."""

    def __init__(self, options: MambaOptions) -> None:
        self._options = options

    @property
    def width(self) -> int:
        """Features of each token that comes out."""
        return self._options.d_model

    def module(self, *, features: int, positions: Any, ctx: Context) -> nn.Module:
        """A network with weights from the context's own stream."""
        with torch.random.fork_rng([]):
            torch.manual_seed(ctx.child("mamba").torch_seed())
            return MambaNet(features, self._options)


class MambaNet(nn.Module):
    """``tokens [batch, token, feature]``, ``valid [batch, token]`` to ``[batch, token, width]``."""

    def __init__(self, features: int, options: MambaOptions) -> None:
        super().__init__()
        self.project = nn.Linear(features, options.d_model)
        layers = range(options.n_layers)
        self.forwards = nn.ModuleList(_block(options) for _ in layers)
        self.backwards = nn.ModuleList(_block(options) for _ in layers if options.bidirectional)
        self.norms = nn.ModuleList(nn.LayerNorm(options.d_model) for _ in layers)
        self.last = nn.LayerNorm(options.d_model)
        self.drop = nn.Dropout(options.dropout)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        inside = valid[..., None]
        hidden = torch.where(inside, self.project(torch.where(inside, tokens, 0)), 0)
        for layer, norm in enumerate(self.norms):
            normal = norm(hidden)
            update = self.forwards[layer](normal, valid)
            if self.backwards:
                update = update + self.backwards[layer](normal.flip(1), valid.flip(1)).flip(1)
            hidden = hidden + self.drop(update)
        result: Tensor = self.last(hidden)
        return result


def _block(options: MambaOptions) -> MambaBlock:
    return MambaBlock(
        options.d_model, options.d_state, options.d_conv, options.expand, options.backend
    )
