"""The two estimators of this room: depths as they are, and their empirical-Bayes posterior."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Labelled
from spectramind_core.contracts import LightCurves, LightCurveSet, Prediction, TransitFit
from spectramind_core.errors import TrainingError
from spectramind_models.transit.correction import Correction
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.estimate import estimate_set, learnt_population
from spectramind_models.transit.fits import transit_fits
from spectramind_models.transit.options import TransitOptions, WienerOptions
from spectramind_models.transit.population import Population
from spectramind_models.transit.prior import SpectrumPrior

_FILE = "prior.safetensors"


class Transit:
    """Depths by physics alone; training spectra serve only for bins that were not measured."""

    def __init__(self, options: TransitOptions) -> None:
        self.options = options
        self._mean: F8 | None = None
        self._sd: F8 | None = None

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        spectra = _spectra(training)
        self._mean, self._sd = spectra.mean(axis=0), spectra.std(axis=0) + 1e-6

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        assert self._mean is not None
        assert self._sd is not None
        every = estimate_set(light_curves, options=self.options, ctx=ctx)
        mu = [np.where(d.measured, d.depth, self._mean) for d in every]
        sigma = [np.where(d.measured, d.sigma, self._sd) for d in every]
        return prediction(every, light_curves.wavelength, np.stack(mu), np.stack(sigma))

    def transit_fits(
        self, visits: tuple[LightCurves, ...], *, ctx: Context
    ) -> tuple[TransitFit, ...]:
        return transit_fits(visits, self.options)

    def save(self, folder: Path) -> None:
        assert self._mean is not None
        assert self._sd is not None
        save_file({"mean": self._mean, "sd": self._sd}, folder / _FILE)

    def load(self, folder: Path) -> None:
        arrays = load_file(folder / _FILE)
        self._mean, self._sd = arrays["mean"], arrays["sd"]


class Wiener:
    """Empirical Bayes: the training spectra as prior, the depths and their covariance as data."""

    def __init__(self, options: WienerOptions) -> None:
        self.options = options
        self._prior: SpectrumPrior | None = None
        self._correction: Correction | None = None
        self._population: Population | None = None

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        spectra = _spectra(training)
        self._population = learnt_population(training.light_curves, options=self.options, ctx=ctx)
        every = self._estimated(training.light_curves, ctx)
        self._prior = SpectrumPrior.fit(spectra, components=self.options.components)
        self._correction = Correction.fit(every, spectra)

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        assert self._prior is not None
        assert self._correction is not None
        every = self._estimated(light_curves, ctx)
        posteriors = [self._prior.posterior(self._correction.apply(depths)) for depths in every]
        mu, sigma = (np.stack([p[i] for p in posteriors]) for i in range(2))
        return prediction(every, light_curves.wavelength, mu, sigma)

    def transit_fits(
        self, visits: tuple[LightCurves, ...], *, ctx: Context
    ) -> tuple[TransitFit, ...]:
        return transit_fits(visits, self.options, self._population)

    def save(self, folder: Path) -> None:
        assert self._prior is not None
        assert self._correction is not None
        arrays = {**self._prior.arrays(), "bias": self._correction.bias}
        if self._population is not None:
            arrays |= self._population.arrays()
        save_file(arrays, folder / _FILE)

    def load(self, folder: Path) -> None:
        arrays = load_file(folder / _FILE)
        self._population = Population.taken_from(arrays)
        self._correction = Correction(arrays.pop("bias"))
        self._prior = SpectrumPrior.from_arrays(arrays)

    def _estimated(self, light_curves: LightCurveSet, ctx: Context) -> tuple[PlanetDepths, ...]:
        return estimate_set(
            light_curves, options=self.options, ctx=ctx, population=self._population
        )


def prediction(every: Sequence[PlanetDepths], wavelength: F8, mu: F8, sigma: F8) -> Prediction:
    """Spectra ``mu, sigma [planet, wave]`` with the physics evidence behind them."""
    return Prediction(
        planet_ids=tuple(depths.planet_id for depths in every),
        wavelength=wavelength,
        mu=mu,
        sigma=sigma,
        planet_features=_columns([depths.features for depths in every]),
        bin_features=_columns([depths.bin_features for depths in every]),
    )


def _columns(rows: Sequence[dict[str, float]] | Sequence[dict[str, F8]]) -> dict[str, F8]:
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _spectra(training: Labelled) -> F8:
    if len(training.truth.planet_ids) < 2:
        raise TrainingError(
            f"{len(training.truth.planet_ids)} labelled planets are too few to learn from",
            hint="give at least two; some hundred make a good prior",
        )
    return training.truth.spectra
