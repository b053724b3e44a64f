"""Bad data: too few planets, constant or vanishing residuals, dead bins, astray planets."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from spectramind_calib.uncertainty import options
from spectramind_calib.uncertainty.conformal import Conformal
from spectramind_calib.uncertainty.instance import Instance
from spectramind_calib.uncertainty.simultaneous import Simultaneous
from spectramind_calib.uncertainty.temperature import Temperature
from spectramind_core.components import Calibrator, Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.errors import DataError, StorageError
from spectramind_core.testing import synthetic


def sample(planets: int = 80, bins: int = 12, seed: int = 0) -> tuple[Prediction, Truth]:
    rng = np.random.default_rng(seed)
    truth = synthetic.truth(rng, planets, bins)
    return synthetic.prediction(rng, truth, error=2e-4, claimed=1e-4), truth


def test_too_few_planets_for_the_folds_are_refused_with_the_number_it_takes(ctx: Context) -> None:
    with pytest.raises(DataError, match="it takes about 20"):
        Instance(options.InstanceOptions()).fit(*sample(planets=2), ctx=ctx)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [("mu", np.nan, "mu"), ("sigma", 0.0, "sigma must be positive"), ("sigma", np.nan, "sigma")],
)
def test_a_bin_without_depth_or_error_is_refused_before_any_calibrator_sees_it(
    field: str, value: float, message: str
) -> None:
    prediction, _ = sample()
    broken = getattr(prediction, field).copy()
    broken[:, 4] = value
    with pytest.raises(ValidationError, match=message):
        prediction.replace(**{field: broken})


def test_a_bin_without_truth_is_refused() -> None:
    _, truth = sample()
    spectra = truth.spectra.copy()
    spectra[:, 4] = np.nan
    with pytest.raises(ValidationError, match="spectra"):
        truth.replace(spectra=spectra)


def test_an_astray_planet_does_not_decide_what_is_made_of_the_others_evidence(
    ctx: Context,
) -> None:
    """One planet is off by fifty sigma, for no reason that its evidence tells."""
    rng = np.random.default_rng(4)
    truth = synthetic.truth(rng, 300, 10)
    scale = np.exp(rng.normal(0, 0.5, 300))
    error = 1e-4 * scale[:, None] * rng.standard_normal((300, 10))
    error[np.argmin(scale)] *= 50
    prediction = synthetic.prediction(rng, truth).replace(
        mu=truth.spectra + error,
        sigma=np.full_like(error, 1e-4),
        planet_features={
            "scatter": scale,
            **{f"noise {i}": rng.normal(size=300) for i in range(5)},
        },
    )
    calibrator = Instance(options.InstanceOptions())
    calibrator.fit(prediction, truth, ctx=ctx)
    factor = calibrator.apply(prediction, ctx=ctx).sigma[:, 0]
    assert np.corrcoef(np.log(factor), np.log(scale))[0, 1] > 0.88  # by Gaussian likelihood: 0.77


CALIBRATORS: list[Any] = [
    Temperature(options.TemperatureOptions()),
    Temperature(options.TemperatureOptions(per="bin", floor=True)),
    Instance(options.InstanceOptions()),
    Conformal(options.ConformalOptions()),
    Conformal(options.ConformalOptions(pool="instrument")),
    Simultaneous(options.SimultaneousOptions()),
]


@pytest.mark.parametrize("calibrator", CALIBRATORS)
def test_evidence_that_is_missing_in_one_bin_or_for_one_planet_does_no_harm(
    calibrator: Calibrator, ctx: Context
) -> None:
    prediction, truth = sample()
    scatter = np.ones(prediction.mu.shape)
    scatter[:, 4], scatter[3] = np.nan, np.nan
    snr = prediction.planet_features["snr"].copy()
    snr[3] = np.nan
    gappy = prediction.replace(
        planet_features={**prediction.planet_features, "snr": snr},
        bin_features={**prediction.bin_features, "residual_scatter": scatter},
    )
    calibrator.fit(gappy, truth, ctx=ctx)
    assert np.isfinite(calibrator.apply(gappy, ctx=ctx).sigma).all()


@pytest.mark.parametrize(
    ("calibrator", "needed"),
    [
        (Conformal(options.ConformalOptions()), "19"),
        (Conformal(options.ConformalOptions(score="asymmetric")), "39"),
        (Simultaneous(options.SimultaneousOptions()), "19"),
    ],
)
def test_too_few_planets_are_refused_with_the_number_it_takes(
    calibrator: Calibrator, needed: str, ctx: Context
) -> None:
    prediction, truth = sample(planets=12)
    with pytest.raises(DataError, match=f"it takes {needed}"):
        calibrator.fit(prediction, truth, ctx=ctx)


def test_constant_residuals_in_a_bin_take_the_limits_of_all_bins_and_are_reported(
    ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    prediction, truth = sample()
    mu = prediction.mu.copy()
    mu[:, 4] = truth.spectra[:, 4]
    calibrator = Conformal(options.ConformalOptions())
    with caplog.at_level(logging.WARNING, logger="spectramind"):
        calibrator.fit(prediction.replace(mu=mu), truth, ctx=ctx)
    assert "1 bins have no usable residuals (first: bin 4)" in caplog.text
    after = calibrator.apply(prediction, ctx=ctx)
    assert after.intervals is not None
    assert (after.intervals.upper > after.intervals.lower).all()


@pytest.mark.parametrize(
    "calibrator",
    [
        Temperature(options.TemperatureOptions()),
        Temperature(options.TemperatureOptions(per="bin")),
        Conformal(options.ConformalOptions()),
        Instance(options.InstanceOptions()),
        Simultaneous(options.SimultaneousOptions()),
    ],
)
def test_residuals_of_zero_leave_sigma_and_intervals_sound_and_are_reported(
    calibrator: Calibrator, ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    prediction, truth = sample()
    perfect = prediction.replace(mu=truth.spectra)
    with caplog.at_level(logging.WARNING, logger="spectramind"):
        calibrator.fit(perfect, truth, ctx=ctx)
    assert caplog.records
    after = calibrator.apply(perfect, ctx=ctx)
    assert (after.sigma > 0).all()


def test_a_vanishing_sigma_in_one_bin_spoils_no_other(ctx: Context) -> None:
    prediction, truth = sample()
    sigma = prediction.sigma.copy()
    sigma[:, 3] = 1e-320
    calibrator = Conformal(options.ConformalOptions())
    calibrator.fit(prediction.replace(sigma=sigma), truth, ctx=ctx)
    clean = Conformal(options.ConformalOptions())
    clean.fit(prediction, truth, ctx=ctx)
    ours = calibrator.apply(prediction, ctx=ctx).sigma
    np.testing.assert_array_equal(
        np.delete(ours, 3, axis=1), np.delete(clean.apply(prediction, ctx=ctx).sigma, 3, axis=1)
    )


def test_another_grid_of_bins_is_refused(ctx: Context) -> None:
    prediction, truth = sample()
    calibrator = Temperature(options.TemperatureOptions())
    calibrator.fit(prediction, truth, ctx=ctx)
    with pytest.raises(DataError, match="fitted on 12 bins"):
        calibrator.apply(sample(bins=13)[0], ctx=ctx)


def test_a_damaged_state_is_refused(ctx: Context) -> None:
    (ctx.folder / "fit.json").write_text("{")
    with pytest.raises(StorageError, match="cannot read"):
        Temperature(options.TemperatureOptions()).load(ctx.folder)
