"""Where to look: mid-transit, duration and depth from white light alone, by trying boxes.

Each trial shape is compared with the light after both are cleared of a slow drift, so that the
best one follows from two dot products. It needs no catalogue, and it cannot be trapped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.panel import Panel

DURATIONS = np.geomspace(0.8, 6.5, 16)
"""Hours, tried where no catalogue tells."""

_STEPS = 91
_DRIFT = 2
_INGRESS = 0.12
"""Share of the duration over which a trial falls or rises."""


def find_transit(panels: Sequence[Panel], durations: F8) -> tuple[float, float, F8]:
    """The trial transit that explains most of the white light of all instruments.

    Parameters
    ----------
    panels
        One bin each.
    durations
        ``[trial]`` hours.

    Returns
    -------
    mid_transit, duration, depth
        Hours, hours, and ``[panel]`` depth.
    """
    first = min(float(panel.time[0]) for panel in panels)
    last = max(float(panel.time[-1]) for panel in panels)
    mids = np.linspace(first, last, _STEPS)
    grid = np.array([(mid, duration) for duration in durations for mid in mids])
    amplitude, gain = zip(*(_amplitudes(panel, grid) for panel in panels), strict=True)
    best = int(np.argmax(np.sum(gain, axis=0)))
    depth = np.clip([a[best] for a in amplitude], 1e-5, 0.2)
    return float(grid[best, 0]), float(grid[best, 1]), depth


def _amplitudes(panel: Panel, grid: F8) -> tuple[F8, F8]:
    """Best depth of each trial, not negative, and the drop in chi-squared it brings: ``[trial]``"""
    root = np.sqrt(panel.weight[0])
    slow = np.vstack([np.ones_like(panel.time), panel.drift_time[:_DRIFT]]) * root
    basis, _ = np.linalg.qr(slow.T)
    offset = np.abs(panel.time - grid[:, :1]) / grid[:, 1:]
    shape = np.clip((offset - 0.5) / _INGRESS - 0.5, -1, 0) * root
    shape -= (shape @ basis) @ basis.T
    light = panel.flux[0] * root
    light = light - basis @ (basis.T @ light)
    power = np.maximum(np.sum(shape**2, axis=1), 1e-12 * np.sum(root**2) + 1e-300)
    amplitude = np.maximum(shape @ light / power, 0.0)
    return amplitude, amplitude**2 * power
