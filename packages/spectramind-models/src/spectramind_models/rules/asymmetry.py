"""An atmosphere only adds opacity: narrow features rise above their sides, they dig no holes.

Windows between two bands are real, but wide; a single bin that lies well below both its sides is an
artefact of the detector or of the fit.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import avg_pool1d

from spectramind_core.components import Scene
from spectramind_models.rules.excess import PPM, excess
from spectramind_models.rules.grid import airs_start, spread
from spectramind_models.rules.options import AsymmetryOptions

ROUNDS = 1000
"""At most so many fillings; each settles at least part of what the last one raised."""


class Asymmetry:
    """Limits how far an AIRS bin lies below the means of the bins on both its sides."""

    def __init__(self, options: AsymmetryOptions) -> None:
        self._reach = options.reach
        self._limit = options.limit * PPM

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        """``[planet, wave]``: excess of each bin's dip over the limit."""
        airs = mu[:, airs_start(scene.wavelength) :]
        reach = self._reach_in(airs)
        dip = sides(airs, reach) - airs[:, reach:-reach]
        return spread(excess(dip, self._limit), scene.wavelength, margin=reach)

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        """Fill the dips: the lowest spectrum nowhere below the given one that keeps the rule."""
        start = airs_start(scene.wavelength)
        airs = mu[:, start:]
        reach = self._reach_in(airs)
        for _ in range(ROUNDS):
            floor = sides(airs, reach) - self._limit
            inner = airs[:, reach:-reach]
            if not bool((floor > inner).any()):
                break
            airs = airs.slice_scatter(
                torch.maximum(inner, floor), dim=1, start=reach, end=airs.shape[1] - reach
            )
        return mu.slice_scatter(airs, dim=1, start=start), sigma

    def _reach_in(self, airs: Tensor) -> int:
        """The reach, or as many bins as a short grid has on either side of its middle."""
        return min(self._reach, (airs.shape[1] - 1) // 2)


def sides(airs: Tensor, reach: int) -> Tensor:
    """``[planet, bin - 2 reach]``: mean of the bins to one side, whichever is lower."""
    means = avg_pool1d(airs[:, None], reach, stride=1)[:, 0]
    return torch.minimum(means[:, : -reach - 1], means[:, reach + 1 :])
