"""Ramps that reach the converter's limit, and ramps dropped at either end of a visit."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_calib.detector import adc
from spectramind_calib.detector.calibration import NumpyCalibration
from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_core.components import Context
from spectramind_core.contracts import (
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Instrument,
    LightCurve,
    Observation,
    RawInstrument,
)
from spectramind_core.errors import DataError

CTX = Context(seed=3)
PAIRS, ROWS, COLUMNS = 800, 8, 5
LIGHT = np.outer([1, 20, 200, 400, 300, 60, 5, 1], [80, 90, 100, 110, 120]).astype(float)
BOTH = pytest.mark.parametrize("calibration", [NumbaCalibration, NumpyCalibration])


def counts(seed: int = 1) -> np.ndarray:
    """``[frame, row, column]``: a steady star with photon and read noise."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((PAIRS, ROWS, COLUMNS)) * np.sqrt(LIGHT + 2 * 13.0**2)
    reads = np.empty((2 * PAIRS, ROWS, COLUMNS), np.uint16)
    reads[0::2] = adc.apply(np.full(noise.shape, 1000.0), 0.4369, -1000.0)
    reads[1::2] = adc.apply(1000.0 + LIGHT + noise, 0.4369, -1000.0)
    return reads


def observed(frames: np.ndarray) -> Observation:
    ones = np.ones((ROWS, COLUMNS))
    wavelength = np.linspace(4.0, 1.9, COLUMNS)
    raw = RawInstrument(
        instrument=Instrument.AIRS,
        frames=ArrayFrames(frames),
        adc=Adc(gain=0.4369, offset=-1000.0),
        calibration=CalibrationFrames(
            dark=0 * ones,
            flat=ones,
            read=13 * ones,
            dead=ones < 0,
            linear_corr=np.array([0.0, 1.0])[:, None, None] * ones,
        ),
        time=np.arange(len(frames)) * 0.001,
        integration_time=np.resize([0.1, 4.6], len(frames)),
        wavelength=wavelength,
        bin_columns=np.arange(COLUMNS)[::-1].copy(),
        bin_wavelength=wavelength[::-1],
    )
    return Observation(planet_id="7", airs=raw)


def calibrated(calibration: type, frames: np.ndarray, **options: object) -> LightCurve:
    chosen = InstrumentOptions.model_validate(
        {"background": False, "jitter": False, "time_bins": 10, "drop_last": 0, **options}
    )
    found = calibration(CalibrationOptions(airs=chosen)).calibrate(observed(frames), ctx=CTX).airs
    assert found is not None
    return found


@BOTH
@pytest.mark.parametrize("extraction", ["optimal", "sum"])
def test_a_saturated_ramp_is_left_out_of_its_bin_alone(calibration: type, extraction: str) -> None:
    clean, struck = counts(), counts()
    struck[2 * 405 + 1, 3, 2] = adc.FULL_SCALE
    good = calibrated(calibration, clean, extraction=extraction)
    found = calibrated(calibration, struck, extraction=extraction)
    wave = COLUMNS - 1 - 2
    assert found.counts["saturated"] == found.counts["lost_to_saturation"] == 1
    assert found.counts["saturated_pixels"] == 0
    assert found.valid.all()
    # One ramp of 80 fewer: variance as much larger, and the flux moves within its error.
    assert found.variance[5, wave] / good.variance[5, wave] == pytest.approx(80 / 79, rel=1e-3)
    assert found.flux[5, wave] != good.flux[5, wave]
    assert abs(found.flux[5, wave] - good.flux[5, wave]) < np.sqrt(good.variance[5, wave])
    others = np.ones(found.flux.shape, bool)
    others[5, wave] = False
    np.testing.assert_allclose(found.flux[others], good.flux[others], rtol=1e-4)


@BOTH
def test_a_bin_of_saturated_ramps_alone_is_invalid(calibration: type) -> None:
    frames = counts()
    frames[2 * 60 + 1 : 2 * 64 : 2, 3, 2] = adc.FULL_SCALE
    found = calibrated(calibration, frames, time_bins=400)
    wave = COLUMNS - 1 - 2
    assert not found.valid[30:32, wave].any()
    assert found.valid.sum() == found.valid.size - 2
    assert found.counts["lost_to_saturation"] == 4


@BOTH
@pytest.mark.parametrize("extraction", ["optimal", "sum"])
def test_a_pixel_that_often_saturates_is_left_out_without_bias(
    calibration: type, extraction: str
) -> None:
    frames = counts()
    frames[1::6, 4, 2] = adc.FULL_SCALE
    found = calibrated(calibration, frames, extraction=extraction)
    good = calibrated(calibration, counts(), extraction=extraction)
    assert found.counts["saturated_pixels"] == 1
    assert found.counts["lost_to_saturation"] == 0
    assert found.valid.all()
    # Its share of the light comes from its neighbours along the trace, whose noise it takes over.
    np.testing.assert_allclose(found.flux, good.flux, rtol=0.01)


@BOTH
def test_a_row_that_saturates_throughout_is_refused(calibration: type) -> None:
    frames = counts()
    frames[1::2, 4] = adc.FULL_SCALE
    with pytest.raises(DataError, match=r"row 4(.|\n)*saturate"):
        calibrated(calibration, frames)


@BOTH
def test_ramps_dropped_at_both_ends_are_as_if_never_taken(calibration: type) -> None:
    frames = counts()
    spoilt = frames.copy()
    spoilt[:6], spoilt[-4:] = 60_000, 0
    found = calibrated(calibration, spoilt, drop_first=3, drop_last=2)
    as_if = calibrated(calibration, frames[6:-4])
    np.testing.assert_array_equal(found.flux, as_if.flux)
    np.testing.assert_allclose(found.time, as_if.time + 6 * 0.001, rtol=1e-12)


@BOTH
def test_a_visit_with_nothing_left_between_its_ends_is_refused(calibration: type) -> None:
    with pytest.raises(DataError, match="drop_first"):
        calibrated(calibration, counts(), drop_first=500, drop_last=299)
