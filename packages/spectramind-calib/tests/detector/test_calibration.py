"""The two calibrations against each other, and against the simulator whose inverse they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectramind_calib.detector import adc
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


def star(rng: np.random.Generator, instrument: Instrument, size: int, pairs: int) -> RawInstrument:
    """A star on a trembling detector with background, cosmic rays, hot, dead and full pixels."""
    spectral = instrument is Instrument.AIRS
    rows, columns = size, (9 if spectral else size)
    centre = (size - 1) / 2 + 0.05 * rng.standard_normal((2, pairs))
    row = np.exp(-0.5 * ((np.arange(size)[:, None] - centre[0]) / 1.3) ** 2)
    column = np.exp(-0.5 * ((np.arange(size)[:, None] - centre[1]) / 1.3) ** 2)
    across = np.geomspace(4e3, 6e4, 9)[:, None] if spectral else 8e4 * column
    light = row[:, None] * across / 11 + 13.0
    noise = np.sqrt(light + 2 * 13.0**2) * rng.standard_normal(light.shape)
    hits = rng.random(light.shape) < 1e-3
    reads = np.empty((rows, columns, 2 * pairs))
    reads[..., 0::2] = 200 + 25 * rng.standard_normal(light.shape)
    reads[..., 1::2] = reads[..., 0::2] + light + noise + 2e4 * hits
    full, empty = rng.random((2, *reads.shape)) < [[[[2e-4]]], [[[1e-3]]]]
    reads[full], reads[empty & (reads < 500)] = 1e6, -1e6
    dead, hot = rng.random((2, rows, columns)) < 0.02
    flat = rng.uniform(0.95, 1.05, (rows, columns))
    flat[dead] = rng.choice([np.nan, 0.0, -1.0])
    linear = REAL_POLYNOMIAL[:, None, None] * rng.uniform(0.99, 1.01, (1, rows, columns))
    wavelength = np.linspace(4.0, 1.9, columns)
    seconds = (0.1, 4.6) if spectral else (0.1, 0.2)
    return RawInstrument(
        instrument=instrument,
        frames=ArrayFrames(np.moveaxis(adc.apply(reads, 0.4369, -1000.0), -1, 0)),
        adc=Adc(gain=0.4369, offset=-1000.0),
        calibration=CalibrationFrames(
            dark=np.where(hot, 9.0, rng.uniform(0, 0.01, (rows, columns))),
            flat=flat,
            read=rng.uniform(10, 20, (rows, columns)),
            dead=dead,
            linear_corr=linear,
        ),
        time=np.arange(2.0 * pairs) * 0.001,
        integration_time=np.resize(seconds, 2 * pairs),
        wavelength=wavelength if spectral else None,
        bin_columns=np.arange(columns)[::-1].copy() if spectral else None,
        bin_wavelength=wavelength[::-1] if spectral else np.array([0.7]),
    )


@given(
    seed=st.integers(0, 2**32 - 1),
    instrument=st.sampled_from(list(Instrument)),
    size=st.integers(14, 24),
    pairs=st.integers(3, 90),
    extraction=st.sampled_from(["sum", "optimal"]),
    mask_hot=st.booleans(),
    jitter_width=st.booleans(),
    cosmic_rays=st.sampled_from([0.0, 12.0]),
    time_bins=st.integers(2, 40),
    drop_first=st.integers(0, 2),
)
@settings(max_examples=40, deadline=None)
def test_compiled_and_plain_agree_on_a_star_with_every_step_on(
    seed: int, instrument: Instrument, size: int, pairs: int, **options: object
) -> None:
    raw = star(np.random.default_rng(seed), instrument, size, pairs)
    name = "airs" if instrument is Instrument.AIRS else "fgs1"
    visit = Observation.model_validate({"planet_id": "7", name: raw})
    chosen = CalibrationOptions.model_validate({name: {"drop_last": 0, **options}})
    try:
        plain = getattr(NumpyCalibration(chosen).calibrate(visit, ctx=CTX), name)
    except DataError as refused:
        with pytest.raises(DataError, match=re.escape(refused.what)):
            NumbaCalibration(chosen).calibrate(visit, ctx=CTX)
        return
    fast = getattr(NumbaCalibration(chosen).calibrate(visit, ctx=CTX), name)
    np.testing.assert_array_equal(fast.valid, plain.valid)
    np.testing.assert_allclose(fast.flux, plain.flux, rtol=1e-5, atol=0.05)
    np.testing.assert_allclose(fast.variance, plain.variance, rtol=1e-4)
    assert fast.counts == plain.counts
    assert fast.calibration_errors.keys() == plain.calibration_errors.keys()
    for cause, error in fast.calibration_errors.items():
        np.testing.assert_allclose(error, plain.calibration_errors[cause], rtol=1e-3, atol=1e-9)
    for series in ("background", "centroid_row", "width_column", "cosmic_rays"):
        np.testing.assert_allclose(
            fast.housekeeping[series], plain.housekeeping[series], rtol=1e-4, atol=1e-4
        )


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
    slow_or_common = {"drift": False, "common_mode": False}
    raw, fgs1, airs = observed(dict.fromkeys(NONE, True) | slow_or_common, pairs=600)
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
