"""What a fit leaves over: outliers, and how noisy the light is beyond what it promised."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import median_filter

from spectramind_core.arrays import F8, Bool
from spectramind_models.transit import joint
from spectramind_models.transit.joint import PanelState
from spectramind_models.transit.orbit import Orbit
from spectramind_models.transit.panel import Panel

_NEIGHBOURS = 15
"""Bins whose scatter is averaged: one bin's own is known to a few per cent only."""


def residuals(panel: Panel, values: PanelState, orbit: Orbit) -> F8:
    """``[wave, time]`` in units of the error; NaN where there is no sample."""
    model = joint.light(panel, values, orbit).model
    seen = panel.weight > 0
    scaled: F8 = np.where(seen, (panel.flux - model) * np.sqrt(panel.weight), np.nan)
    return scaled


def outliers(scaled: F8, clip: float) -> Bool:
    """Residuals further than `clip` robust standard deviations from their bin's median."""
    centred = scaled - _median(scaled)[:, None]
    far: Bool = np.abs(centred) > clip * scatter(centred)[:, None]
    return far


def scatter(scaled: F8) -> F8:
    """``[wave]``: robust scatter about zero of ``scaled [wave, time]``; 1 where nothing is."""
    result = 1.4826 * _median(np.abs(scaled))
    return np.where(result > 0, result, 1.0)


def smooth_scatter(each: F8) -> F8:
    """Scatter of each bin, ``[wave]``, steadied by its neighbours'."""
    steadied: F8 = median_filter(each, size=min(_NEIGHBOURS, len(each)), mode="nearest")
    return steadied


def common(scaled: F8, panel: Panel) -> F8:
    """``[1, time]``: residual of white light, in units of its error if bins were independent."""
    root = np.sqrt(panel.weight)
    total = np.sum(np.nan_to_num(scaled) * root, axis=0)
    error = np.sqrt(np.sum(np.where(np.isfinite(scaled), panel.weight, 0.0), axis=0))
    seen = error > 0
    return np.where(seen, total / np.where(seen, error, 1.0), np.nan)[None]


def _median(values: F8) -> F8:
    """Of each row's finite values; 0 for a row without."""
    result = np.zeros(len(values))
    seen = np.any(np.isfinite(values), axis=1)
    result[seen] = np.nanmedian(values[seen], axis=1)
    return result
