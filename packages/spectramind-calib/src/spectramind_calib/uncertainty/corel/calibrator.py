"""Calibrator ``corel``: a network's quantiles, made to hold by a conformal step.

Torch is imported by `fit`, `apply` and `load` only: it is an extra of this distribution.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from spectramind_calib.uncertainty.assessment import write_comparison
from spectramind_calib.uncertainty.bins import (
    instruments,
    molecule_weights,
    per_instrument,
    require_same_grid,
)
from spectramind_calib.uncertainty.corel.correction import (
    Quantiles,
    correction,
    mean_of,
    scores_of,
    widened,
)
from spectramind_calib.uncertainty.corel.graph import known_graph
from spectramind_calib.uncertainty.corel.inputs import Inputs
from spectramind_calib.uncertainty.evidence import Standardizer
from spectramind_calib.uncertainty.gaussian_sigma import second_moment
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_calib.uncertainty.rescale import MIN_FACTOR, with_sigma
from spectramind_calib.uncertainty.scores import planets_needed, require_planets
from spectramind_calib.uncertainty.state import fitted_on, fold_of, read_state, write_state
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction, Truth
from spectramind_core.errors import DataError, PluginError

FEWEST = 10
"""Planets that a network must have to learn from."""

_PARTS = 1000
"""Into how many parts planet ids are hashed to split them once."""


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
        self._inputs: Inputs | None = None
        self._networks: list[Any] = []
        self._factor = np.empty((0, 0))
        self._sigma_factor = np.empty(0)

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
        groups = np.array([self._group(planet) for planet in prediction.planet_ids])
        self._require(groups)
        self._inputs = Inputs.learn(prediction, ctx=ctx)
        with np.errstate(over="ignore"):
            residuals = (truth.spectra - prediction.mu) / prediction.sigma
        residuals = np.where(np.isfinite(residuals), residuals, np.nan)
        weights = molecule_weights(prediction.wavelength, self._options.molecule_weight)
        self._networks = self._trained(prediction, residuals, groups, weights, ctx)
        self._wavelength = prediction.wavelength
        self._fitted_on = fitted_on(prediction, truth)
        held = groups >= 0
        quantiles = self._quantiles(prediction).of(held)
        self._conformalise(quantiles, residuals[held], weights, ctx)
        rows = [p for p, out in zip(prediction.planet_ids, held, strict=True) if out]
        before, about = prediction.of(rows), truth.of(rows)
        after = self._crossed(before, quantiles, residuals[held], groups[held], weights, ctx)
        write_comparison(ctx.folder, before, after, about, self._options.levels)
        self._write_edges(ctx.folder / "edges.csv")

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same prediction with intervals, and sigma from their second moment about mu."""
        require_same_grid(self._wavelength, prediction, "corel")
        quantiles = self._quantiles(prediction)
        return self._applied(prediction, quantiles, self._factor, self._sigma_factor)

    def save(self, folder: Path) -> None:
        """Write networks, standardisation and corrections as plain arrays."""
        assert self._inputs is not None
        standard = self._inputs.planet
        arrays: dict[str, Array] = {
            f"planet.{f.name}": getattr(standard, f.name)
            for f in fields(Standardizer)
            if f.name != "names"
        }
        arrays |= {"moments": self._inputs.moments, "wavelength": self._wavelength}
        arrays |= {"factor": self._factor, "sigma_factor": self._sigma_factor}
        for i, network in enumerate(self._networks):
            for name, tensor in network.state_dict().items():
                arrays[f"network{i}.{name}"] = tensor.cpu().numpy()
        plain = {
            "fitted_on": self._fitted_on,
            "planet_features": standard.names,
            "bin_features": self._inputs.names,
            "networks": len(self._networks),
            "levels": self._options.levels,
        }
        write_state(folder, plain, arrays)

    def load(self, folder: Path) -> None:
        """Read what `save` wrote."""
        plain, arrays = read_state(folder)
        standard = {
            f.name: arrays[f"planet.{f.name}"] for f in fields(Standardizer) if f.name != "names"
        }
        planet = Standardizer(names=tuple(plain["planet_features"]), **standard)
        self._inputs = Inputs(planet, tuple(plain["bin_features"]), arrays["moments"])
        self._wavelength = arrays["wavelength"]
        self._factor, self._sigma_factor = arrays["factor"], arrays["sigma_factor"]
        self._fitted_on = plain["fitted_on"]
        rebuild = _training().restored
        self._networks = [
            rebuild(
                {
                    name.removeprefix(f"network{i}."): array
                    for name, array in arrays.items()
                    if name.startswith(f"network{i}.")
                },
                self._options,
            )
            for i in range(plain["networks"])
        ]

    @property
    def _folds(self) -> int:
        return max(self._options.folds, 1)

    def _group(self, planet_id: str) -> int:
        """The fold that holds a planet out; -1 if the network learns from it and nothing else."""
        if self._options.folds > 1:
            return fold_of(planet_id, self._options.folds)
        return 0 if fold_of(planet_id, _PARTS) < self._options.held_out * _PARTS else -1

    def _require(self, groups: Array) -> None:
        levels, held = self._options.levels, int((groups >= 0).sum())
        require_planets(held, levels, where="corel")
        learners = min(int((groups != group).sum()) for group in np.unique(groups[groups >= 0]))
        if learners < FEWEST:
            raise DataError(
                f"{learners} planets are too few for a network to learn from",
                where="corel",
                hint=f"it takes about {planets_needed(max(levels)) + 2 * FEWEST} calibration "
                "planets: raise data.split.calibration, or use 'conformal'",
            )

    def _trained(
        self, prediction: Prediction, residuals: F8, groups: Array, weights: F8, ctx: Context
    ) -> list[Any]:
        assert self._inputs is not None
        training = _training()
        sample = training.Sample(
            self._inputs.planets(prediction), self._inputs.bins(prediction), residuals
        )
        graph = known_graph(prediction.wavelength)
        members = [(fold, m) for fold in range(self._folds) for m in range(self._options.members)]
        return [
            training.trained(
                sample.of(groups != fold),
                graph,
                weights,
                self._options,
                ctx=ctx.child("fold", str(fold), "member", str(member)),
            )
            for fold, member in ctx.progress(members, label="corel", total=len(members))
        ]

    def _quantiles(self, prediction: Prediction) -> Quantiles:
        """Of every planet, by the networks of its fold."""
        assert self._inputs is not None
        predict = _training().predict
        planets, bins = self._inputs.planets(prediction), self._inputs.bins(prediction)
        fold = np.array([max(self._group(planet), 0) for planet in prediction.planet_ids])
        shape = (len(fold), len(self._options.levels), prediction.wavelength.size)
        found = Quantiles(np.empty((shape[0], 1, shape[2])), np.empty(shape), np.empty(shape))
        for k in np.unique(fold):
            mine, first = fold == k, k * self._options.members
            found.put(
                mine,
                mean_of(
                    [
                        Quantiles(*predict(net, planets[mine], bins[mine], self._options.batch))
                        for net in self._networks[first : first + self._options.members]
                    ]
                ),
            )
        return found

    def _conformalise(self, quantiles: Quantiles, residuals: F8, weights: F8, ctx: Context) -> None:
        self._factor = correction(
            scores_of(quantiles, residuals),
            self._options.levels,
            weights,
            per_bin=self._options.correction == "bin",
            ctx=ctx,
        )
        self._sigma_factor = self._gaussian_factor(quantiles, residuals, self._factor)

    def _gaussian_factor(self, quantiles: Quantiles, residuals: F8, factor: F8) -> F8:
        """``[instrument]``: what the moments lack to be of greatest likelihood."""
        square = (residuals / self._moment(quantiles, factor)) ** 2
        found = []
        for part in instruments(residuals.shape[1]):
            known = square[:, part][np.isfinite(square[:, part])]
            found.append(np.sqrt(known.mean()) if known.size else 1.0)
        return np.maximum(found, MIN_FACTOR)

    def _moment(self, quantiles: Quantiles, factor: F8) -> F8:
        lower, upper = widened(quantiles, factor)
        levels = np.array(self._options.levels)
        return np.maximum(second_moment(lower, upper, levels), MIN_FACTOR)

    def _applied(
        self, prediction: Prediction, quantiles: Quantiles, factor: F8, sigma_factor: F8
    ) -> Prediction:
        lower, upper = widened(quantiles, factor)
        mu, sigma = prediction.mu[:, None, :], prediction.sigma[:, None, :]
        intervals = Intervals(
            coverage=np.array(self._options.levels),
            lower=mu + lower * sigma,
            upper=mu + upper * sigma,
        )
        scale = self._moment(quantiles, factor)
        scale = scale * per_instrument(sigma_factor, prediction.wavelength.size)
        return with_sigma(prediction.replace(intervals=intervals), prediction.sigma * scale)

    def _crossed(
        self,
        before: Prediction,
        quantiles: Quantiles,
        residuals: F8,
        groups: Array,
        weights: F8,
        ctx: Context,
    ) -> Prediction:
        """What planets are given if they have no part in their own correction."""
        if len(np.unique(groups)) < 2:
            groups = np.arange(len(groups)) % 2
        lower, upper = np.empty_like(quantiles.lower), np.empty_like(quantiles.upper)
        sigma = np.empty_like(before.sigma)
        for group in np.unique(groups):
            mine, others = groups == group, groups != group
            there = residuals[others]
            factor = correction(
                scores_of(quantiles.of(others), there),
                self._options.levels,
                weights,
                per_bin=self._options.correction == "bin",
                ctx=ctx,
            )
            lacking = self._gaussian_factor(quantiles.of(others), there, factor)
            part = before.of([p for p, m in zip(before.planet_ids, mine, strict=True) if m])
            after = self._applied(part, quantiles.of(mine), factor, lacking)
            assert after.intervals is not None
            lower[mine], upper[mine] = after.intervals.lower, after.intervals.upper
            sigma[mine] = after.sigma
        levels = np.array(self._options.levels)
        intervals = Intervals(coverage=levels, lower=lower, upper=upper)
        return with_sigma(before.replace(intervals=intervals), sigma)

    def _write_edges(self, file: Path) -> None:
        edges = np.mean([n.learnt_edges().detach().cpu().numpy() for n in self._networks], axis=0)
        rows = np.argwhere(edges > 0)
        lines = [f"{i},{j},{edges[i, j]:.4g}" for i, j in rows]
        file.write_text("\n".join(["bin,neighbour,weight", *lines]) + "\n", encoding="utf-8")


def _training() -> ModuleType:
    try:
        from spectramind_calib.uncertainty.corel import training
    except ImportError as error:
        raise PluginError(
            f"calibrator 'corel' needs torch and torch-geometric ({error})",
            where="uncertainty",
            hint="pip install 'spectramind-calib[corel]'",
        ) from error
    return training
