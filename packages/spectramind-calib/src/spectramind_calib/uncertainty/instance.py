"""Instance-level scale: sigma adapts to each planet by the planet's own evidence."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
from scipy.optimize import minimize, minimize_scalar

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

DEGREES = 4.0
"""Degrees of freedom of Student's t, by which effects are judged: one astray planet, ten times as
wrong as its sigma says, must not decide what is made of all others' evidence."""


class Instance:
    """Log-linear model of a planet's error scale, pulled towards 1.

    A planet's factor is ``exp(a + b . features)``. Effects ``b`` are of greatest penalised
    likelihood of Student's t, with the penalty whose models best predict planets they did not see.
    One model is fitted without each fold of the calibration planets. Every planet, calibration or
    new, takes the effect of the model of the fold that its id falls in, which never saw it: what
    comes after in the chain sees calibration planets exactly as it will see new ones. The level
    ``a``, the same for all planets, is then of greatest Gaussian likelihood. If the models predict
    the planets they did not see no better than a level alone does, ``b`` is zero, and that is
    reported.

    References
    ----------
    Lange, Little & Taylor 1989, "Robust statistical modeling using the t distribution", JASA 84,
    881.
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
        self._models = self._best(x, error2, folds, ctx)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction, each planet's sigma times its factor."""
        require_same_grid(self._wavelength, prediction, "instance")
        assert self._features is not None
        unseen = self._unseen(self._models, self._features(prediction), self._folds(prediction))
        factor = np.exp(self._models[0, 0] + unseen)
        return with_sigma(prediction, prediction.sigma * factor[:, None])

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

    def _best(self, x: F8, error2: F8, folds: Array, ctx: Context) -> F8:
        """``[fold, 1 + feature]``: models that best predict the planets that they did not see."""
        common = np.zeros((self._options.folds, 1 + x.shape[1]))
        best, least = common, self._unseen_cost(common, x, error2, folds)
        for strength in self._options.strengths:
            models = np.stack(
                [
                    _fitted(x[folds != fold], error2[folds != fold], strength)
                    for fold in range(self._options.folds)
                ]
            )
            cost = self._unseen_cost(models, x, error2, folds)
            if cost < least:
                best, least = models, cost
        if best is common:
            ctx.log.warning("instance: evidence predicts no planet's errors; one factor for all")
        unseen = self._unseen(best, x, folds)
        best[:, 0] = 0.5 * np.log(np.mean(error2 * np.exp(-2 * unseen)))
        return best

    def _unseen_cost(self, models: F8, x: F8, error2: F8, folds: Array) -> float:
        """How badly models predict the planets that they did not see, given the best level."""
        log = self._unseen(models, x, folds)
        ends = 0.5 * np.log([error2.min(), error2.max()])
        limit = self._options.max_log_scale
        level = minimize_scalar(
            lambda a: _cost(a + log, error2), bounds=(ends[0] - limit, ends[1] + limit)
        )
        return float(level.fun)

    def _unseen(self, models: F8, x: F8, folds: Array) -> F8:
        """``[planet]``: log factors but for the level, each of the model that did not see it."""
        result: F8 = self._effects(models, x)[folds, np.arange(len(folds))]
        return result

    def _effects(self, models: F8, x: F8) -> F8:
        """``[model, planet]``: log factors but for the level."""
        limit = self._options.max_log_scale
        result: F8 = np.clip(models[:, 1:] @ x.T, -limit, limit)
        return result


def _fitted(x: F8, error2: F8, strength: float) -> F8:
    """``[1 + feature]``: the common log scale, then the features' effects."""
    start = np.zeros(1 + x.shape[1])
    start[0] = 0.5 * np.log(np.median(error2))
    design = np.column_stack([np.ones(len(x)), x])
    ridge = strength / len(x) * np.r_[0.0, np.ones(x.shape[1])]

    def cost(model: F8) -> tuple[float, F8]:
        log = np.clip(design @ model, -30, 30)
        ratio = error2 * np.exp(-2 * log)
        slope = 1 - (DEGREES + 1) * ratio / (DEGREES + ratio)
        value = _cost(log, error2) + float(0.5 * ridge @ model**2)
        return value, design.T @ slope / len(x) + ridge * model

    result: F8 = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return result


def _cost(log: F8, error2: F8) -> float:
    """Negative log-likelihood of Student's t per planet, up to a constant.

    Parameters
    ----------
    log, error2
        ``[planet]``: log scale, and mean square of the residuals.
    """
    ratio = error2 * np.exp(-2 * log)
    return float(np.mean(log + 0.5 * (DEGREES + 1) * np.log1p(ratio / DEGREES)))
