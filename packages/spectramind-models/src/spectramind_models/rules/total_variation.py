"""A spectrum rises and falls a few times, with its bands; noise does so at every bin."""

from __future__ import annotations

import torch
from torch import Tensor

from spectramind_core.components import Scene
from spectramind_models.rules.excess import PPM, excess
from spectramind_models.rules.grid import airs_start
from spectramind_models.rules.options import TotalVariationOptions
from spectramind_models.rules.smoothing import smooth_until

FLAT = 1e-12
"""(Rp/Rs)^2: keeps the share of a step defined where there is none."""


class TotalVariation:
    """Limits the sum of all steps between neighbouring AIRS bins."""

    def __init__(self, options: TotalVariationOptions) -> None:
        self._limit = options.limit * PPM

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: excess of the total, shared out to bins by the steps before them.

        Its mean over the steps is the planet's excess.
        """
        start = airs_start(scene.wavelength)
        steps = mu[:, start:].diff(dim=1).abs()
        total = steps.sum(1, keepdim=True)
        share = steps.shape[1] * steps / (total + FLAT)
        airs = share * excess(total, self._limit)
        return torch.nn.functional.pad(airs, (start + 1, 0))

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Smooth each spectrum that varies too much just enough."""
        start = airs_start(scene.wavelength)
        airs = smooth_until(mu[:, start:], self._keeps, order=1)
        return mu.slice_scatter(airs, dim=1, start=start), sigma

    def _keeps(self, airs: Tensor) -> Tensor:
        return airs.diff(dim=1).abs().sum(1) <= self._limit
