"""Split conformal intervals, bin by bin, on normalised residuals."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from spectramind_calib.uncertainty.bins import molecule_weights, require_same_grid
from spectramind_calib.uncertainty.gaussian_sigma import half_width, second_moment
from spectramind_calib.uncertainty.limits import bin_limits, pooled_limits, sound_limits
from spectramind_calib.uncertainty.options import ConformalOptions
from spectramind_calib.uncertainty.rescale import MIN_FACTOR, with_sigma
from spectramind_calib.uncertainty.scores import require_planets
from spectramind_calib.uncertainty.state import fitted_on, read_state, write_state
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction, Truth


class Conformal:
    """Limits are order statistics of the calibration planets' residuals in units of sigma.

    With ``pool: bin`` a new planet's coverage lies between the level and the level plus
    ``1 / (n + 1)`` in every bin, whatever sigma was, provided planets are exchangeable and sigma
    was not itself learnt from the same planets with many parameters (a factor per bin is fine: it
    cancels).

    References
    ----------
    Lei et al. 2018, "Distribution-free predictive inference for regression", JASA 113, 1094.
    """

    def __init__(self, options: ConformalOptions) -> None:
        self._options = options
        self._fitted_on: dict[str, object] = {}
        self._wavelength = np.empty(0)
        self._unit = np.empty(0)
        self._lower = np.empty((0, 0))
        self._upper = np.empty((0, 0))

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Take the residuals' order statistics; DataError if planets are too few for a level."""
        options = self._options
        levels, symmetric = options.levels, options.score != "asymmetric"
        tails = 1 if symmetric else 2
        require_planets(len(prediction.planet_ids), levels, tails=tails, where="conformal")
        self._unit = np.median(prediction.sigma, axis=0)
        with np.errstate(over="ignore"):
            residuals = (truth.spectra - prediction.mu) / self._scale(prediction)
        weights = molecule_weights(prediction.wavelength, options.molecule_weight)
        if options.pool == "bin":
            limits = bin_limits(residuals, levels, symmetric=symmetric)
        else:
            limits = pooled_limits(residuals, levels, weights, symmetric=symmetric)
        self._lower, self._upper = sound_limits(*limits, residuals, levels, weights, ctx=ctx)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction with intervals, and sigma as the options say."""
        require_same_grid(self._wavelength, prediction, "conformal")
        scale = self._scale(prediction)[:, None, :]
        mu = prediction.mu[:, None, :]
        intervals = Intervals(
            coverage=np.array(self._options.levels),
            lower=mu + self._lower * scale,
            upper=mu + self._upper * scale,
        )
        result = prediction.replace(intervals=intervals)
        if self._options.sigma == "keep":
            return result
        summary = second_moment if self._options.sigma == "moment" else half_width
        factor = summary(self._lower, self._upper, np.array(self._options.levels))
        return with_sigma(result, np.maximum(factor, MIN_FACTOR) * scale[:, 0])

    def save(self, folder: Path) -> None:
        """Write the limits of each bin and level."""
        arrays = {
            "wavelength": self._wavelength,
            "unit": self._unit,
            "lower": self._lower,
            "upper": self._upper,
        }
        plain = {"fitted_on": self._fitted_on, "levels": self._options.levels}
        write_state(folder, plain, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        self._fitted_on = plain["fitted_on"]
        self._wavelength, self._unit = arrays["wavelength"], arrays["unit"]
        self._lower, self._upper = arrays["lower"], arrays["upper"]

    def _scale(self, prediction: Prediction) -> F8:
        """``[planet, wave]``: what residuals are measured in."""
        if self._options.score == "absolute":
            return np.broadcast_to(self._unit, prediction.sigma.shape)
        return prediction.sigma
