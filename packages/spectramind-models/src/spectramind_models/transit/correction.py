"""What the training planets teach about the physics itself: by how much its depths are off.

Limb darkening that differs from what was expected moves all depths of an instrument by nearly the
same share, on every planet. Where the truth is known that share can be learnt and taken out. It is
a number for FGS1 and a straight line over AIRS, shrunk towards nothing where planets are few.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths

_EXPECTED = 0.003
"""Standard deviation to be expected of each share."""


@dataclass(frozen=True)
class Correction:
    """Relative error of physical depths, common to all planets."""

    bias: F8
    """``[wave]``: measured over true depth, minus one."""

    @classmethod
    def fit(cls, every: Sequence[PlanetDepths], spectra: F8) -> Correction:
        """Learn from the depths of training planets and their true ``spectra [planet, wave]``.

        Weighted least squares for three shares, each with a prior about zero. Errors that a
        planet's bins share make its bins no independent evidence, so a planet's weight is that of
        its mean depth, divided among its bins.
        """
        design = _design(spectra.shape[1])
        precision = np.eye(len(design)) / _EXPECTED**2
        pull = np.zeros(len(design))
        for depths, truth in zip(every, spectra, strict=True):
            weight = np.where(depths.measured, (truth / depths.sigma) ** 2, 0.0)
            weight[1:] *= _together(depths, weight[1:])
            error = depths.depth / truth - 1
            precision += (design * weight) @ design.T
            pull += design @ (weight * error)
        return cls(np.linalg.solve(precision, pull) @ design)

    def apply(self, depths: PlanetDepths) -> PlanetDepths:
        """The same depths with the common error taken out; bins not measured stay as they are."""
        factor = np.where(depths.measured, 1 / (1 + self.bias), 1.0)
        return replace(
            depths,
            depth=depths.depth * factor,
            noise=depths.noise * factor,
            factors=depths.factors * factor,
        )


def _design(waves: int) -> F8:
    """``[3, wave]``: FGS1, and level and slope of AIRS."""
    optical = np.arange(waves) == 0
    slope = np.linspace(-1, 1, max(waves - 1, 1))
    line = np.concatenate([[0.0], slope])[:waves]
    return np.stack([1.0 * optical, 1.0 * ~optical, line])


def _together(depths: PlanetDepths, weight: F8) -> float:
    """How much less than the sum of AIRS bins' weights their mean is worth, 0 to 1."""
    total = weight.sum()
    if total <= 0:
        return 0.0
    share = weight / total
    noise, factors = depths.noise[1:], depths.factors[:, 1:]
    alone = np.sum(share**2 * (noise**2 + np.sum(factors**2, axis=0)))
    mean = np.sum((share * noise) ** 2) + np.sum((factors @ share) ** 2)
    return float(min(1.0, alone / mean))
