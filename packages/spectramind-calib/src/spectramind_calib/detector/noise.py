"""Read noise, and what variance all noise together gives a calibrated ramp."""

from __future__ import annotations

import numpy as np

from spectramind_calib.detector.adc import quantisation_variance
from spectramind_core.arrays import F8


def apply(electrons: F8, read: F8, rng: np.random.Generator) -> F8:
    """Add read noise: ``electrons [row, column, frame]``, ``read [row, column]`` electrons."""
    return electrons + read[..., None] * rng.standard_normal(electrons.shape)


def photon_variance(light: F8, flat: F8, dark_electrons: F8) -> F8:
    """Variance of flat-fielded light from counting electrons, per ramp; all ``[row, column]``.

    The electrons that were counted are ``light * flat`` and the dark current's; dividing by the
    flat divides their variance by its square.
    """
    return np.asarray((np.maximum(light * flat, 0) + np.maximum(dark_electrons, 0)) / flat**2)


def read_variance(read: F8, flat: F8, gain: float) -> F8:
    """Variance of flat-fielded light from reading a ramp twice; ``[row, column]``."""
    return np.asarray(2 * (read**2 + quantisation_variance(gain)) / flat**2)


def scatter(flux: F8) -> F8:
    """Standard deviation of white noise along the last axis, blind to anything slow.

    From the mean absolute second difference (which for white noise is ``sqrt(12 / pi) sigma``): a
    transit or a drift does not enter, and rare outliers hardly do.
    """
    second = flux[..., 2:] - 2 * flux[..., 1:-1] + flux[..., :-2]
    return np.asarray(np.abs(second).mean(-1) * np.sqrt(np.pi / 12))
