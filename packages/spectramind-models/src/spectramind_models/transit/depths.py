"""What physics alone says of a planet: depths, their errors, and how these hang together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_models.transit.joint import UNKNOWN
from spectramind_models.transit.population import VisitLikelihood


@dataclass(frozen=True)
class PlanetDepths:
    """Measured transit depths; their covariance is ``diag(noise**2) + factors.T @ factors``."""

    planet_id: str
    depth: F8
    """``[wave]`` (Rp/Rs)^2."""
    noise: F8
    """``[wave]`` independent standard deviation; `UNKNOWN` where nothing was measured."""
    factors: F8
    """``[rank, wave]``: standard deviations that bins share."""
    features: dict[str, float]
    """Evidence about the planet by name."""
    bin_features: dict[str, F8]
    """Evidence about each bin by name, ``[wave]``."""
    likelihoods: tuple[VisitLikelihood, ...] = ()
    """Each visit's, for `Population.learn`; none if its fit leant on a population already."""

    @property
    def sigma(self) -> F8:
        """``[wave]``: standard deviation of each depth by itself."""
        total: F8 = np.sqrt(self.noise**2 + np.sum(self.factors**2, axis=0))
        return total

    @property
    def measured(self) -> Bool:
        """``[wave]``: whether anything was measured."""
        seen: Bool = self.noise < 0.5 * UNKNOWN
        return seen


def compressed(factors: F8, rank: int) -> tuple[F8, F8]:
    """The `rank` largest factors, and the variance that leaving out the others would lose.

    Returns
    -------
    factors, variance
        ``[rank, wave]``, fewer if there are fewer, and ``[wave]``: to be added to the diagonal, so
        that no bin's variance changes.
    """
    _, size, shapes = np.linalg.svd(factors, full_matrices=False)
    all_of_them = size[:, None] * shapes
    return all_of_them[:rank], np.sum(all_of_them[rank:] ** 2, axis=0)
