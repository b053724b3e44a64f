"""Transmission spectra of parametric atmospheres.

At each wavelength a planet is opaque up to the altitude at which its slant optical depth is about
one; with opacity kappa and scale height H that altitude is ``z = H ln(kappa / kappa_0)``.

References
----------
Lecavelier des Etangs et al. 2008, "Rayleigh scattering in the transit spectrum of HD 189733b",
A&A 481, L83 (eqs. 1-2: altitude of unit slant depth, Rayleigh slope).
Heng & Kitzmann 2017, "The theory of transmission spectra revisited", MNRAS 470, 2972 (eq. 12).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.molecules import BANDS

BOLTZMANN = 1.380649e-23
PROTON_MASS = 1.67262192e-27
GRAVITY = 6.6743e-11
SUN_RADIUS = 6.957e8
JUPITER_MASS = 1.89813e27

STRENGTH = {"H2O": 0.0, "CH4": 0.4, "CO2": 0.9, "CO": -0.6, "NH3": 0.2}
"""Log10 opacity at band centre per unit abundance, relative to water's 2.7 micron band."""

RAYLEIGH_REFERENCE = 0.7
"""Micron at which haze strength is given."""


@dataclass(frozen=True)
class Atmosphere:
    """What the spectrum of one planet depends on."""

    mean_depth: float
    """Transit depth at the reference level, (Rp/Rs)^2."""
    scale_height: float
    """In stellar radii."""
    abundance: dict[str, float]
    """Log10 mixing ratio relative to water at solar composition, by molecule."""
    haze: float
    """Log10 scattering opacity at 0.7 micron on the same scale."""
    cloud: float
    """Log10 grey opacity on the same scale."""


def scale_height(temperature: float, planet_mass: float, radius: float, weight: float) -> float:
    """``H = k T / (mu g)`` in metres.

    Parameters
    ----------
    temperature
        Kelvin.
    planet_mass, radius
        Jupiter masses; metres.
    weight
        Mean molecular weight, proton masses.
    """
    gravity = GRAVITY * planet_mass * JUPITER_MASS / radius**2
    return BOLTZMANN * temperature / (weight * PROTON_MASS * gravity)


def opacity(wavelength: F8, atmosphere: Atmosphere) -> F8:
    """Log10 of the total opacity ``[wave]``, arbitrary zero.

    Bands have exponential wings, as unresolved line forests have at this resolution, and a
    rotational double peak.
    """
    total = 10.0 ** (atmosphere.haze - 4 * np.log10(wavelength / RAYLEIGH_REFERENCE))
    total = total + 10.0**atmosphere.cloud
    for molecule, bands in BANDS.items():
        for index, (low, high) in enumerate(bands):
            strength = STRENGTH[molecule] - (0.7 if index + 1 < len(bands) else 0.0)
            total = total + 10.0 ** (
                atmosphere.abundance[molecule] + strength + band_shape(wavelength, low, high)
            )
    result: F8 = np.log10(total)
    return result


def band_shape(wavelength: F8, low: float, high: float) -> F8:
    """Log10 opacity of a band relative to its peak: two lobes and exponential wings, ``[wave]``."""
    centre, half = (low + high) / 2, (high - low) / 2
    offset = (wavelength - centre) / half
    lobes = np.maximum(-((np.abs(offset) - 0.45) ** 2), -(offset**2) - 0.08)
    wings = -2.0 * np.maximum(np.abs(offset) - 0.9, 0)
    result: F8 = np.maximum(lobes, -0.25) + wings
    return result


def transit_depth(wavelength: F8, atmosphere: Atmosphere) -> F8:
    """``(Rp/Rs)^2`` at each wavelength ``[wave]`` micron."""
    altitude = atmosphere.scale_height * np.log(10) * opacity(wavelength, atmosphere)
    altitude -= altitude.mean()
    radius = np.sqrt(atmosphere.mean_depth) + altitude
    result: F8 = np.maximum(radius, 1e-3) ** 2
    return result
