"""Bands that hold for all bins of a planet at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spectramind_calib.uncertainty.bins import molecule_weights, require_same_grid
from spectramind_calib.uncertainty.options import SimultaneousOptions
from spectramind_calib.uncertainty.rescale import MIN_FACTOR
from spectramind_calib.uncertainty.scores import quantiles, require_planets
from spectramind_calib.uncertainty.state import fitted_on, read_state, write_state
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction, Truth


class Simultaneous:
    """The score of a planet is its worst bin's ``weight * |residual| / sigma``.

    Its conformal quantile q gives the band ``mu ± q sigma / weight``, which holds for the whole
    spectrum with a probability between the level and the level plus ``1 / (n + 1)``. A molecule
    weight above 1 makes the band tighter where molecules absorb, and wider elsewhere. Sigma and
    per-bin intervals are left as they are.

    References
    ----------
    Diquigiovanni, Fontana & Vantini 2022, "Conformal prediction bands for multivariate functional
    data", J. Multivar. Anal. 189, 104879.
    """

    def __init__(self, options: SimultaneousOptions) -> None:
        self._options = options
        self._fitted_on: dict[str, object] = {}
        self._wavelength = np.empty(0)
        self._quantile = np.empty(0)

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Take the quantiles of the planets' worst bins; DataError if planets are too few."""
        require_planets(len(prediction.planet_ids), self._options.levels, where="simultaneous")
        with np.errstate(over="ignore"):
            residuals = np.abs(truth.spectra - prediction.mu) / prediction.sigma
        worst = np.max(residuals * self._weights(prediction), axis=1)
        usable = np.isfinite(worst)
        if not usable.all():
            ctx.log.warning("simultaneous: %d planets have unusable residuals", (~usable).sum())
        require_planets(int(usable.sum()), self._options.levels, where="simultaneous")
        found = quantiles(worst[usable, None], self._options.levels)[:, 0]
        if found[0] < MIN_FACTOR:
            ctx.log.warning("simultaneous: residuals vanish; bands keep %g sigma", MIN_FACTOR)
        self._quantile = np.maximum(found, MIN_FACTOR)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction with bands."""
        require_same_grid(self._wavelength, prediction, "simultaneous")
        scale = prediction.sigma / self._weights(prediction)
        half = self._quantile[:, None] * scale[:, None, :]
        mu = prediction.mu[:, None, :]
        coverage = np.array(self._options.levels)
        bands = Intervals(coverage=coverage, lower=mu - half, upper=mu + half)
        return prediction.replace(bands=bands)

    def save(self, folder: Path) -> None:
        """Write the quantile of each level."""
        plain = {"fitted_on": self._fitted_on, "levels": self._options.levels}
        arrays = {"wavelength": self._wavelength, "quantile": self._quantile}
        write_state(folder, plain, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        self._fitted_on = plain["fitted_on"]
        self._wavelength, self._quantile = arrays["wavelength"], arrays["quantile"]

    def _weights(self, prediction: Prediction) -> F8:
        return molecule_weights(prediction.wavelength, self._options.molecule_weight)
