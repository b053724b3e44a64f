"""How well uncertainty keeps its promises: coverage, width, Winkler score, CRPS, PIT.

All functions are plain numpy over ``[planet, wave]`` arrays, so that calibrators, the runner and
diagnostics judge by the same numbers.

References
----------
Gneiting & Raftery 2007, "Strictly proper scoring rules, prediction, and estimation", JASA 102, 359
(eq. 21: CRPS of a Gaussian; eq. 43: interval score, also known as Winkler 1972).
Dawid 1984, "Statistical theory: the prequential approach", JRSS A 147, 278 (PIT).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist
from typing import Any

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import Prediction, Truth

LEVELS = (0.5, 0.68, 0.9, 0.95)
"""Nominal coverages that are reported."""

SMALLEST_STRATUM = 30
"""Planets that a stratum needs for its coverage to be stated.

Bins of a planet err together, so that planets count and not values. The share of a planet's bins
that its interval holds scatters by about 0.28 at 50 and 68 % (docs/uncertainty.md, "What sampling
allows"): coverage in 30 planets has a standard error of 0.28 / sqrt(30) = 5 %, which is as far as a
stratum is asked to be from nominal at most; in 3 planets, of 16 %.
"""

PIT_BINS = 20

_erf = np.frompyfunc(math.erf, 1, 1)


def normal_cdf(z: F8) -> F8:
    """Standard normal distribution function, elementwise, to double precision."""
    erf = np.asarray(_erf(np.asarray(z, float) / math.sqrt(2)), float)
    result: F8 = 0.5 * (1 + erf)
    return result


def half_width(coverage: float) -> float:
    """How many sigmas either side of a Gaussian's mean hold `coverage` of it."""
    return NormalDist().inv_cdf(0.5 + coverage / 2)


def limits(prediction: Prediction, coverage: float) -> tuple[F8, F8]:
    """Central interval ``[planet, wave]`` of a coverage: own if given, else Gaussian."""
    own = prediction.intervals
    if own is not None and (index := np.flatnonzero(np.isclose(own.coverage, coverage))).size:
        return own.lower[:, index[0]], own.upper[:, index[0]]
    width = half_width(coverage) * prediction.sigma
    return prediction.mu - width, prediction.mu + width


def covered(lower: F8, upper: F8, truth: F8) -> Bool:
    """Which truths lie within their limits, ends included."""
    result: Bool = (lower <= truth) & (truth <= upper)
    return result


def winkler(lower: F8, upper: F8, truth: F8, coverage: float) -> F8:
    """Interval score: width plus ``2 / alpha`` times the miss; smaller is better. (Rp/Rs)^2."""
    alpha = 1 - coverage
    miss = np.maximum(lower - truth, 0) + np.maximum(truth - upper, 0)
    result: F8 = upper - lower + 2 / alpha * miss
    return result


def crps(mu: F8, sigma: F8, truth: F8) -> F8:
    """Continuous ranked probability score of a Gaussian; smaller is better. (Rp/Rs)^2."""
    z = (truth - mu) / sigma
    density = np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    result: F8 = sigma * (z * (2 * normal_cdf(z) - 1) + 2 * density - 1 / math.sqrt(math.pi))
    return result


def pit(mu: F8, sigma: F8, truth: F8) -> F8:
    """Probability integral transform: uniform on [0, 1] if the Gaussian is right."""
    return normal_cdf((truth - mu) / sigma)


def strata(prediction: Prediction, smallest: int = SMALLEST_STRATUM) -> dict[str, Bool]:
    """Groups of planets ``[planet]`` by thirds of depth and of every planet feature that varies.

    Parameters
    ----------
    prediction
        Depth is the median of ``mu``. Planets without a finite feature are in none of its groups.
    smallest
        Smaller groups are left out; at least 1. Equal values stay together, so that a group may be
        far from a third; one that would be all planets is left out.

    Returns
    -------
    dict
        The lowest and the highest third, by ``"<feature>: low"`` and ``"<feature>: high"``.
    """
    found: dict[str, Bool] = {}
    values = {"depth": np.median(prediction.mu, axis=1), **prediction.planet_features}
    for name, value in values.items():
        usable = np.isfinite(value)
        if not usable.any():
            continue
        low, high = np.quantile(value[usable], [1 / 3, 2 / 3])
        thirds = {"low": usable & (value <= low), "high": usable & (value > high)}
        for third, group in thirds.items():
            if smallest <= group.sum() < usable.sum():
                found[f"{name}: {third}"] = group
    return found


def assess(prediction: Prediction, truth: Truth) -> dict[str, Any]:
    """Everything above as plain numbers, ready for JSON.

    Parameters
    ----------
    prediction, truth
        The same planets in the same order.

    Returns
    -------
    dict
        ``levels`` (coverage overall, per bin, per instrument, per stratum, mean width and Winkler
        score, by nominal coverage), ``crps_ppm``, ``pit`` (histogram over 20 bins), ``planets``,
        ``strata`` (planets of each) and ``smallest_stratum`` (planets that one needs to be there).
    """
    y = truth.spectra
    groups = strata(prediction)
    histogram, _ = np.histogram(
        pit(prediction.mu, prediction.sigma, y), bins=PIT_BINS, range=(0, 1)
    )
    return {
        "planets": len(truth.planet_ids),
        "strata": {name: int(group.sum()) for name, group in groups.items()},
        "smallest_stratum": SMALLEST_STRATUM,
        "levels": {str(level): _level(prediction, y, level, groups) for level in LEVELS},
        "crps_ppm": float(crps(prediction.mu, prediction.sigma, y).mean() * 1e6),
        "pit": (histogram / histogram.sum()).tolist(),
        "simultaneous": _bands(prediction, y),
    }


def _level(
    prediction: Prediction, truth: F8, coverage: float, groups: Mapping[str, Bool]
) -> dict[str, Any]:
    lower, upper = limits(prediction, coverage)
    inside = covered(lower, upper, truth)
    return {
        "coverage": float(inside.mean()),
        "fgs1": float(inside[:, 0].mean()),
        "airs": float(inside[:, 1:].mean()) if inside.shape[1] > 1 else None,
        "per_bin": inside.mean(0).tolist(),
        "strata": {name: float(inside[group].mean()) for name, group in groups.items()},
        "width_ppm": float((upper - lower).mean() * 1e6),
        "winkler_ppm": float(winkler(lower, upper, truth, coverage).mean() * 1e6),
    }


def _bands(prediction: Prediction, truth: F8) -> dict[str, float]:
    """Share of planets whose whole spectrum lies in its band, by nominal coverage."""
    bands = prediction.bands
    if bands is None:
        return {}
    return {
        str(float(level)): float(
            covered(bands.lower[:, i], bands.upper[:, i], truth).all(axis=1).mean()
        )
        for i, level in enumerate(bands.coverage)
    }
