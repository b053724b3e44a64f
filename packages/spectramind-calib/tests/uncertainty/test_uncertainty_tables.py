"""Every figure that calibration leaves in tables and JSON, counted anew planet by planet."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate
from scipy.stats import norm

from spectramind_calib.uncertainty.assessment import write_comparison
from spectramind_calib.uncertainty.conformal import Conformal
from spectramind_calib.uncertainty.options import ConformalOptions
from spectramind_core.calibration_metrics import assess
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.testing import synthetic

LEVELS = (0.5, 0.68, 0.9, 0.95)
BINS, PLANETS = 5, 100


@pytest.fixture
def compared(ctx: Context) -> tuple[Prediction, Prediction, Truth]:
    """A Gaussian prediction and one with intervals of its own, and their tables in ctx.folder."""
    rng = np.random.default_rng(5)
    truth = synthetic.truth(rng, PLANETS, BINS)
    before = synthetic.prediction(rng, truth, error=2e-4, claimed=1e-4)
    calibrator = Conformal(ConformalOptions(score="asymmetric"))
    calibrator.fit(before, truth, ctx=ctx)
    after = calibrator.apply(before, ctx=ctx)
    write_comparison(ctx.folder, before, after, truth, LEVELS)
    return before, after, truth


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open() as file:
        return list(csv.DictReader(file))


def limits(prediction: Prediction, planet: int, level: float, wave: int) -> tuple[float, float]:
    if prediction.intervals is None:
        return norm.interval(level, prediction.mu[planet, wave], prediction.sigma[planet, wave])
    i = LEVELS.index(level)
    return prediction.intervals.lower[planet, i, wave], prediction.intervals.upper[planet, i, wave]


def interval_score(lower: float, upper: float, y: float, level: float) -> float:
    """Gneiting & Raftery 2007, equation 43, case by case."""
    if y < lower:
        return upper - lower + 2 / (1 - level) * (lower - y)
    if y > upper:
        return upper - lower + 2 / (1 - level) * (y - upper)
    return upper - lower


def counted(prediction: Prediction, truth: Truth, level: float, wave: int) -> tuple[float, ...]:
    """Coverage, width and Winkler score of a bin, the latter two in ppm."""
    inside, width, score = 0, 0.0, 0.0
    for planet, y in enumerate(truth.spectra[:, wave]):
        lower, upper = limits(prediction, planet, level, wave)
        inside += lower <= y <= upper
        width += 1e6 * (upper - lower)
        score += 1e6 * interval_score(lower, upper, y, level)
    return inside / PLANETS, width / PLANETS, score / PLANETS


def test_each_bins_coverage_width_and_winkler_score(
    compared: tuple[Prediction, Prediction, Truth], ctx: Context
) -> None:
    before, after, truth = compared
    found = {(float(r["level"]), int(r["bin"])): r for r in rows(ctx.folder, "coverage.csv")}
    assert len(found) == len(LEVELS) * BINS
    for (level, wave), row in found.items():
        assert float(row["wavelength_micron"]) == pytest.approx(truth.wavelength[wave], rel=1e-5)
        for step, prediction in (("before", before), ("after", after)):
            coverage, width, score = counted(prediction, truth, level, wave)
            assert float(row[f"coverage_{step}"]) == pytest.approx(coverage, rel=1e-5)
            assert float(row[f"delta_{step}"]) == pytest.approx(coverage - level, abs=1e-6)
            assert float(row[f"width_ppm_{step}"]) == pytest.approx(width, rel=1e-5)
            assert float(row[f"winkler_ppm_{step}"]) == pytest.approx(score, rel=1e-5)


def test_the_summary_is_the_mean_over_bins_with_the_crps(
    compared: tuple[Prediction, Prediction, Truth], ctx: Context
) -> None:
    before, after, truth = compared
    found = {(float(r["level"]), r["step"]): r for r in rows(ctx.folder, "summary.csv")}
    assert len(found) == 2 * len(LEVELS)
    for step, prediction in (("before", before), ("after", after)):
        crps = np.mean(
            [
                _crps(prediction.mu[p, b], prediction.sigma[p, b], truth.spectra[p, b])
                for p in range(PLANETS)
                for b in range(BINS)
            ]
        )
        for level in LEVELS:
            row = found[level, step]
            bins = [counted(prediction, truth, level, wave) for wave in range(BINS)]
            coverage, width, score = np.mean(bins, axis=0)
            assert float(row["coverage"]) == pytest.approx(coverage, rel=1e-5)
            assert float(row["delta"]) == pytest.approx(coverage - level, abs=1e-6)
            assert float(row["width_ppm"]) == pytest.approx(width, rel=1e-5)
            assert float(row["winkler_ppm"]) == pytest.approx(score, rel=1e-5)
            assert float(row["crps_ppm"]) == pytest.approx(1e6 * crps, rel=1e-4)


def _crps(mu: float, sigma: float, y: float) -> float:
    """Its defining integral, in units of sigma where it is well scaled."""
    z = (y - mu) / sigma
    below = integrate.quad(lambda x: norm.cdf(x) ** 2, -12, z)[0]
    above = integrate.quad(lambda x: norm.sf(x) ** 2, z, 12)[0]
    return float(sigma * (below + above))


def test_the_pit_histogram(compared: tuple[Prediction, Prediction, Truth], ctx: Context) -> None:
    before, after, truth = compared
    found = rows(ctx.folder, "pit.csv")
    for step, prediction in (("before", before), ("after", after)):
        values = norm.cdf(truth.spectra, prediction.mu, prediction.sigma)
        for row in found:
            low, high = float(row["from"]), float(row["to"])
            share = np.mean((low <= values) & ((values < high) | (high == 1)))
            assert float(row[f"share_{step}"]) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize("step", ["before", "after"])
def test_what_the_run_writes_of_each_step(
    compared: tuple[Prediction, Prediction, Truth], step: str
) -> None:
    """``calibration/<step>.json`` holds this assessment."""
    before, after, truth = compared
    prediction = before if step == "before" else after
    found = assess(prediction, truth)
    assert found["planets"] == PLANETS
    depth = np.median(prediction.mu, axis=1)
    deep = np.flatnonzero(depth > np.quantile(depth, 2 / 3))
    for level in LEVELS:
        got = found["levels"][str(level)]
        bins = np.array([counted(prediction, truth, level, wave) for wave in range(BINS)])
        np.testing.assert_allclose(got["per_bin"], bins[:, 0])
        assert got["coverage"] == pytest.approx(bins[:, 0].mean())
        assert got["fgs1"] == pytest.approx(bins[0, 0])
        assert got["airs"] == pytest.approx(bins[1:, 0].mean())
        assert got["width_ppm"] == pytest.approx(bins[:, 1].mean())
        assert got["winkler_ppm"] == pytest.approx(bins[:, 2].mean())
        held = 0
        for planet in deep:
            for wave in range(BINS):
                lower, upper = limits(prediction, planet, level, wave)
                held += lower <= truth.spectra[planet, wave] <= upper
        assert got["strata"]["depth: high"] == pytest.approx(held / (deep.size * BINS))
    values = norm.cdf(truth.spectra, prediction.mu, prediction.sigma)
    counts = np.bincount(np.minimum((values * 20).astype(int), 19).ravel(), minlength=20)
    np.testing.assert_allclose(found["pit"], counts / values.size)
    planets, waves = range(PLANETS), range(BINS)
    crps = [
        _crps(prediction.mu[p, b], prediction.sigma[p, b], truth.spectra[p, b])
        for p in planets
        for b in waves
    ]
    assert found["crps_ppm"] == pytest.approx(1e6 * np.mean(crps), rel=1e-5)
