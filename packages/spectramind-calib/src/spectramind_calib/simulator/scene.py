"""What arrives at the detector in one visit: the star's light in time and wavelength, and where.

Figures are those measured on real frames of the 2025 edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from spectramind_calib.detector.adc import FULL_SCALE
from spectramind_calib.simulator import grid, transit_light
from spectramind_calib.simulator.options import Effects
from spectramind_calib.simulator.population import Planet
from spectramind_core.arrays import F8
from spectramind_core.contracts import Adc, Instrument

HOURS = 7.5
RAMPS_PER_AIRS_RAMP = 12
"""FGS1 ramps in the time of an AIRS ramp."""
FGS1_ELECTRONS = 2.2e5
"""Electrons a pair over the whole image, of the measured star."""
AIRS_ELECTRONS = (1.0e5, 5.5e3)
"""Electrons a pair in a column at 1.95 and at 3.9 micron."""
FULL = 0.8
"""How far the brightest stars fill a converter's range."""
BACKGROUND = {Instrument.FGS1: 0.3, Instrument.AIRS: 13.0}
"""Electrons a pixel and pair."""
PSF_SIGMA = 1.12
"""Pixels."""
PSF_WING = (0.236, 3.95)
"""Share of the light in broad wings, and their width in pixels: a hundredth in the outer 8 + 8."""
JITTER = {Instrument.FGS1: 0.08, Instrument.AIRS: 0.015}
"""Standard deviation of the pointing, pixels, from pair to pair: long ramps average it."""
WANDER = 0.05
"""Amplitude of the slow wander over a visit, pixels. Not measured: larger than what long ramps show
from one to the next, so that calibration has something to remove."""
DRIFT = 3e-4
"""Relative gain drift over a visit."""
COMMON_MODE = {Instrument.FGS1: 122e-6 * 50**0.5, Instrument.AIRS: 68e-6 * 5**0.5}
"""Relative flicker from pair to pair. Measured in bins of 50 and 5 pairs: 300 ppm where photons
allow 274, and 152 where 136."""


@dataclass(frozen=True)
class Light:
    """One instrument's light in one visit."""

    hours: F8
    """``[pair]``: middle of each ramp."""
    star: F8
    """``[pair, wave]`` electrons a pair before the detector, transit included."""
    gain: F8
    """``[pair, wave]``: what the detector multiplies every signal by; about 1."""
    movement: F8
    """``[2, pair]``: image position along rows and columns, pixels."""
    background: float

    @property
    def flux(self) -> F8:
        """``[pair, wave]`` electrons a pair, as calibration without any noise should find them."""
        return self.star * self.gain


def mid_transit(rng: np.random.Generator, *, partial: bool) -> float:
    """Hours into the visit."""
    return (
        float(rng.choice([rng.uniform(0.2, 1.2), rng.uniform(6.3, 7.3)]))
        if partial
        else float(rng.uniform(2.5, 5.0))
    )


def pair_hours(pairs: int) -> F8:
    """Middle of each ramp of an instrument that has `pairs` of them in a visit."""
    result: F8 = (np.arange(pairs) + 0.5) * HOURS / pairs
    return result


def brightest(converters: Mapping[Instrument, Adc]) -> float:
    """Relative to the measured star, what fills a spectral bin's or the photometer's fullest pixel
    to `FULL` of its converter's range by the end of a ramp."""
    peak = float(pixel_shares(np.array([15.5]), 32).max())
    # By the end of a ramp FGS1 holds two pairs' light: the first read comes halfway.
    fullest = {
        Instrument.FGS1: 2 * FGS1_ELECTRONS * peak**2,
        Instrument.AIRS: AIRS_ELECTRONS[0] * peak,
    }
    return min(
        FULL * (FULL_SCALE / adc.gain + adc.offset) / fullest[instrument]
        for instrument, adc in converters.items()
    )


def fgs1_light(
    planet: Planet, pairs: int, centre: float, effects: Effects, rng: np.random.Generator
) -> Light:
    """The photometer's light; `centre` is the mid-transit time."""
    hours = pair_hours(pairs * RAMPS_PER_AIRS_RAMP)
    wavelength = np.array([grid.FGS1_WAVELENGTH[2025]])
    return _light(
        Instrument.FGS1,
        planet,
        hours,
        centre,
        wavelength,
        planet.spectrum[:1],
        np.array([FGS1_ELECTRONS]) * planet.brightness,
        effects,
        rng,
    )


