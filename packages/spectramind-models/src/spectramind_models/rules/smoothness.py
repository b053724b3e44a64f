"""Neighbouring bins of a spectrograph of this resolution lie on a smooth curve."""

from __future__ import annotations

from torch import Tensor

from spectramind_core.components import Scene
from spectramind_models.rules.excess import PPM, excess
from spectramind_models.rules.grid import airs_start, spread
from spectramind_models.rules.options import SmoothnessOptions
from spectramind_models.rules.smoothing import smooth_until


def second_difference(mu: Tensor) -> Tensor:
    """``[planet, bin - 2]``: how far each bin lies off the line through its neighbours, twice."""
    return mu[:, 2:] - 2 * mu[:, 1:-1] + mu[:, :-2]


class Smoothness:
    """Limits the second difference over AIRS bins."""

    def __init__(self, options: SmoothnessOptions) -> None:
        self._limit = options.limit * PPM

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: excess of each bin's second difference over the limit."""
        airs = mu[:, airs_start(scene.wavelength) :]
        return spread(
            excess(second_difference(airs).abs(), self._limit), scene.wavelength, margin=1
        )

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Smooth each spectrum that breaks the rule just enough to keep it."""
        start = airs_start(scene.wavelength)
        airs = smooth_until(mu[:, start:], self._keeps, order=2)
        return mu.slice_scatter(airs, dim=1, start=start), sigma

    def _keeps(self, airs: Tensor) -> Tensor:
        return second_difference(airs).abs().amax(1) <= self._limit
