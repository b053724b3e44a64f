"""Evidence about a planet beside its depths: for networks, calibrators and diagnostics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import Instrument, System
from spectramind_models.transit.combine import bins_of
from spectramind_models.transit.joint import first_of
from spectramind_models.transit.orbit import catalogued
from spectramind_models.transit.visit import VisitFit

SHIFTS = (
    "duration_shift",
    "impact_shift",
    "limb_fgs1_u1",
    "limb_fgs1_u2",
    "limb_airs_u1",
    "limb_airs_u2",
    "drift_fgs1_2",
    "drift_fgs1_4",
    "drift_airs_2",
    "drift_airs_4",
)
"""Features that say by how much a fit came out other than expected."""

PLANET_FEATURES = (
    "failed",
    "visits",
    "depth",
    "snr",
    "depth_error_fgs1",
    "depth_error_airs",
    "common_scatter",
    "mid_transit",
    "duration",
    "impact",
    *SHIFTS,
    "timing_tension",
    "clipped",
    "visit_inflation",
    "has_fgs1",
    "has_airs",
    "star_temperature",
    "star_radius",
    "planet_mass",
    "scale_height_depth",
)
"""Names of a planet's features; NaN where something is unknown."""

# In solar radii, Jupiter masses and kelvin: H/Rs of a hydrogen atmosphere (mean weight 2.3) is
# _SCALE * T * Rp^2 / (Mp * Rs), from H = k T Rp^2 / (mu m_u G Mp).
_SCALE = 1.380649e-23 * 6.957e8 / (2.3 * 1.66054e-27 * 6.6743e-11 * 1.89813e27)


def planet_features(
    fits: Sequence[VisitFit], depth: F8, noise: F8, factors: F8, inflation: float
) -> dict[str, float]:
    """The `PLANET_FEATURES` of a fitted planet; the first visit speaks for orbit and time."""
    first, sigma = fits[0], np.sqrt(noise**2 + np.sum(factors**2, axis=0))
    optical, infrared = np.arange(depth.size) == 0, np.arange(depth.size) > 0
    seen = {panel.instrument for fitted in fits for panel in fitted.bins}
    typical = float(np.average(depth, weights=sigma**-2))
    error = _white_error(noise, factors, np.full(depth.size, True))
    known = _catalogued(first.system, typical)
    return {
        "failed": 0.0,
        "visits": float(len(fits)),
        "depth": typical,
        "snr": typical / error,
        "depth_error_fgs1": _white_error(noise, factors, optical),
        "depth_error_airs": _white_error(noise, factors, infrared),
        "common_scatter": float(np.mean([s for f in fits for s in f.common_scatter])),
        "mid_transit": first.bins_fit.state.panels[-1].mid_transit,
        "duration": first.bins_fit.state.duration,
        "impact": first.bins_fit.state.impact,
        **_shifts(fits),
        "timing_tension": _timing_tension(first),
        "clipped": float(sum(f.clipped for f in fits)),
        "visit_inflation": inflation,
        "has_fgs1": float(Instrument.FGS1 in seen),
        "has_airs": float(Instrument.AIRS in seen),
        **known,
    }


def unmeasured_features() -> dict[str, float]:
    """The features of a planet that could not be fitted."""
    return dict.fromkeys(PLANET_FEATURES, np.nan) | {"failed": 1.0}


def bin_features(
    fits: Sequence[VisitFit], depth: F8, noise: F8, factors: F8, wavelength: F8
) -> dict[str, F8]:
    """``[wave]`` each: depth, its error, the part of it that bins do not share, and scatter."""
    return {
        "physics_depth": depth,
        "physics_sigma": np.sqrt(noise**2 + np.sum(factors**2, axis=0)),
        "physics_noise": noise,
        "residual_scatter": _mean_scatter(fits, wavelength),
    }


def scale_height_depth(system: System, depth: float) -> float:
    """Change of depth by one atmospheric scale height, ``2 k H / Rs``.

    The planet is taken at its equilibrium temperature ``T = T_star / sqrt(2 a)``.
    """
    radius = np.sqrt(max(depth, 0.0))
    temperature = system.star_temperature / np.sqrt(2 * system.semi_major_axis)
    planet_radius = radius * system.star_radius
    height = _SCALE * temperature * planet_radius**2 / (system.planet_mass * system.star_radius)
    return float(2 * radius * height)


def _shifts(fits: Sequence[VisitFit]) -> dict[str, float]:
    """By how much orbit, limb darkening and drift came out other than expected, mean of all visits.

    Where many planets are shifted alike, the expectation is off, and so are depths that lean on it.
    Of the drift, those orders in time count which look like a transit, being even about the middle.
    """
    found: dict[str, list[float]] = {}
    for fitted in fits:
        state = fitted.bins_fit.state
        if fitted.system is not None:
            orbit = catalogued(fitted.system, 0.0)
            found.setdefault("duration_shift", []).append(np.log(state.duration / orbit.duration))
            found.setdefault("impact_shift", []).append(state.impact - orbit.impact)
        for panel, values in zip(fitted.bins, state.panels, strict=True):
            name = "fgs1" if panel.instrument is Instrument.FGS1 else "airs"
            for i in range(2):
                found.setdefault(f"limb_{name}_u{i + 1}", []).append(values.limb[i, 0])
            for order in (2, 4):
                if len(values.drift) >= order:
                    slow = found.setdefault(f"drift_{name}_{order}", [])
                    slow.append(values.drift[order - 1, 0])
    return {name: float(np.mean(found[name])) if name in found else np.nan for name in SHIFTS}


def _timing_tension(fitted: VisitFit) -> float:
    """Mid-transit in FGS1 less that in AIRS, in standard deviations; NaN without both."""
    if len(fitted.bins) < 2:
        return np.nan
    state, covariance = fitted.bins_fit.state, fitted.bins_fit.covariance
    difference = np.zeros(len(covariance))
    difference[[first_of(state, 0), first_of(state, 1)]] = 1, -1
    apart = state.panels[0].mid_transit - state.panels[1].mid_transit
    return float(apart / np.sqrt(difference @ covariance @ difference))


def _catalogued(system: System | None, depth: float) -> dict[str, float]:
    if system is None:
        names = ("star_temperature", "star_radius", "planet_mass", "scale_height_depth")
        return dict.fromkeys(names, np.nan)
    return {
        "star_temperature": system.star_temperature,
        "star_radius": system.star_radius,
        "planet_mass": system.planet_mass,
        "scale_height_depth": scale_height_depth(system, depth),
    }


def _white_error(noise: F8, factors: F8, some: Bool) -> float:
    """Error of the mean depth of some bins, weighted by their precision."""
    weight = np.where(some, noise**-2.0, 0.0)
    weight /= weight.sum()
    return float(np.sqrt(np.sum((weight * noise) ** 2) + np.sum((factors @ weight) ** 2)))


def _mean_scatter(fits: Sequence[VisitFit], wavelength: F8) -> F8:
    total, count = np.zeros(wavelength.size), np.zeros(wavelength.size)
    for fitted in fits:
        for panel, each in zip(fitted.bins, fitted.scatter, strict=True):
            at = bins_of(panel.wavelength, wavelength)
            total[at] += each
            count[at] += 1
    return np.where(count > 0, total / np.maximum(count, 1), 1.0)
