"""Pixels differ in their response to light: the flat field."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool


def apply(light: F8, flat: F8) -> F8:
    """Electrons from light: ``light [row, column, frame]`` times ``flat [row, column]``."""
    return light * flat[..., None]


def undo(electrons: F8, flat: F8) -> F8:
    """Light from electrons; where the flat is not positive (dead pixels) the result is zero."""
    response = flat[..., None]
    usable = response > 0
    return (electrons * usable) / (response * usable + ~usable)


def responds(flat: F8) -> Bool:
    """Pixels whose flat can be divided by, of the flat's shape."""
    result: Bool = np.isfinite(flat) & (flat > 0)
    return result
