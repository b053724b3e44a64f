"""What the errors of calibration files can do to depths and levels."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_calib.detector import systematic
from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.contracts import (
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Instrument,
    RawInstrument,
)

ROWS, COLUMNS, SECONDS = 32, 200, 4.5


def detector(dark: float, flat: float) -> RawInstrument:
    """Files whose pixels scatter by so much."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((2, ROWS, COLUMNS))
    ones = np.ones((ROWS, COLUMNS))
    wavelength = np.linspace(4.0, 1.9, COLUMNS)
    return RawInstrument(
        instrument=Instrument.AIRS,
        frames=ArrayFrames(np.zeros((4, ROWS, COLUMNS), np.uint16)),
        adc=Adc(gain=0.4369, offset=-1000.0),
        calibration=CalibrationFrames(
            dark=0.01 + dark * noise[0],
            flat=1 + flat * noise[1],
            read=13 * ones,
            dead=ones < 0,
            linear_corr=np.array([0.0, 1.0])[:, None, None] * ones,
        ),
        time=np.arange(4.0),
        integration_time=np.array([0.1, 0.1 + SECONDS] * 2),
        wavelength=wavelength,
        bin_columns=np.arange(COLUMNS)[::-1].copy(),
        bin_wavelength=wavelength[::-1],
    )


def test_the_bounds_are_those_of_independent_errors_of_pixels() -> None:
    flux = np.full(COLUMNS, 5e3)
    weights, share = np.ones((ROWS, COLUMNS)), np.full((ROWS, COLUMNS), 1 / ROWS)
    found = systematic.sizes(detector(0.002, 0.012), weights, share, flux, InstrumentOptions())
    # A sum of 32 pixels: errors of the dark add up as their root, those of the flat average out.
    expected = 0.002 * SECONDS * np.sqrt(ROWS) / 5e3
    assert found["dark_on_depth"] == pytest.approx(expected, rel=0.05)
    assert found["flat_on_level"] == pytest.approx(0.012 / np.sqrt(ROWS), rel=0.05)


def test_a_step_that_is_switched_off_has_no_error() -> None:
    flux, ones = np.full(COLUMNS, 5e3), np.ones((ROWS, COLUMNS))
    off = InstrumentOptions(dark=False, flat=False)
    assert systematic.sizes(detector(0.002, 0.012), ones, ones / ROWS, flux, off) == {}


def test_columns_without_light_have_none_to_be_wrong_by() -> None:
    dark, ones = np.zeros(COLUMNS), np.ones((ROWS, COLUMNS))
    assert systematic.sizes(detector(0.1, 0.1), ones, ones, dark, InstrumentOptions()) == {}
