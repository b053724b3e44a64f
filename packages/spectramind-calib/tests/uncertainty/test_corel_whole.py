"""Corel as a whole: what it learns, what it writes, what it refuses."""

from __future__ import annotations

import csv
import sys
from dataclasses import replace

import numpy as np
import pytest

from spectramind_calib.uncertainty.corel.calibrator import Corel
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_core.calibration_metrics import limits, winkler
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.errors import DataError, PluginError
from spectramind_core.testing import synthetic

pytest.importorskip("torch_geometric")

SMALL = CorelOptions(folds=3, members=1, epochs=40, width=12, neighbours=4)


def planets(count: int, seed: int, bins: int = 16) -> tuple[Prediction, Truth]:
    """Sigma knows nothing of a planet's true scale; a feature knows it. Errors are shared."""
    rng = np.random.default_rng(seed)
    truth = synthetic.truth(rng, count, bins)
    scale = np.exp(rng.normal(0, 0.7, (count, 1)))
    noise = rng.standard_normal((count, bins)) + rng.standard_normal((count, 1))
    prediction = Prediction(
        planet_ids=truth.planet_ids,
        wavelength=truth.wavelength,
        mu=truth.spectra + 1e-4 * scale * noise,
        sigma=np.full((count, bins), 1e-4),
        planet_features={"scatter": scale[:, 0]},
        bin_features={"missing": np.full((count, bins), np.nan)},
    )
    return prediction, truth


@pytest.fixture
def fitted(ctx: Context) -> Corel:
    calibrator = Corel(SMALL)
    calibrator.fit(*planets(150, 1), ctx=ctx)
    return calibrator


def test_its_intervals_are_better_than_the_best_that_ignore_evidence(
    fitted: Corel, ctx: Context
) -> None:
    prediction, truth = planets(300, 2)
    after = fitted.apply(prediction, ctx=ctx)
    error = np.abs(truth.spectra - prediction.mu)
    constant = np.quantile(error, 0.9, axis=0)  # of the very planets it is judged on
    ideal = winkler(prediction.mu - constant, prediction.mu + constant, truth.spectra, 0.9)
    assert winkler(*limits(after, 0.9), truth.spectra, 0.9).mean() < 0.9 * ideal.mean()


def test_higher_levels_hold_lower_ones(fitted: Corel, ctx: Context) -> None:
    found = fitted.apply(planets(50, 3)[0], ctx=ctx).intervals
    assert found is not None
    assert (np.diff(found.lower, axis=1) <= 0).all()
    assert (np.diff(found.upper, axis=1) >= 0).all()


def test_its_tables_tell_coverage_before_and_after(fitted: Corel, ctx: Context) -> None:
    with (ctx.folder / "coverage.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 16 * 4
    for row in rows:
        delta = float(row["coverage_after"]) - float(row["level"])
        assert float(row["delta_after"]) == pytest.approx(delta, abs=1e-5)
    with (ctx.folder / "summary.csv").open() as file:
        steps = {(row["step"], row["level"]): row for row in csv.DictReader(file)}
    assert abs(float(steps["after", "0.9"]["delta"])) < 0.06
    assert float(steps["after", "0.9"]["winkler_ppm"]) < float(
        steps["before", "0.9"]["winkler_ppm"]
    )
    with (ctx.folder / "pit.csv").open() as file:
        shares = [float(row["share_after"]) for row in csv.DictReader(file)]
    assert sum(shares) == pytest.approx(1, abs=1e-4)
    with (ctx.folder / "edges.csv").open() as file:
        assert sum(float(row["weight"]) for row in csv.DictReader(file)) == pytest.approx(16, 1e-3)


def test_an_all_nan_feature_is_reported_and_not_used(
    ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    calibrator = Corel(SMALL.model_copy(update={"epochs": 1}))
    with caplog.at_level("WARNING", logger="spectramind"):
        calibrator.fit(*planets(60, 1), ctx=replace(ctx, device="auto"))
    assert "'missing' is NaN everywhere" in caplog.text


def test_residuals_of_zero_in_a_bin_and_everywhere_leave_it_sound(
    ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    prediction, truth = planets(60, 1)
    options = SMALL.model_copy(update={"epochs": 2, "correction": "bin"})
    for some in (slice(3, 4), slice(None)):
        mu = prediction.mu.copy()
        mu[:, some] = truth.spectra[:, some]
        calibrator = Corel(options)
        calibrator.fit(prediction.replace(mu=mu), truth, ctx=ctx)
        after = calibrator.apply(prediction, ctx=ctx)
        assert (after.sigma > 0).all()


def test_too_few_planets_are_refused_with_the_number_it_takes(ctx: Context) -> None:
    with pytest.raises(DataError, match="it takes 19"):
        Corel(SMALL).fit(*planets(12, 1), ctx=ctx)


def test_without_torch_geometric_it_says_what_to_install(
    ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_geometric.nn.dense", None)
    for name in ("network", "training", "ensemble"):
        monkeypatch.delitem(
            sys.modules, f"spectramind_calib.uncertainty.corel.{name}", raising=False
        )
    import spectramind_calib.uncertainty.corel as room

    monkeypatch.delattr(room, "ensemble", raising=False)
    with pytest.raises(PluginError, match=r"spectramind-calib\[corel\]"):
        Corel(SMALL).fit(*planets(60, 1), ctx=ctx)
