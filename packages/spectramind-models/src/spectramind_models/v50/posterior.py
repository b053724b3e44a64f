"""The physics posterior that the network corrects, from priors that never saw the planet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_models.transit.correction import Correction
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.prior import SpectrumPrior

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Physics:
    """What estimator ``wiener`` learns: how far depths are off, and what spectra look like."""

    prior: SpectrumPrior
    correction: Correction

    @classmethod
    def fit(cls, every: Sequence[PlanetDepths], spectra: F8, *, components: int) -> Physics:
        """Learn from depths of planets and their true ``spectra [planet, wave]``."""
        prior = SpectrumPrior.fit(spectra, components=components)
        return cls(prior, Correction.fit(every, spectra))

    def posterior(self, depths: PlanetDepths) -> tuple[F8, F8]:
        """``mu`` and ``sigma`` ``[wave]``, as estimator ``wiener`` gives them."""
        mu, sigma, _ = self.prior.posterior(self.correction.apply(depths))
        return mu, sigma

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        return {**self.prior.arrays(), "bias": self.correction.bias}

    @classmethod
    def from_arrays(cls, arrays: dict[str, F8]) -> Physics:
        """The physics whose `arrays` these are."""
        prior = {name: values for name, values in arrays.items() if name != "bias"}
        return cls(SpectrumPrior.from_arrays(prior), Correction(arrays["bias"]))


def assign_folds(planets: int, folds: int, rng: np.random.Generator) -> Index:
    """``[planet]``: each planet's fold, folds being equally large."""
    return rng.permutation(np.arange(planets) % min(folds, planets))


def fold_physics(
    every: Sequence[PlanetDepths], spectra: F8, fold: Index, *, components: int
) -> tuple[Physics, ...]:
    """The physics of each fold, learnt from the ``spectra [planet, wave]`` of all other folds.

    A planet's own spectrum must not be in the prior that its training posterior comes from: the
    network would learn to trust that posterior more than it may trust one of a new planet.
    """
    found = []
    for each in range(int(fold.max()) + 1):
        others = fold != each
        known = [depths for depths, use in zip(every, others, strict=True) if use]
        found.append(Physics.fit(known, spectra[others], components=components))
    return tuple(found)


def members_of(fold: Index) -> Sequence[Index]:
    """The planets of each fold."""
    return [np.flatnonzero(fold == each) for each in range(int(fold.max()) + 1)]
