"""Physics posteriors whose priors have never seen the planet in question."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_models.transit.prior import SpectrumPrior

Index = npt.NDArray[np.int64]


def assign_folds(planets: int, folds: int, rng: np.random.Generator) -> Index:
    """``[planet]``: each planet's fold, folds being equally large."""
    return rng.permutation(np.arange(planets) % min(folds, planets))


def fold_priors(spectra: F8, fold: Index, *, components: int) -> tuple[SpectrumPrior, ...]:
    """The prior of each fold, learnt from the ``spectra [planet, wave]`` of all other folds.

    A planet's own spectrum must not be in the prior that its training posterior comes from: the
    network would learn to trust that posterior more than it may trust one of a new planet.
    """
    return tuple(
        SpectrumPrior.fit(spectra[fold != each], components=components)
        for each in range(int(fold.max()) + 1)
    )


def members_of(fold: Index) -> Sequence[Index]:
    """The planets of each fold."""
    return [np.flatnonzero(fold == each) for each in range(int(fold.max()) + 1)]
