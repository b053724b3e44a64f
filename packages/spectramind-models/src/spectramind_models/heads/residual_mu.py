"""mu as a correction to the physics posterior, in units of its sigma."""

from __future__ import annotations

from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.heads.layers import ZeroEnded, soft_limit
from spectramind_models.heads.options import ResidualMuOptions


class ResidualMuModule(nn.Module):
    """``mu = physics mu + physics sigma * shift``."""

    def __init__(self, width: int, options: ResidualMuOptions, *, ctx: Context) -> None:
        super().__init__()
        self.shift = ZeroEnded(width, options.hidden, 1, ctx=ctx)
        self._limit = options.max_shift

    def forward(self, hidden: Tensor, mu: Tensor, sigma: Tensor) -> dict[str, Tensor]:
        shift = soft_limit(self.shift(hidden)[..., 0].to(mu.dtype), self._limit)
        return {"mu": mu + sigma * shift}


class ResidualMu:
    """Recipe of `ResidualMuModule`."""

    def __init__(self, options: ResidualMuOptions) -> None:
        self._options = options

    def module(self, *, width: int, waves: int, ctx: Context) -> ResidualMuModule:
        """Build the module; `waves` bins share its weights."""
        return ResidualMuModule(width, self._options, ctx=ctx.child("residual_mu"))
