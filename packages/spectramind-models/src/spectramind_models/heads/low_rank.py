"""What errors of different bins have in common: a few factors over wavelength."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.heads.layers import ZeroEnded, soft_limit
from spectramind_models.heads.options import LowRankOptions

NUDGE = 0.05
"""Size of the constant factors that training starts from, in the physics sigma."""

MAX_SHARE = 0.999
"""Largest share of a bin's variance that factors may hold, so that the covariance stays regular."""


class LowRankModule(nn.Module):
    """Factors in units of the physics sigma.

    The likelihood is even in the factors, so zero is a stationary point that no gradient leaves: in
    training small constant factors are added, which are absent from every prediction.
    """

    def __init__(self, width: int, waves: int, options: LowRankOptions, *, ctx: Context) -> None:
        super().__init__()
        self.loading = ZeroEnded(width, options.hidden, options.rank, ctx=ctx)
        bins = torch.arange(waves, dtype=torch.float32) / max(waves - 1, 1)
        modes = torch.cos(torch.pi * torch.arange(options.rank)[:, None] * bins)
        self.register_buffer("nudge", NUDGE * modes, persistent=False)
        self._limit = (MAX_SHARE / options.rank) ** 0.5

    def forward(self, hidden: Tensor, mu: Tensor, sigma: Tensor) -> dict[str, Tensor]:
        loading = self.loading(hidden).transpose(1, 2)
        if self.training:
            loading = loading + self.nudge
        return {"factors": sigma[:, None] * soft_limit(loading.to(sigma.dtype), self._limit)}


class LowRank:
    """Recipe of `LowRankModule`."""

    def __init__(self, options: LowRankOptions) -> None:
        self._options = options

    def module(self, *, width: int, waves: int, ctx: Context) -> LowRankModule:
        """Build the module for `waves` bins."""
        return LowRankModule(width, waves, self._options, ctx=ctx.child("low_rank"))
