"""What the FGS1 encoder reads: a planet's photometry, beside the transit that physics found."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import LightCurve, LightCurves
from spectramind_models.transit.depths import PlanetDepths

CHANNELS = ("dimming", "residual", "shape", "phase", "slope", "log_error")
"""Features of a token."""

PHASE = CHANNELS.index("phase")
RESIDUAL = CHANNELS.index("residual")

SHIFTS = np.linspace(-2.5, 2.5, 251)
"""Hours about the middle of the visit within which a mid-transit is looked for."""


def fgs1_tokens(visits: tuple[LightCurves, ...], depths: PlanetDepths, count: int) -> F8:
    """``[time, channel]``: all visits one after the other, at most `count` time bins each.

    Dimming is relative to the transit depth, phase is in transit durations from mid-transit, and
    residuals are in standard deviations. No channel holds the depth itself, so the tokens stay true
    when a planet is re-observed with another spectrum.
    """
    found = [_visit(visit.fgs1, depths, count) for visit in visits if visit.fgs1 is not None]
    empty = np.zeros((0, len(CHANNELS)))
    return np.concatenate([empty, *found])


def _visit(curve: LightCurve, depths: PlanetDepths, count: int) -> F8:
    binned = _binned(curve, count)
    if binned is None or depths.features["failed"]:
        return np.zeros((0, len(CHANNELS)))
    time, flux, error = binned
    duration = max(depths.features["duration"], 0.1)
    shape, middle, coefficients = _transit(time, flux, error, duration, _ingress(depths))
    level, slope, dip = coefficients
    depth = max(-dip / level, 1e-5)
    centred = (time - time.mean()) / max(np.ptp(time), 1e-3)
    model = level + slope * centred + dip * shape
    return np.stack(
        [
            np.clip((1 - (flux - slope * centred) / level) / depth, -3, 4),
            np.arcsinh((flux - model) / error),
            shape,
            np.clip((time - middle) / duration, -4, 4),
            np.clip(slope / level / depth, -3, 3) * centred,
            np.log(np.clip(error / level / depth, 1e-4, 10)),
        ],
        axis=1,
    )


def _binned(curve: LightCurve, count: int) -> tuple[F8, F8, F8] | None:
    """Time, flux and error of blocks of valid samples; None if there are too few to see a dip."""
    valid = curve.valid[:, 0]
    time, flux, variance = curve.time[valid], curve.flux[valid, 0], curve.variance[valid, 0]
    if time.size < 8:
        return None
    edges = np.linspace(0, time.size, min(count, time.size) + 1).astype(int)[:-1]
    size = np.diff(np.append(edges, time.size))
    mean_time, mean_flux = (np.add.reduceat(x, edges) / size for x in (time, flux))
    return mean_time, mean_flux, np.sqrt(np.add.reduceat(variance, edges)) / size


def _ingress(depths: PlanetDepths) -> float:
    """Hours between first and second contact (Winn 2010, arXiv 1001.2010, eq. 16)."""
    radius = np.sqrt(np.clip(depths.depth[0] if depths.measured[0] else 0.01, 1e-4, 0.2))
    impact = min(abs(depths.features["impact"]), 0.95)
    ingress = depths.features["duration"] * radius / (1 - impact**2)
    return float(np.clip(ingress, 0.02, depths.features["duration"] / 2))


def _transit(
    time: F8, flux: F8, error: F8, duration: float, ingress: float
) -> tuple[F8, float, F8]:
    """Best trapezoid of known duration: its shape ``[time]``, mid-transit and coefficients.

    Every mid-transit on a grid is tried by weighted least squares on level, slope and dip.
    """
    middles = time.mean() + SHIFTS
    half = duration / 2
    shapes = np.clip((half - np.abs(time - middles[:, None])) / ingress + 0.5, 0, 1)
    centred = (time - time.mean()) / max(np.ptp(time), 1e-3)
    design = np.stack([np.ones_like(shapes), np.broadcast_to(centred, shapes.shape), shapes], 2)
    weighted = design / error[:, None] ** 2
    normal = weighted.transpose(0, 2, 1) @ design
    normal += 1e-9 * np.trace(normal, axis1=1, axis2=2)[:, None, None] * np.eye(3)
    moment = weighted.transpose(0, 2, 1) @ flux
    solved = np.linalg.solve(normal, moment[..., None])[..., 0]
    best = int(np.argmax(np.sum(solved * moment, axis=1)))
    return shapes[best], float(middles[best]), solved[best]
