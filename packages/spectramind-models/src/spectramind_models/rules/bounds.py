"""A planet hides some light and not most of it; an uncertainty is neither nothing nor anything."""

from __future__ import annotations

import torch
from torch import Tensor

from spectramind_core.components import Scene
from spectramind_models.rules.options import BoundsOptions


class Bounds:
    """Keeps mu and sigma within limits, at every bin."""

    def __init__(self, options: BoundsOptions) -> None:
        self._options = options

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: how far mu and sigma lie outside, squared, in units of the scale."""
        o = self._options
        outside = torch.stack(
            [o.min_depth - mu, mu - o.max_depth, o.min_sigma - sigma, sigma - o.max_sigma]
        )
        return torch.relu(outside / o.scale).square().sum(0)

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Move what lies outside to the limit."""
        o = self._options
        return mu.clamp(o.min_depth, o.max_depth), sigma.clamp(o.min_sigma, o.max_sigma)
