"""What arrives at the detector in one visit: the star's light in time and wavelength, and where.

Figures are those measured on real frames of the 2025 edition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import erf

from spectramind_calib.simulator import grid, transit_light
from spectramind_calib.simulator.options import Effects
from spectramind_calib.simulator.population import Planet
from spectramind_core.arrays import F8

HOURS = 7.5
RAMPS_PER_AIRS_RAMP = 12
"""FGS1 ramps in the time of an AIRS ramp."""
FGS1_ELECTRONS = 2.2e5
"""Electrons a pair over the whole image, of the measured star."""
AIRS_ELECTRONS = (1.0e5, 5.5e3)
"""Electrons a pair in a column at 1.95 and at 3.9 micron."""
BACKGROUND = 13.0
"""Electrons a pixel and pair."""
PSF_SIGMA = 1.25
"""Pixels."""
PSF_WING = (0.08, 4.5)
"""Share of the light in broad wings, and their width in pixels."""
JITTER = 0.03
"""Standard deviation of the pointing, pixels, from pair to pair."""
WANDER = 0.05
"""The same of the slow wander over a visit."""
DRIFT = 3e-4
"""Relative gain drift over a visit."""


@dataclass(frozen=True)
class Light:
    """One instrument's light in one visit."""

    hours: F8
    """``[pair]``: middle of each ramp."""
    flux: F8
    """``[pair, wave]`` electrons a pair, drift included, before any noise."""
    transit: F8
    """``[pair, wave]``: the transit alone."""
    movement: F8
    """``[2, pair]``: image position along rows and columns, pixels."""
    background: float


def mid_transit(rng: np.random.Generator, *, partial: bool) -> float:
    """Hours into the visit."""
    return (
        float(rng.choice([rng.uniform(0.2, 1.2), rng.uniform(6.3, 7.3)]))
        if partial
        else float(rng.uniform(2.9, 4.6))
    )


def pair_hours(pairs: int) -> F8:
    """Middle of each ramp of an instrument that has `pairs` of them in a visit."""
    result: F8 = (np.arange(pairs) + 0.5) * HOURS / pairs
    return result


def fgs1_light(
    planet: Planet, pairs: int, centre: float, effects: Effects, rng: np.random.Generator
) -> Light:
    """The photometer's light; `centre` is the mid-transit time."""
    hours = pair_hours(pairs * RAMPS_PER_AIRS_RAMP)
    wavelength = np.array([grid.FGS1_WAVELENGTH[2025]])
    return _light(
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
    return _light(planet, pair_hours(pairs), centre, wavelength, depth, level, effects, rng)


def _light(
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
    gain = drift(hours, wavelength, rng) if effects.drift else np.ones_like(transit)
    return Light(
        hours=hours,
        flux=level * transit * gain,
        transit=transit,
        movement=movement(hours, rng) if effects.jitter else np.zeros((2, hours.size)),
        background=BACKGROUND if effects.background else 0.0,
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


def movement(hours: F8, rng: np.random.Generator) -> F8:
    """Pointing along both axes ``[2, pair]`` pixels: white jitter on a slow wander."""
    phase = 2 * np.pi * (hours / rng.uniform(2, 6, (2, 1)) + rng.random((2, 1)))
    result: F8 = WANDER * np.sin(phase) + JITTER * rng.standard_normal((2, hours.size))
    return result


def pixel_shares(centre: F8, pixels: int) -> F8:
    """Share of the light that each pixel catches along one axis, ``[pixel, pair]``.

    A Gaussian core and broad Gaussian wings, integrated over each pixel.

    Parameters
    ----------
    centre
        ``[pair]`` position of the image, pixels.
    """
    edges = np.arange(pixels + 1)[:, None] - 0.5 - centre
    wing, width = PSF_WING

    def cumulative(sigma: float) -> F8:
        found: F8 = 0.5 * (1 + erf(edges / (np.sqrt(2) * sigma)))
        return found

    result: F8 = np.diff((1 - wing) * cumulative(PSF_SIGMA) + wing * cumulative(width), axis=0)
    return result
