"""Instance-level scale: sigma adapts to each planet by the planet's own evidence."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from spectramind_calib.uncertainty.bins import molecule_weights, require_same_grid
from spectramind_calib.uncertainty.evidence import Standardizer
from spectramind_calib.uncertainty.folds import fold_of
from spectramind_calib.uncertainty.options import InstanceOptions
from spectramind_calib.uncertainty.rescale import MIN_FACTOR, with_sigma
from spectramind_calib.uncertainty.state import fitted_on, read_state, write_state
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.errors import DataError


class Instance:
    """Log-linear model of a planet's error scale, by Gaussian likelihood, pulled towards 1.

    A planet's factor is ``exp(a + b . features)``: ``a`` is common to all, and ``b`` is penalised.
    One model is fitted without each fold of the calibration planets. Every planet, calibration or
    new, takes the factor of the model of the fold that its id falls in, which never saw it: what
    comes after in the chain sees calibration planets exactly as it will see new ones. If the
    models predict the planets they did not see no better than one common factor does, ``b`` is
    zero, and that is reported.
    """

    def __init__(self, options: InstanceOptions) -> None:
        self._options = options
        self._fitted_on: dict[str, object] = {}
        self._wavelength = np.empty(0)
        self._features: Standardizer | None = None
        self._models = np.empty((0, 0))

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Fit one model per fold; DataError if a fold would leave fewer than two planets."""
        folds = self._folds(prediction)
        sizes = [int((folds != fold).sum()) for fold in range(self._options.folds)]
        if min(sizes) < 2:
            raise DataError(
                f"{len(folds)} calibration planets are too few for {self._options.folds} folds",
                where="instance",
                hint=f"it takes about {4 * self._options.folds}: raise data.split.calibration",
            )
        self._features = Standardizer.learn(prediction, ctx=ctx)
        x = self._features(prediction)
        error2 = self._squared_error(prediction, truth, ctx)
        models = [
            _fitted(x[folds != f], error2[folds != f], self._options)
            for f in range(self._options.folds)
        ]
        self._models = self._unless_useless(np.stack(models), x, error2, folds, ctx)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction, each planet's sigma times its factor."""
        require_same_grid(self._wavelength, prediction, "instance")
        assert self._features is not None
        every = _log_scale(self._models, self._features(prediction), self._options.max_log_scale)
        folds = self._folds(prediction)
        log = every[folds, np.arange(len(folds))]
        return with_sigma(prediction, prediction.sigma * np.exp(log)[:, None])

    def save(self, folder: Path) -> None:
        """Write the model of each fold, by feature."""
        assert self._features is not None
        stored = {f.name: getattr(self._features, f.name) for f in fields(Standardizer)}
        names = stored.pop("names")
        arrays = {**stored, "models": self._models, "wavelength": self._wavelength}
        write_state(folder, {"fitted_on": self._fitted_on, "features": names}, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        self._models, self._wavelength = arrays.pop("models"), arrays.pop("wavelength")
        self._features = Standardizer(names=tuple(plain["features"]), **arrays)
        self._fitted_on = plain["fitted_on"]

    def _folds(self, prediction: Prediction) -> Array:
        return np.array([fold_of(p, self._options.folds) for p in prediction.planet_ids])

    def _squared_error(self, prediction: Prediction, truth: Truth, ctx: Context) -> F8:
        """``[planet]``: mean square of the normalised residuals."""
        weights = molecule_weights(prediction.wavelength, self._options.molecule_weight)
        with np.errstate(over="ignore"):
            square = ((truth.spectra - prediction.mu) / prediction.sigma) ** 2
        known = np.isfinite(square)
        if not known.all():
            ctx.log.warning("instance: %d residuals are unusable", int((~known).sum()))
        total = np.sum(np.where(known, square, 0) * weights, axis=1)
        count = np.maximum(np.sum(known * weights, axis=1), 1e-300)
        mean: F8 = np.where(known.any(axis=1), total / count, 1.0)
        if (mean < MIN_FACTOR**2).any():
            ctx.log.warning("instance: residuals of some planets vanish")
        return np.maximum(mean, MIN_FACTOR**2)

    def _unless_useless(self, models: F8, x: F8, error2: F8, folds: Array, ctx: Context) -> F8:
        own = _log_scale(models, x, self._options.max_log_scale)[folds, np.arange(len(folds))]
        common = models.copy()
        common[:, 1:] = 0
        common[:, 0] = [0.5 * np.log(error2[folds != f].mean()) for f in range(len(models))]
        gain = _cost(common[folds, 0], error2) - _cost(own, error2)
        if gain > 0:
            return models
        ctx.log.warning("instance: evidence predicts no planet's errors; one common factor is used")
        return common


def _fitted(x: F8, error2: F8, options: InstanceOptions) -> F8:
    """``[1 + feature]``: the common log scale, then the features' effects."""
    start = np.zeros(1 + x.shape[1])
    start[0] = 0.5 * np.log(error2.mean())
    design = np.column_stack([np.ones(len(x)), x])
    ridge = options.strength / len(x) * np.r_[0.0, np.ones(x.shape[1])]

    def cost(model: F8) -> tuple[float, F8]:
        log = np.clip(design @ model, -30, 30)
        ratio = error2 * np.exp(-2 * log)
        value = float(np.mean(log + 0.5 * ratio) + 0.5 * ridge @ model**2)
        return value, design.T @ (1 - ratio) / len(x) + ridge * model

    result: F8 = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return result


def _log_scale(models: F8, x: F8, limit: float) -> F8:
    """``[model, planet]``"""
    effect = np.clip(models[:, 1:] @ x.T, -limit, limit)
    result: F8 = models[:, :1] + effect
    return result


def _cost(log: F8, error2: F8) -> float:
    """Negative Gaussian log-likelihood per bin, up to a constant."""
    return float(np.mean(log + 0.5 * error2 * np.exp(-2 * log)))
