"""What the errors of calibration files can do to depths and levels."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_calib.detector import background, systematic
from spectramind_calib.detector.background import Background
from spectramind_calib.detector.extracted import Extracted
from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.contracts import (
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Instrument,
    RawInstrument,
)

ROWS, COLUMNS, SECONDS = 32, 200, 4.5
BEND = -1e-6


def detector(dark: float, flat: float, bend: float) -> RawInstrument:
    """Files whose pixels scatter by so much; `bend` relative to the polynomials' second order."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal((3, ROWS, COLUMNS))
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
            linear_corr=np.stack([0.1 * ones, ones, BEND * (1 + bend * noise[2])]),
        ),
        time=np.arange(4.0),
        integration_time=np.array([0.1, 0.1 + SECONDS] * 2),
        wavelength=wavelength,
        bin_columns=np.arange(COLUMNS)[::-1].copy(),
        bin_wavelength=wavelength[::-1],
    )


def light_of(flux: float, stray: float = 0.0) -> Extracted:
    """Evenly lit pixels, summed."""
    ones = np.ones((ROWS, COLUMNS))
    return Extracted(
        flux=np.full((COLUMNS, 4), flux),
        light=np.full(COLUMNS, flux),
        lost=np.zeros((COLUMNS, 4), bool),
        variance=np.full(COLUMNS, flux),
        weights=ones,
        share=ones / ROWS,
        follows=None,
        background=Background(13.0, stray),
        image=ones * flux / ROWS,
        movement=np.zeros((2, 4)),
        width=np.zeros((2, 4)),
        cosmic_rays=np.zeros(4),
    )


def test_the_bounds_are_those_of_independent_errors_of_pixels() -> None:
    files = detector(dark=0.002, flat=0.012, bend=0.1)
    light = light_of(5e3, 0.05)
    found = systematic.depth_errors(files, light, InstrumentOptions())
    # A sum of 32 pixels: errors of the dark add up as their root, the background's as they are.
    np.testing.assert_allclose(found["dark"], 0.002 * SECONDS * np.sqrt(ROWS) / 5e3, rtol=0.05)
    np.testing.assert_allclose(found["background"], 0.05 * ROWS / 5e3)
    # Responses L = x (1 + b x) have the slope x L' / L = 1 + b x, to first order in b x.
    slopes = 0.1 * abs(BEND) * 5e3 / ROWS
    np.testing.assert_allclose(found["linearity"], slopes / np.sqrt(ROWS), rtol=0.05)
    level = systematic.level_error(files, light, InstrumentOptions())
    assert level == pytest.approx(0.012 / np.sqrt(ROWS), rel=0.05)


def test_a_step_that_is_switched_off_has_no_error() -> None:
    off = InstrumentOptions(dark=False, flat=False, linearity=False, background=False)
    files, light = detector(0.002, 0.012, 0.1), light_of(5e3)
    assert systematic.depth_errors(files, light, off) == {}
    assert systematic.level_error(files, light, off) == 0.0


def test_columns_without_light_have_none_to_be_wrong_by() -> None:
    files, light = detector(0.1, 0.1, 0.1), light_of(0.0, 0.1)
    assert systematic.level_error(files, light, InstrumentOptions()) == 0.0
    for error in systematic.depth_errors(files, light, InstrumentOptions()).values():
        np.testing.assert_array_equal(error, 0)


@pytest.mark.parametrize("photometer", [True, False])
def test_a_background_is_as_uncertain_as_it_says(photometer: bool) -> None:
    """Over many detectors with the same light and noise of their own."""
    rng = np.random.default_rng(2)
    usable = np.ones((ROWS, COLUMNS), bool)
    place = (np.arange(ROWS) - 15.5)[:, None]
    profile = 0.95 * np.exp(-0.5 * (place / 1.2) ** 2) + 0.05 * np.exp(-0.5 * (place / 9) ** 2)
    light = np.geomspace(1e5, 5e3, COLUMNS) * profile / profile.sum()
    if photometer:
        usable, light = usable[:, :ROWS], 0 * light[:, :ROWS]
    pulls = []
    for _ in range(300):
        mean = light + 13 + 2 * rng.standard_normal(light.shape)
        if photometer:
            found = background.fit_photometer(mean, usable, 0.2)
        else:
            found = background.fit_spectral(mean, usable, 3)
        pulls.append((found.level - 13) / found.error)
    # 300 draws tell a standard deviation to 4 %.
    assert np.std(pulls) == pytest.approx(1, abs=0.15)
    assert np.mean(pulls) == pytest.approx(0, abs=0.2)
