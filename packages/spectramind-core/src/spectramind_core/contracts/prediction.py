"""Spectra with their uncertainty: what an estimator says and a calibrator refines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import model_validator

from spectramind_core.arrays import F8, Along, Axes
from spectramind_core.contracts.base import Contract


class Intervals(Contract):
    """Lower and upper limits at several nominal coverages."""

    coverage: Annotated[F8, Axes("f8", "level")]
    """Nominal coverage of each level, in (0, 1), ascending."""
    lower: Annotated[F8, Axes("f8", "planet level wave", unit="(Rp/Rs)^2")]
    upper: Annotated[F8, Axes("f8", "planet level wave", unit="(Rp/Rs)^2")]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        inside = (self.coverage > 0) & (self.coverage < 1)
        if not inside.all() or np.any(np.diff(self.coverage) <= 0):
            raise ValueError("coverages must ascend strictly inside (0, 1)")
        if np.any(self.lower > self.upper):
            raise ValueError("a lower limit lies above its upper limit")
        return self

    def of(self, rows: Sequence[int]) -> Intervals:
        """The same limits for some planets, by row."""
        index = list(rows)
        return self.replace(lower=self.lower[index], upper=self.upper[index])


class Prediction(Contract):
    """Transmission spectra of N planets. HDF5 (docs/file-formats.md)."""

    planet_ids: Annotated[tuple[str, ...], Along("planet")]
    wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    mu: Annotated[F8, Axes("f8", "planet wave", unit="(Rp/Rs)^2")]
    """Transit depth."""
    sigma: Annotated[F8, Axes("f8", "planet wave", unit="(Rp/Rs)^2")]
    """Standard deviation of the depth; positive."""
    factors: Annotated[F8, Axes("f8", "planet rank wave", unit="(Rp/Rs)^2")] | None = None
    """Low-rank part of the covariance over bins: ``factors.T @ factors``, included in ``sigma``."""
    intervals: Intervals | None = None
    """Per-bin intervals, where a calibrator gave them."""
    bands: Intervals | None = None
    """Bands that hold for all bins of a planet at once, where a calibrator gave them."""
    latents: Annotated[F8, Axes("f8", "planet latent")] | None = None
    """The estimator's inner representation of each planet, for diagnosis."""
    planet_features: Annotated[dict[str, F8], Axes("f8", "planet", finite=False)] = {}
    """Evidence per planet by name: signal to noise, fit residual, visits, stellar temperature."""
    bin_features: Annotated[dict[str, F8], Axes("f8", "planet wave", finite=False)] = {}
    """Evidence per planet and bin by name: physics depth and error, residual scatter."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if len(set(self.planet_ids)) != len(self.planet_ids):
            raise ValueError("a planet appears twice")
        if not np.all(self.sigma > 0):
            raise ValueError("sigma must be positive everywhere")
        return self

    def of(self, planet_ids: Sequence[str]) -> Prediction:
        """The same prediction for some planets, in the order asked.

        Raises
        ------
        KeyError
            If a planet is not in this prediction.
        """
        row = {planet: i for i, planet in enumerate(self.planet_ids)}
        rows = [row[planet] for planet in planet_ids]
        return self.replace(
            planet_ids=tuple(planet_ids),
            mu=self.mu[rows],
            sigma=self.sigma[rows],
            factors=None if self.factors is None else self.factors[rows],
            intervals=None if self.intervals is None else self.intervals.of(rows),
            bands=None if self.bands is None else self.bands.of(rows),
            latents=None if self.latents is None else self.latents[rows],
            planet_features={k: v[rows] for k, v in self.planet_features.items()},
            bin_features={k: v[rows] for k, v in self.bin_features.items()},
        )
