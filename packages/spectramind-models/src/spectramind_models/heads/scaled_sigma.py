"""sigma as the physics posterior's, scaled bin by bin."""

from __future__ import annotations

from math import exp

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_models.heads.layers import ZeroEnded, soft_limit
from spectramind_models.heads.options import ScaledSigmaOptions


class ScaledSigmaModule(nn.Module):
    """``sigma = physics sigma * exp(scale)``, but never below the floor.

    A physics sigma that already lies below the floor is kept: untrained, the head changes nothing.
    """

    def __init__(self, width: int, options: ScaledSigmaOptions, *, ctx: Context) -> None:
        super().__init__()
        self.scale = ZeroEnded(width, options.hidden, 1, ctx=ctx)
        self._limit = options.max_log_scale
        self._floor = exp(options.min_log_sigma)

    def forward(self, hidden: Tensor, mu: Tensor, sigma: Tensor) -> dict[str, Tensor]:
        scale = soft_limit(self.scale(hidden)[..., 0].to(sigma.dtype), self._limit)
        floor = sigma.clamp(max=self._floor)
        return {"sigma": torch.maximum(sigma * torch.exp(scale), floor)}


class ScaledSigma:
    """Recipe of `ScaledSigmaModule`."""

    def __init__(self, options: ScaledSigmaOptions) -> None:
        self._options = options

    def module(self, *, width: int, waves: int, ctx: Context) -> ScaledSigmaModule:
        """Build the module; `waves` bins share its weights."""
        return ScaledSigmaModule(width, self._options, ctx=ctx.child("scaled_sigma"))
