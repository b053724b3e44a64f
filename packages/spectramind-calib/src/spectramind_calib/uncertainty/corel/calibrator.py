"""Calibrator ``corel``: a network's quantiles, made to hold by a conformal step.

Torch is imported by `fit`, `apply` and `load` only: it is an extra of this distribution.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from spectramind_calib.uncertainty.assessment import write_comparison
from spectramind_calib.uncertainty.bins import molecule_weights, require_same_grid
from spectramind_calib.uncertainty.corel.correction import Correction, Quantiles
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_calib.uncertainty.rescale import with_sigma
from spectramind_calib.uncertainty.scores import planets_needed, require_planets
from spectramind_calib.uncertainty.state import fitted_on, read_state, write_state
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction, Truth
from spectramind_core.errors import DataError, PluginError

FEWEST = 10
"""Planets that a network must have to learn from."""

CROSSED = 10
"""Parts that planets held out at once are crossed in, to tell how new planets will fare."""

Learn = Callable[[Quantiles, F8], Correction]
"""A correction from planets' quantiles and their ``residuals [planet, wave]`` in sigma."""


class Corel:
    """Relational conformal calibration.

    A network over the graph of bins predicts quantiles of the normalised residuals. On planets it
    did not learn from, a conformal step finds the factor by which each level's limits must widen
    or narrow, around the median, to cover what they promise. With fewer than 2 folds these are
    held out and coverage lies between the level and the level plus ``1 / (n + 1)``. With folds
    every planet, calibration or new, is scored by the networks of the fold that its id falls in,
    which never saw it; the promise then holds approximately, with every planet in use.

    References
    ----------
    Cini et al. 2025, "Relational conformal prediction for correlated time series", ICML.
    Romano, Patterson & Candès 2019, "Conformalized quantile regression", NeurIPS.
    Vovk 2015, "Cross-conformal predictors", Ann. Math. Artif. Intell. 74, 9.
    """

    def __init__(self, options: CorelOptions) -> None:
        self._options = options
        self._fitted_on: dict[str, Any] = {}
        self._wavelength = np.empty(0)
        self._ensemble: Any = None
        self._correction: Correction | None = None

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Train the networks, then take the conformal quantiles of the planets held out.

        Writes ``coverage.csv``, ``summary.csv``, ``pit.csv`` and ``edges.csv`` into `ctx.folder`:
        before, and after as planets see it that had no part in their own correction.

        Raises
        ------
        DataError
            If there are too few planets to learn from or to promise the highest level.
        PluginError
            If torch or torch-geometric is not installed.
        """
        options = self._options
        groups = _ensemble().groups_of(prediction.planet_ids, options)
        self._require(groups)
        with np.errstate(over="ignore"):
            residuals = (truth.spectra - prediction.mu) / prediction.sigma
        residuals = np.where(np.isfinite(residuals), residuals, np.nan)
        weights = molecule_weights(prediction.wavelength, options.molecule_weight)
        self._ensemble = _ensemble().Ensemble.learn(
            prediction, residuals, weights, options, ctx=ctx
        )

        def learn(found: Quantiles, residuals: F8) -> Correction:
            per_bin = options.correction == "bin"
            return Correction.learn(
                found, residuals, options.levels, weights, per_bin=per_bin, ctx=ctx
            )

        held = groups != _ensemble().LEARNER
        rows = [p for p, out in zip(prediction.planet_ids, held, strict=True) if out]
        before, about, residuals = prediction.of(rows), truth.of(rows), residuals[held]
        found = self._ensemble.quantiles(before)
        self._correction = learn(found, residuals)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)
        after = _crossed(before, found, residuals, groups[held], learn)
        write_comparison(ctx.folder, before, after, about, options.levels)
        _write_edges(ctx.folder / "edges.csv", self._ensemble.learnt_edges())

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction with intervals, and sigma from their second moment about mu."""
        require_same_grid(self._wavelength, prediction, "corel")
        assert self._correction is not None
        return self._correction.applied(prediction, self._ensemble.quantiles(prediction))

    def save(self, folder: Path) -> None:
        """Write networks, standardisation and corrections as plain arrays."""
        assert self._correction is not None
        plain, arrays = self._ensemble.stored()
        plain |= {"fitted_on": self._fitted_on, "levels": self._options.levels}
        arrays |= {"wavelength": self._wavelength, **self._correction.arrays()}
        write_state(folder, plain, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        self._ensemble = _ensemble().Ensemble.restored(plain, arrays, self._options)
        self._correction = Correction.from_arrays(arrays)
        self._wavelength = arrays["wavelength"]
        self._fitted_on = plain["fitted_on"]

    def _require(self, groups: Array) -> None:
        levels, held = self._options.levels, groups[groups >= 0]
        require_planets(held.size, levels, where="corel")
        learners = min(int((groups != group).sum()) for group in np.unique(held))
        if learners < FEWEST:
            raise DataError(
                f"{learners} planets are too few for a network to learn from",
                where="corel",
                hint=f"it takes about {planets_needed(max(levels)) + 2 * FEWEST} calibration "
                "planets: raise data.split.calibration, or use 'conformal'",
            )


def _crossed(
    before: Prediction, found: Quantiles, residuals: F8, groups: Array, learn: Learn
) -> Prediction:
    """What planets are given if they have no part in their own correction."""
    if len(np.unique(groups)) < 2:
        groups = np.arange(len(groups)) % CROSSED
    lower, upper = np.empty_like(found.lower), np.empty_like(found.upper)
    sigma = np.empty_like(before.sigma)
    for group in np.unique(groups):
        mine, others = groups == group, groups != group
        part = before.of([p for p, m in zip(before.planet_ids, mine, strict=True) if m])
        after = learn(found.of(others), residuals[others]).applied(part, found.of(mine))
        assert after.intervals is not None
        coverage = after.intervals.coverage
        lower[mine], upper[mine] = after.intervals.lower, after.intervals.upper
        sigma[mine] = after.sigma
    intervals = Intervals(coverage=coverage, lower=lower, upper=upper)
    return with_sigma(before.replace(intervals=intervals), sigma)


def _write_edges(file: Path, edges: F8) -> None:
    lines = [f"{i},{j},{edges[i, j]:.4g}" for i, j in np.argwhere(edges > 0)]
    file.write_text("\n".join(["bin,neighbour,weight", *lines]) + "\n", encoding="utf-8")


def _ensemble() -> ModuleType:
    try:
        from spectramind_calib.uncertainty.corel import ensemble
    except ImportError as error:
        raise PluginError(
            f"calibrator 'corel' needs torch and torch-geometric ({error})",
            where="uncertainty",
            hint="pip install 'spectramind-calib[corel]'",
        ) from error
    return ensemble
