"""Star and orbit of one planet: what ``star_info.csv`` says, to be taken as starting values."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.contracts.base import Contract


class System(Contract):
    """Star and orbit as catalogued. Period, semi-major axis and inclination are inexact."""

    star_radius: float = Field(gt=0)
    """Solar radii."""
    star_mass: float = Field(gt=0)
    """Solar masses."""
    star_temperature: float = Field(gt=0)
    """Effective temperature, kelvin."""
    planet_mass: float = Field(gt=0)
    """Jupiter masses."""
    eccentricity: float = Field(default=0.0, ge=0, lt=1)
    """Orbital eccentricity; the challenge has circular orbits only."""
    period: float = Field(gt=0)
    """Orbital period, days."""
    semi_major_axis: float = Field(gt=0)
    """Stellar radii."""
    inclination: float = Field(ge=0, le=180)
    """Degrees; 90 is edge-on."""