def airs_light(
    planet: Planet, pairs: int, centre: float, effects: Effects, rng: np.random.Generator
) -> Light:
    """The spectrometer's light in every detector column, also those outside the bins."""
    wavelength = grid.detector_wavelength()
    columns = grid.bin_columns()
    order = np.argsort(wavelength[columns])
    depth = np.interp(wavelength, wavelength[columns][order], planet.spectrum[1:][order])
    blue, red = AIRS_ELECTRONS
    slope = np.log(red / blue) / (3.9 - 1.95)
    level = blue * np.exp(slope * (wavelength - 1.95)) * planet.brightness
    level *= np.exp((planet.system.star_temperature - 4800) * 1.2e-4 * (1.95 - wavelength))
    hours = pair_hours(pairs)
    return _light(Instrument.AIRS, planet, hours, centre, wavelength, depth, level, effects, rng)


def _light(
    instrument: Instrument,
    planet: Planet,
    hours: F8,
    centre: float,
    wavelength: F8,
    depth: F8,
    level: F8,
    effects: Effects,
    rng: np.random.Generator,
) -> Light:
    law = transit_light.limb_darkening(wavelength, planet.system.star_temperature)
    transit = transit_light.light_curves(hours, centre, planet.system, depth, law)
    still = np.zeros((2, hours.size))
    # Every effect draws its numbers, switched on or off, so that it shifts no other's.
    drifting = drift(hours, wavelength, rng)
    moving = movement(hours, JITTER[instrument], rng)
    flicker = 1 + COMMON_MODE[instrument] * rng.standard_normal((hours.size, 1))
    gain = drifting if effects.drift else np.ones_like(transit)
    return Light(
        hours=hours,
        star=level * transit,
        gain=gain * flicker if effects.common_mode else gain,
        movement=moving if effects.jitter else still,
        background=BACKGROUND[instrument] if effects.background else 0.0,
    )


def drift(hours: F8, wavelength: F8, rng: np.random.Generator) -> F8:
    """Separable gain drift ``1 + A p(t) q(x)``, ``[pair, wave]``; p and q of order 4."""

    def polynomial(x: F8) -> F8:
        scaled = 2 * (x - x.min()) / max(np.ptp(x), 1e-9) - 1
        coefficients = rng.standard_normal(5) / (1 + np.arange(5)) ** 1.5
        found: F8 = np.polynomial.chebyshev.chebval(scaled, coefficients)
        return found

    in_time = polynomial(hours)
    in_wave = 1 + 0.3 * polynomial(wavelength)
    result: F8 = 1 + DRIFT * in_time[:, None] * in_wave[None, :]
    return result


def movement(hours: F8, jitter: float, rng: np.random.Generator) -> F8:
    """Pointing along both axes ``[2, pair]`` pixels: white `jitter` on a slow wander."""
    phase = 2 * np.pi * (hours / rng.uniform(2, 6, (2, 1)) + rng.random((2, 1)))
    result: F8 = WANDER * np.sin(phase) + jitter * rng.standard_normal((2, hours.size))
    return result


def pixel_shares(centre: F8, pixels: int) -> F8:
    """Share of the light that each pixel catches along one axis, ``[pixel, pair]``.

    A Gaussian core and broad Gaussian wings, integrated over each pixel; relative to all that
    falls on the pixels while the image is in their middle, which is what was measured.

    Parameters
    ----------
    centre
        ``[pair]`` position of the image, pixels.
    """
    edges = np.arange(pixels + 1)[:, None] - 0.5
    ends = pixels / 2 * np.array([[-1.0], [1.0]])
    result: F8 = np.diff(_caught(edges - centre), axis=0) / np.diff(_caught(ends), axis=0)
    return result


def _caught(edge: F8) -> F8:
    """Share of the light that falls short of an `edge`, pixels from the middle of the image."""
    wing, width = PSF_WING
    core, wings = (0.5 * (1 + erf(edge / (np.sqrt(2) * sigma))) for sigma in (PSF_SIGMA, width))
    result: F8 = (1 - wing) * core + wing * wings
    return result
