"""Planets and their stars, drawn as the challenge's are.

Ranges are those of the 2025 edition's star_info table; depths have the mean and spread of each
edition's training spectra.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from spectramind_calib.simulator.atmosphere import (
    SUN_RADIUS,
    Atmosphere,
    scale_height,
    transit_depth,
)
from spectramind_core.arrays import F8
from spectramind_core.contracts import Adc, Instrument, System


@dataclass(frozen=True)
class Sample:
    """Whose planets they are: what sets their depths, and how much of it varies over the bins."""

    depth: tuple[float, float]
    """Mean and standard deviation of the transit depth."""
    mass: float
    """Of a planet, relative to the 2025 table; shallow transits are of small, light planets."""
    min_mass: float
    """Jupiter masses: lighter planets would have lost their atmosphere."""
    max_scale_height: float
    """In planetary radii: puffier planets are not in the sample."""
    haze: tuple[float, float]
    """Mean and standard deviation of `Atmosphere.haze`: how FGS1 differs from the AIRS bins."""


SAMPLES = {
    2024: Sample(
        (0.0025517, 0.0017262), mass=0.25, min_mass=0.02, max_scale_height=0.03, haze=(-0.55, 0.4)
    ),
    2025: Sample(
        (0.014689, 0.010661), mass=1.0, min_mass=0.15, max_scale_height=0.005, haze=(-0.7, 0.7)
    ),
}
"""By edition; 2024 published spectra alone, so its masses are what gives their spread."""

ABUNDANCE = {
    "H2O": (0.0, 0.3),
    "CH4": (-0.8, 0.55),
    "CO2": (-1.0, 0.5),
    "CO": (0.0, 0.35),
    "NH3": (-1.2, 0.5),
}
"""Mean and standard deviation of `Atmosphere.abundance`, whose spread sets how many principal
components the spectra have."""
CLOUD = (-1.1, 0.6)
"""The same of `Atmosphere.cloud`."""

SOLAR_GRAVITY_DAYS = 4.2083
"""Semi-major axis in solar radii of a one-day orbit around one solar mass (Kepler's third law)."""

SEMI_MAJOR_AXIS = (4.2, 21.0)
"""Stellar radii."""
MIN_INCLINATION = 85.6
"""Degrees."""


@dataclass(frozen=True)
class Planet:
    """One planet as it truly is."""

    planet_id: str
    system: System
    """True values; what star_info says is `catalogued`."""
    catalogued: System
    spectrum: F8
    """``[wave]`` (Rp/Rs)^2."""
    brightness: float
    """Flux relative to the measured real star's."""
    visits: int
    converters: Mapping[Instrument, Adc]


def draw_system(rng: np.random.Generator) -> System:
    """A star and a transiting orbit, consistent with one another, in the real table's ranges."""
    while True:
        system = _any_system(rng)
        if SEMI_MAJOR_AXIS[0] <= system.semi_major_axis <= SEMI_MAJOR_AXIS[1] and (
            system.inclination >= MIN_INCLINATION
        ):
            return system


def _any_system(rng: np.random.Generator) -> System:
    mass = float(np.clip(rng.normal(1.05, 0.2), 0.60, 1.82))
    radius = float(np.clip(mass**0.9 * rng.lognormal(0.08, 0.18), 0.65, 2.89))
    temperature = float(np.clip(5772 * mass**0.55 + rng.normal(0, 200), 4236, 6979))
    period = float(rng.uniform(2.78, 7.61))
    distance = SOLAR_GRAVITY_DAYS * mass ** (1 / 3) * period ** (2 / 3) / radius
    impact = float(rng.uniform(0, 0.6))
    return System(
        star_radius=radius,
        star_mass=mass,
        star_temperature=temperature,
        planet_mass=float(np.clip(rng.lognormal(np.log(0.94), 0.8), 0.05, 24.7)),
        period=period,
        semi_major_axis=distance,
        inclination=float(np.degrees(np.arccos(impact / distance))),
    )


def catalogue(rng: np.random.Generator, system: System) -> System:
    """What is known of a system beforehand: period, distance and inclination are inexact."""
    inclination = system.inclination + rng.normal(0, 0.15)
    return system.replace(
        period=system.period * (1 + 1e-4 * rng.standard_normal()),
        semi_major_axis=system.semi_major_axis * (1 + 0.01 * rng.standard_normal()),
        inclination=90 - abs(90 - inclination),
    )


def draw_spectrum(rng: np.random.Generator, system: System, wavelength: F8, edition: int) -> F8:
    """A transmission spectrum ``[wave]`` that suits the system."""
    sample = SAMPLES[edition]
    mean, spread = sample.depth
    log_variance = np.log(1 + (spread / mean) ** 2)
    depth = rng.lognormal(np.log(mean) - log_variance / 2, np.sqrt(log_variance))
    depth = float(np.clip(depth, mean / 12, mean * 6))
    star = system.star_radius * SUN_RADIUS
    temperature = system.star_temperature * np.sqrt(0.5 / system.semi_major_axis)
    radius = np.sqrt(depth) * star
    mass = max(system.planet_mass * sample.mass, sample.min_mass)
    height = scale_height(temperature, mass, radius, 2.3) / star
    height = min(height, sample.max_scale_height * np.sqrt(depth))
    atmosphere = Atmosphere(
        mean_depth=depth,
        scale_height=height,
        abundance={molecule: rng.normal(*drawn) for molecule, drawn in ABUNDANCE.items()},
        haze=rng.normal(*sample.haze),
        cloud=rng.normal(*CLOUD),
    )
    return transit_depth(wavelength, atmosphere)
