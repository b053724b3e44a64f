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

_MOMENTS = 7
"""Samples whose median a sample is compared with."""

_ROUNDS = 5


def residuals(panel: Panel, values: PanelState, orbit: Orbit) -> F8:
    """``[wave, time]`` in units of the error; NaN where there is no sample."""
    model = joint.light(panel, values, orbit).model
    seen = panel.weight > 0
    scaled: F8 = np.where(seen, (panel.flux - model) * np.sqrt(panel.weight), np.nan)
    return scaled


def without_spikes(panel: Panel, clip: float) -> Panel:
    """A panel less the samples that stand out from their neighbours in time.

    A running median follows drift, ingress and egress, so no transit need be known, and no fit is
    led astray by where it starts. What is found is filled in and looked for again, for spikes may
    stand side by side.
    """
    for _ in range(_ROUNDS):
        found = _spikes(panel, clip)
        if not found.any():
            break
        panel = panel.without(found)
    return panel


def _spikes(panel: Panel, clip: float) -> Bool:
    """Samples ``[wave, time]`` over `clip` errors, promised or seen, from a running median."""
    seen = panel.weight > 0
    light = panel.flux.copy()
    for row, known in zip(light, seen, strict=True):
        if known.any() and not known.all():
            row[~known] = np.interp(panel.time[~known], panel.time[known], row[known])
    smooth = median_filter(light, size=(1, min(_MOMENTS, light.shape[1])), mode="mirror")
    away = np.where(seen, (light - smooth) * np.sqrt(panel.weight), np.nan)
    far: Bool = np.abs(away) > clip * np.maximum(scatter(away), 1.0)[:, None]
    return far


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
