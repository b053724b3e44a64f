"""Temperature scaling: one factor on sigma for everything, per instrument or per bin."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from spectramind_calib.uncertainty.bins import (
    instruments,
    molecule_weights,
    require_same_grid,
)
from spectramind_calib.uncertainty.options import TemperatureOptions
from spectramind_calib.uncertainty.rescale import MIN_FACTOR, with_sigma
from spectramind_calib.uncertainty.scores import require_planets
from spectramind_calib.uncertainty.state import fitted_on, read_state, write_state
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth


class Temperature:
    """Fits ``sigma' = sqrt((factor sigma)^2 + floor^2)`` by maximum Gaussian likelihood.

    Without a floor the best factor is the root mean square of the normalised residuals. A factor
    per bin is shrunk towards its instrument's, in its logarithm. Intervals that an earlier
    calibrator gave are left as they are.

    References
    ----------
    Guo et al. 2017, "On calibration of modern neural networks", ICML (one factor, by likelihood).
    """

    def __init__(self, options: TemperatureOptions) -> None:
        self._options = options
        self._fitted_on: dict[str, object] = {}
        self._wavelength = np.empty(0)
        self._factor = np.empty(0)
        self._floor = np.empty(0)

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Fit on calibration planets; one suffices, though more are wise."""
        require_planets(len(prediction.planet_ids), [0.5], where="temperature")
        residual = truth.spectra - prediction.mu
        weights = molecule_weights(prediction.wavelength, self._options.molecule_weight)
        waves = prediction.wavelength.size
        parts = (slice(0, waves),) if self._options.per == "all" else instruments(waves)
        factor, floor = np.empty(waves), np.zeros(waves)
        for part in parts:
            fitted = _factor_and_floor if self._options.floor else _factor_alone
            factor[part], floor[part] = fitted(
                residual[:, part], prediction.sigma[:, part], weights[part]
            )
        if self._options.per == "bin":
            factor = _shrunk(residual, prediction.sigma, factor, floor, self._options.shrinkage)
        self._factor, self._floor = _checked(factor, ctx), floor
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction with sigma scaled; shared factors keep their share of it."""
        require_same_grid(self._wavelength, prediction, "temperature")
        return with_sigma(prediction, np.hypot(self._factor * prediction.sigma, self._floor))

    def save(self, folder: Path) -> None:
        """Write the factor and floor of each bin."""
        arrays = {"wavelength": self._wavelength, "factor": self._factor, "floor": self._floor}
        write_state(folder, {"fitted_on": self._fitted_on}, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        self._fitted_on = plain["fitted_on"]
        self._wavelength = arrays["wavelength"]
        self._factor, self._floor = arrays["factor"], arrays["floor"]


def _factor_alone(residual: F8, sigma: F8, weights: F8) -> tuple[float, float]:
    z2, w = _usable(residual, sigma, weights)
    return float(np.sqrt(np.average(z2, weights=w))) if w.sum() > 0 else 1.0, 0.0


def _factor_and_floor(residual: F8, sigma: F8, weights: F8) -> tuple[float, float]:
    """Both by maximum likelihood, over their logarithms, from the best factor alone."""
    factor, _ = _factor_alone(residual, sigma, weights)
    factor = max(factor, MIN_FACTOR)
    unit = factor * float(np.median(sigma))
    known: Bool = np.isfinite(residual)

    def cost(log: F8) -> float:
        scale, floor = np.exp(np.clip(log, -15, 15))
        variance = (scale * factor * sigma) ** 2 + (floor * unit) ** 2
        each = np.where(known, np.log(variance) + np.where(known, residual, 0) ** 2 / variance, 0)
        return float((each * weights).sum() / (known * weights).sum())

    starts = ([0.0, -5.0], [-0.7, -0.7])
    best = min(
        (minimize(cost, start, method="Nelder-Mead") for start in starts), key=lambda r: r.fun
    )
    scale, floor = np.exp(np.clip(best.x, -15, 15))
    return float(scale * factor), float(floor * unit)


def _shrunk(residual: F8, sigma: F8, factor: F8, floor: F8, strength: float) -> F8:
    """Each bin's own factor, given the floor, shrunk towards ``factor [wave]``."""
    z2 = (residual / np.hypot(np.maximum(factor, MIN_FACTOR) * sigma, floor)) ** 2
    known = np.isfinite(z2)
    count = known.sum(axis=0)
    own = np.sqrt(np.where(known, z2, 0).sum(axis=0) / np.maximum(count, 1))
    log = np.log(np.maximum(own, MIN_FACTOR))
    trust = count / np.maximum(count + strength, 1)
    result: F8 = factor * np.exp(trust * log)
    return result


def _usable(residual: F8, sigma: F8, weights: F8) -> tuple[F8, F8]:
    with np.errstate(over="ignore"):
        z2 = (residual / sigma) ** 2
    known = np.isfinite(z2)
    return np.where(known, z2, 0), np.where(known, weights, 0)


def _checked(factor: F8, ctx: Context) -> F8:
    low = factor < MIN_FACTOR
    if low.any():
        ctx.log.warning(
            "temperature: residuals of %d bins vanish; their sigma keeps %g of its size",
            int(low.sum()),
            MIN_FACTOR,
        )
    result: F8 = np.maximum(factor, MIN_FACTOR)
    return result
