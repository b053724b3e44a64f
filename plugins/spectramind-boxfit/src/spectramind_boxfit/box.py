"""The estimator `box`: a transit as a box, its depth from weighted means.

References
----------
Kovács, Zucker & Mazeh 2002, "A box-fitting algorithm in the search for periodic transits",
A&A 391, 369 (eqs. 3-5, for a single event).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context, Labelled
from spectramind_core.contracts import LightCurve, LightCurves, LightCurveSet, Prediction

if TYPE_CHECKING:
    from spectramind_boxfit.plugin import BoxOptions

WIDTHS = np.linspace(1.0, 4.0, 13)
"""Widths of the box that are tried, hours."""


class BoxEstimator:
    """Finds where the box fits white light best, then takes each bin's depth with its error."""

    def __init__(self, options: BoxOptions) -> None:
        self._floor = options.floor
        self._prior = 0.0

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        """Learns one number: the mean depth, for bins without any light."""
        if len(training.light_curves):
            self._prior = float(training.truth.spectra.mean())

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        """One row per planet; visits are averaged by inverse variance."""
        rows = [self._planet(visits, light_curves.wavelength.size) for visits in light_curves]
        mu, sigma = (np.array(part) for part in zip(*rows, strict=True))
        return Prediction(
            planet_ids=light_curves.planet_ids,
            wavelength=light_curves.wavelength,
            mu=mu,
            sigma=sigma,
        )

    def save(self, folder: Path) -> None:
        """Write the mean depth."""
        (folder / "box.json").write_text(json.dumps({"prior": self._prior}))

    def load(self, folder: Path) -> None:
        """Take up what `save` wrote."""
        self._prior = json.loads((folder / "box.json").read_text())["prior"]

    def _planet(self, visits: tuple[LightCurves, ...], bins: int) -> tuple[F8, F8]:
        depth, weight = np.zeros(bins), np.zeros(bins)
        for visit in visits:
            for curve, where in ((visit.fgs1, slice(0, 1)), (visit.airs, slice(1, None))):
                if curve is not None:
                    found, variance = depths(curve)
                    depth[where] += found / variance
                    weight[where] += 1 / variance
        known = weight > 1e-6
        mu = np.where(known, depth / np.where(known, weight, 1.0), self._prior)
        sigma = np.where(known, 1 / np.sqrt(np.where(known, weight, 1.0)), 0.01)
        return mu, np.maximum(sigma, self._floor)


def depths(curve: LightCurve) -> tuple[F8, F8]:
    """Depth ``[wave]`` of the best box and its variance; infinite where there is no light."""
    inside = best_box(curve)
    weight = np.where(curve.valid, 1 / np.where(curve.valid, curve.variance, 1.0), 0.0)
    flux = np.where(curve.valid, curve.flux, 0.0)
    mean, variance = [], []
    for part in (inside, ~inside):
        total = weight[part].sum(0)
        safe = np.where(total > 0, total, 1.0)
        mean.append((weight[part] * flux[part]).sum(0) / safe)
        variance.append(np.where(total > 0, 1 / safe, np.inf))
    level = np.where(mean[1] > 0, mean[1], 1.0)
    spread = (variance[0] + variance[1]) / level**2
    return 1 - mean[0] / level, np.where(np.isfinite(spread), spread, 1e12)


def best_box(curve: LightCurve) -> Bool:
    """Samples ``[time]`` inside the box that explains most of the white light's variance."""
    usable = np.where(curve.valid, curve.flux, 0.0)
    norm = np.where(curve.valid, 1.0, 0.0) * np.where(curve.valid, curve.flux, 0.0).max(0)
    white = usable.sum(1) / np.maximum(norm.sum(1), 1e-12)
    white = white - white.mean()
    best: Bool = curve.time > curve.time.mean()
    gain = -np.inf
    for width in WIDTHS:
        for centre in curve.time[:: max(1, curve.time.size // 75)]:
            inside = np.abs(curve.time - centre) < width / 2
            share = inside.mean()
            if not 0.02 < share < 0.9:
                continue
            depth = white[~inside].mean() - white[inside].mean()
            explained = np.sign(depth) * depth**2 * share * (1 - share)
            if explained > gain:
                best, gain = inside, explained
    return best
