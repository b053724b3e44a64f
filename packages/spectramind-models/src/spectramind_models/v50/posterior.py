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
from spectramind_models.v50.evidence import Evidence

Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Wiener:
    """What estimator ``wiener`` learns: how far depths are off, and what spectra look like."""

    prior: SpectrumPrior
    correction: Correction

    @classmethod
    def fit(cls, every: Sequence[PlanetDepths], spectra: F8, *, components: int) -> Wiener:
        """Learn from depths of planets and their true ``spectra [planet, wave]``."""
        prior = SpectrumPrior.fit(spectra, components=components)
        return cls(prior, Correction.fit(every, spectra))

    def posterior(self, depths: PlanetDepths) -> tuple[F8, F8]:
        """``mu`` and ``sigma`` ``[wave]``, as estimator ``wiener`` gives them."""
        mu, sigma, _ = self.prior.posterior(self.correction.apply(depths))
        return mu, sigma


@dataclass(frozen=True)
class Physics:
    """All that is learnt before the network: the posterior, and what the fit says of its error."""

    wiener: Wiener
    evidence: Evidence

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        bias = {"bias": self.wiener.correction.bias}
        return {**self.wiener.prior.arrays(), **bias, **self.evidence.arrays()}

    @classmethod
    def from_arrays(cls, arrays: dict[str, F8]) -> Physics:
        """The physics whose `arrays` these are."""
        rest = dict(arrays)
        correction = Correction(rest.pop("bias"))
        evidence = Evidence(rest.pop("evidence_typical"), rest.pop("evidence_coefficients"))
        return cls(Wiener(SpectrumPrior.from_arrays(rest), correction), evidence)


def assign_folds(planets: int, folds: int, rng: np.random.Generator) -> Index:
    """``[planet]``: each planet's fold, folds being equally large."""
    return rng.permutation(np.arange(planets) % min(folds, planets))


def learn(
    every: Sequence[PlanetDepths], spectra: F8, fold: Index, *, components: int
) -> tuple[Physics, tuple[Physics, ...]]:
    """Physics learnt from all ``spectra [planet, wave]``, and from all but those of each fold.

    A planet's own spectrum must not be in the prior that its training posterior comes from, nor its
    own error in the evidence: the network would learn to trust them more than it may trust those
    of a new planet.
    """

    def wiener(chosen: npt.NDArray[np.bool_]) -> Wiener:
        known = [depths for depths, use in zip(every, chosen, strict=True) if use]
        return Wiener.fit(known, spectra[chosen], components=components)

    folds = range(int(fold.max()) + 1)
    apart = [wiener(fold != each) for each in folds]
    mu = np.stack(
        [apart[own].posterior(depths)[0] for depths, own in zip(every, fold, strict=True)]
    )

    def evidence(chosen: npt.NDArray[np.bool_]) -> Evidence:
        known = [depths for depths, use in zip(every, chosen, strict=True) if use]
        return Evidence.fit(known, mu[chosen], spectra[chosen])

    whole = Physics(wiener(fold >= 0), evidence(fold >= 0))
    return whole, tuple(Physics(apart[each], evidence(fold != each)) for each in folds)


def members_of(fold: Index) -> Sequence[Index]:
    """The planets of each fold."""
    return [np.flatnonzero(fold == each) for each in range(int(fold.max()) + 1)]
