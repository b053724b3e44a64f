"""Where the planet is: projected distance on a circular orbit, and its derivatives.

The orbit is described by what a light curve shows best: mid-transit, the duration between the
moments at which the planet's centre crosses the stellar limb, and the impact parameter. The period
enters only through the slight curvature of the path.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import System

HOURS_PER_DAY = 24.0
TYPICAL_PERIOD = 4.5 * HOURS_PER_DAY
"""Hours; where no catalogue tells. A path so short hardly depends on it."""

MAX_IMPACT = 0.98


@dataclass(frozen=True)
class Orbit:
    """A circular orbit, as seen from afar."""

    mid_transit: float
    """Hours since the start of the visit."""
    duration: float
    """Hours between the crossings of the stellar limb by the planet's centre."""
    impact: float
    """Least projected distance, stellar radii."""
    period: float = TYPICAL_PERIOD
    """Hours."""

    @property
    def semi_major_axis(self) -> float:
        """Stellar radii: that which makes the planet's centre cross the disc in `duration`.

        From ``1 = a^2 sin^2(phi) + b^2 cos^2(phi)`` at ``phi = pi * duration / period``.
        """
        half = np.pi * self.duration / self.period
        return float(np.sqrt(1 - (self.impact * np.cos(half)) ** 2) / np.sin(half))

    def distance(self, time: F8) -> tuple[F8, F8]:
        """Projected distance and its derivatives.

        Parameters
        ----------
        time
            ``[time]`` hours since the start of the visit.

        Returns
        -------
        distance, derivatives
            ``[time]`` stellar radii; ``[3, time]`` with respect to mid-transit, the logarithm of
            the duration, and impact.
        """
        rate = 2 * np.pi / self.period
        phase = rate * (time - self.mid_transit)
        sine, cosine = np.sin(phase), np.cos(phase)
        a, b = self.semi_major_axis, self.impact
        z = np.sqrt((a * sine) ** 2 + (b * cosine) ** 2)
        safe = np.maximum(z, 1e-9)
        half = np.pi * self.duration / self.period
        cross = np.sin(half) * np.cos(half)
        da_dlog = half * (b * b * cross / (a * np.sin(half) ** 2) - a / np.tan(half))
        da_db = -b * np.cos(half) ** 2 / (a * np.sin(half) ** 2)
        return z, np.stack(
            [
                -rate * (a * a - b * b) * sine * cosine / safe,
                a * sine**2 * da_dlog / safe,
                (b * cosine**2 + a * sine**2 * da_db) / safe,
            ]
        )


def catalogued(system: System, mid_transit: float) -> Orbit:
    """The orbit that the star table promises; inexact, so a start and not an answer."""
    period = system.period * HOURS_PER_DAY
    cosine = abs(np.cos(np.radians(system.inclination)))
    impact = min(system.semi_major_axis * cosine, MAX_IMPACT)
    sine = np.sqrt(1 - impact**2) / np.sqrt(system.semi_major_axis**2 - impact**2)
    return Orbit(mid_transit, float(period / np.pi * np.arcsin(sine)), float(impact), period)
