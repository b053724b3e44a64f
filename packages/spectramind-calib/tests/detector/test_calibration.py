"""The two calibrations against each other, and against the simulator whose inverse they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectramind_calib.detector.calibration import NumpyCalibration
from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.simulator.observe import light_of, simulate_frames
from spectramind_calib.simulator.options import Effects, SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context
from spectramind_core.contracts import (
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Instrument,
    LightCurve,
    LightCurves,
    Observation,
    RawInstrument,
)
from spectramind_core.errors import DataError
from spectramind_core.testing import DetectorCalibrationTests

CTX = Context(seed=3)
NONE = dict.fromkeys(Effects.model_fields, False)
REAL_POLYNOMIAL = np.array([0.14, 0.9999, -6e-9, 1.2e-11, -6e-17, 1.3e-22])


class TestNumba(DetectorCalibrationTests):
    name = "numba"


class TestNumpy(DetectorCalibrationTests):
    name = "numpy"
    options: ClassVar[Mapping[str, Any]] = {"airs": {"extraction": "sum"}}


def observation(
    rng: np.random.Generator, rows: int, columns: int, frames: int, saturated: float = 0.0
) -> Observation:
    """Counts of any value, zero and saturated ones too, on a detector with every fault."""
    counts = rng.integers(400, 60_000, (frames, rows, columns)).astype(np.uint16)
    counts[0::2] = rng.integers(400, 2_000, counts[0::2].shape)
    extreme = rng.random(counts.shape)
    counts[extreme < 0.01], counts[extreme > 1 - saturated] = 0, 65_535
    linear = REAL_POLYNOMIAL[:, None, None] * np.ones((rows, columns))
    linear[1] *= 1 + 0.005 * rng.standard_normal((rows, columns))
    dead = rng.random((rows, columns)) < 0.05
    dead[:, 0] = False
    flat = rng.uniform(0.9, 1.1, (rows, columns))
    flat[dead] = rng.choice([np.nan, 0.0, -0.05])
    wavelength = np.linspace(4.0, 1.9, columns)
    raw = RawInstrument(
        instrument=Instrument.AIRS,
        frames=ArrayFrames(counts),
        adc=Adc(gain=0.4369, offset=-1000.0),
        calibration=CalibrationFrames(
            dark=rng.uniform(0, 0.1, (rows, columns)),
            flat=flat,
            read=rng.uniform(10, 20, (rows, columns)),
            dead=dead,
            linear_corr=linear,
        ),
        time=np.arange(frames) * 0.001,
        integration_time=np.resize([0.1, 4.6], frames),
        wavelength=wavelength,
        bin_columns=np.arange(columns)[::-1].copy(),
        bin_wavelength=wavelength[::-1],
    )
    return Observation(planet_id="7", airs=raw)


def curve(curves: LightCurves) -> LightCurve:
    assert curves.airs is not None
    return curves.airs


@given(
    seed=st.integers(0, 2**32 - 1),
    rows=st.integers(4, 12),
    columns=st.integers(3, 9),
    frames=st.integers(9, 60),
    linearity=st.booleans(),
    dark=st.booleans(),
    flat=st.booleans(),
    saturated=st.sampled_from([0.0, 0.001, 0.02]),
    extraction=st.sampled_from(["sum", "optimal"]),
)
@settings(max_examples=30, deadline=None)
def test_compiled_and_plain_agree_to_single_precision(
    seed: int,
    rows: int,
    columns: int,
    frames: int,
    saturated: float,
    extraction: str,
    **steps: bool,
) -> None:
    raw = observation(np.random.default_rng(seed), rows, columns, frames, saturated)
    # Such frames hold no star: a threshold or a background would be decided by rounding.
    options = CalibrationOptions(
        airs=InstrumentOptions.model_validate(
            {**steps, "extraction": extraction, "cosmic_rays": 0.0, "background": False}
        )
    )
    try:
        plain = curve(NumpyCalibration(options).calibrate(raw, ctx=CTX))
    except DataError as refused:
        with pytest.raises(DataError, match=re.escape(refused.what)):
            NumbaCalibration(options).calibrate(raw, ctx=CTX)
        return
    fast = curve(NumbaCalibration(options).calibrate(raw, ctx=CTX))
    np.testing.assert_array_equal(fast.valid, plain.valid)
    scale = np.abs(plain.flux[plain.valid]).max(initial=0.0) + 1e5
    np.testing.assert_allclose(fast.flux, plain.flux, rtol=0, atol=3e-6 * scale)
    np.testing.assert_allclose(fast.variance, plain.variance, rtol=1e-3, atol=1.0)
    assert fast.counts == plain.counts


def test_compiled_and_plain_agree_on_the_real_frames(real_folder: Any) -> None:
    from spectramind_calib.detector.ariel import ArielSource
    from spectramind_calib.detector.options import ArielOptions

    source = ArielSource(ArielOptions(root=str(real_folder)))
    raw = source.open(source.visits(ctx=CTX)[0], ctx=CTX)
    plain = NumpyCalibration(CalibrationOptions()).calibrate(raw, ctx=CTX)
    fast = NumbaCalibration(CalibrationOptions()).calibrate(raw, ctx=CTX)
    for a, b in ((fast.fgs1, plain.fgs1), (fast.airs, plain.airs)):
        assert a is not None
        assert b is not None
        np.testing.assert_allclose(a.flux, b.flux, rtol=1e-5, atol=0.02)
        assert a.counts == b.counts


def observed(effects: Mapping[str, bool], pairs: int = 16) -> tuple[Observation, Any, Any]:
    """A simulated visit with these effects alone, and the light that fell on it."""
    options = SimulatedOptions(
        planets=1, test_planets=0, pairs=pairs, effects=Effects.model_validate({**NONE, **effects})
    )
    planet = SimulatedSource(options)._planet("100001", CTX)
    fgs1, airs = (light_of(i, planet, options, CTX) for i in (Instrument.FGS1, Instrument.AIRS))
    return simulate_frames(planet, 0, options, CTX), fgs1, airs


def every_pair(*, background: bool) -> CalibrationOptions:
    """A time bin a pair, so that nothing averages an error away."""
    one = InstrumentOptions(
        time_bins=100_000, drop_last=0, extraction="sum", jitter=False, background=background
    )
    return CalibrationOptions(fgs1=one, airs=one)


@pytest.mark.parametrize(
    "effects",
    [
        {},
        {"dark": True},
        {"flat": True},
        {"linearity": True},
        {"reset": True},
        {"drift": True},
        {"background": True},
        {"dead": True},
        {"dark": True, "flat": True, "linearity": True, "reset": True, "background": True},
    ],
    ids=lambda effects: "+".join(effects) or "nothing",
)
def test_without_noise_the_light_comes_back_to_what_the_converter_rounds(
    effects: Mapping[str, bool],
) -> None:
    raw, _, light = observed(effects)
    options = every_pair(background=effects.get("background", False))
    found = curve(NumbaCalibration(options).calibrate(raw, ctx=CTX))
    assert raw.airs is not None
    assert raw.airs.bin_columns is not None
    truth = light.flux[:, raw.airs.bin_columns]
    # Each of 64 reads loses less than a count (2.3 electrons), uniformly: 5.3 electrons rms.
    rounding = np.sqrt(64 / 12) / 0.4369
    level = 40.0 if effects.get("background") else 0.0
    shape = found.flux / found.flux.mean(0) - truth / truth.mean(0)
    assert np.all(np.abs(shape) < 6 * rounding / truth + 1e-5)
    if not effects.get("dead"):
        assert np.all(np.abs(found.flux - truth) < 6 * rounding + level + 1e-5 * truth)


def test_what_is_switched_off_is_not_done() -> None:
    raw, _, light = observed({"linearity": True, "flat": True, "background": True})
    options = every_pair(background=True)
    good = curve(NumbaCalibration(options).calibrate(raw, ctx=CTX))
    for step in ("linearity", "flat", "background"):
        airs = options.airs.model_copy(update={step: False})
        without = curve(NumbaCalibration(CalibrationOptions(airs=airs)).calibrate(raw, ctx=CTX))
        assert raw.airs is not None
        truth = light.flux[:, raw.airs.bin_columns]
        assert np.abs(without.flux / truth - 1).mean() > 1.5 * np.abs(good.flux / truth - 1).mean()


def test_dead_rows_saturation_and_cosmic_rays_are_counted() -> None:
    raw, _, _ = observed({"cosmic_rays": True, "dead": True, "dark": True, "read_noise": True}, 64)
    found = NumbaCalibration(CalibrationOptions()).calibrate(raw, ctx=CTX)
    assert found.airs is not None
    assert raw.airs is not None
    assert found.airs.counts["dead"] == raw.airs.calibration.dead.sum()
    assert found.airs.counts["hot"] > 0
    assert found.airs.counts["saturated"] == 0
    assert found.airs.counts["cosmic_rays"] == found.airs.housekeeping["cosmic_rays"].sum()
    assert found.airs.counts["cosmic_rays"] > 0


def test_more_orders_than_the_kernel_takes_point_to_numpy() -> None:
    raw = observation(np.random.default_rng(1), 4, 3, 12)
    assert raw.airs is not None
    frames = raw.airs.calibration
    seven = frames.replace(linear_corr=np.concatenate([frames.linear_corr, np.zeros((1, 4, 3))]))
    longer = raw.replace(airs=raw.airs.replace(calibration=seven))
    off = CalibrationOptions(airs=InstrumentOptions(background=False))
    with pytest.raises(DataError, match="'numpy'"):
        NumbaCalibration(off).calibrate(longer, ctx=CTX)
    same = NumpyCalibration(off)
    assert same.calibrate(longer, ctx=CTX).digest() == same.calibrate(raw, ctx=CTX).digest()


def test_too_few_frames_are_refused() -> None:
    raw = observation(np.random.default_rng(1), 4, 3, 3)
    with pytest.raises(DataError, match=r"planet 7 visit 0 AIRS-CH0: .* too few"):
        NumpyCalibration(CalibrationOptions()).calibrate(raw, ctx=CTX)


@pytest.mark.slow
def test_the_stated_variance_is_the_scatter() -> None:
    """Pulls of a constant-light visit with every effect: centred, of unit width."""
    raw, fgs1, airs = observed(dict.fromkeys(NONE, True) | {"drift": False}, pairs=600)
    options = CalibrationOptions(
        fgs1=InstrumentOptions(time_bins=600), airs=InstrumentOptions(time_bins=600)
    )
    found = NumbaCalibration(options).calibrate(raw, ctx=CTX)
    for curve_, light, columns in (
        (found.airs, airs, raw.airs and raw.airs.bin_columns),
        (found.fgs1, fgs1, np.array([0])),
    ):
        assert curve_ is not None
        per_bin = light.hours.size // curve_.time.size
        times = curve_.time.size - 1
        truth = light.flux[: times * per_bin, columns]
        truth = truth.reshape(times, per_bin, -1).mean(1)
        ratio = curve_.flux[:times] / truth
        pull = (ratio / ratio.mean(0) - 1) * truth / np.sqrt(curve_.variance[:times])
        assert curve_.steps[-1].options["scatter_over_stated"] == pytest.approx(1.0, abs=0.08)
        assert abs(pull.mean()) < 0.15
        assert pull.std() == pytest.approx(1.0, abs=0.1)
