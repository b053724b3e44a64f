"""Planets and their stars, drawn as the challenge's are.

Ranges are those of the 2025 edition's star_info table; depths have the mean and spread of each
edition's training spectra.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_calib.simulator.atmosphere import (
    SUN_RADIUS,
    Atmosphere,
    scale_height,
    transit_depth,
)
from spectramind_core.arrays import F8
from spectramind_core.contracts import System

DEPTH = {2024: (0.0025517, 0.0017262), 2025: (0.014689, 0.010661)}
"""Mean and standard deviation of the transit depth, by edition."""

SOLAR_GRAVITY_DAYS = 4.2083
"""Semi-major axis in solar radii of a one-day orbit around one solar mass (Kepler's third law)."""


MAX_SCALE_HEIGHT = 0.005
"""In planetary radii: puffier planets are not in the sample."""


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


def draw_system(rng: np.random.Generator) -> System:
    """A star and a transiting orbit, consistent with one another."""
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
    mean, spread = DEPTH[edition]
    log_variance = np.log(1 + (spread / mean) ** 2)
    depth = rng.lognormal(np.log(mean) - log_variance / 2, np.sqrt(log_variance))
    depth = float(np.clip(depth, mean / 12, mean * 6))
    star = system.star_radius * SUN_RADIUS
    temperature = system.star_temperature * np.sqrt(0.5 / system.semi_major_axis)
    radius = np.sqrt(depth) * star
    height = scale_height(temperature, max(system.planet_mass, 0.15), radius, 2.3) / star
    height = min(height, MAX_SCALE_HEIGHT * np.sqrt(depth))
    atmosphere = Atmosphere(
        mean_depth=depth,
        scale_height=height,
        abundance={
            "H2O": rng.normal(0.0, 0.5),
            "CH4": rng.normal(-0.8, 0.9),
            "CO2": rng.normal(-1.0, 0.8),
            "CO": rng.normal(0.0, 0.6),
            "NH3": rng.normal(-1.2, 0.8),
        },
        haze=rng.normal(-0.6, 0.8),
        cloud=rng.normal(-1.1, 0.6),
    )
    return transit_depth(wavelength, atmosphere)
