"""Noise: the variance that is stated, and what the light curve itself shows to hold beside it."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8

MAD_TO_SIGMA = 1.4826
"""From the median absolute deviation of a Gaussian to its standard deviation."""


def pixel_variance(light: F8, read: F8, dark: F8, flat: F8, gain: float) -> F8:
    """Variance ``[row, column]`` of one pixel's light in one pair, electrons^2.

    Of photons and of the dark current, which come one by one, of two reads and of two roundings to
    whole counts; all scaled as the flat scales the light.

    Parameters
    ----------
    light
        ``[row, column]`` mean electrons per pair, background included, flat divided out.
    read
        ``[row, column]`` electrons, standard deviation of one read.
    dark
        ``[row, column]`` electrons per pair.
    flat
        ``[row, column]`` response; 1 where it was not divided out.
    gain
        Counts per electron.
    """
    photons = np.maximum(light * flat, 0) + np.maximum(dark, 0)
    rounding = 1 / (6 * gain**2)
    result: F8 = (photons + 2 * read**2 + rounding) / flat**2
    return result


def scatter(flux: F8) -> F8:
    """Standard deviation of white noise along the last axis, blind to anything slow.

    From the mean absolute second difference (which for white noise is ``sqrt(12 / pi) sigma``): a
    transit or a drift does not enter, and rare outliers hardly do. Needs three samples.
    """
    second = flux[..., 2:] + flux[..., :-2]
    second -= 2 * flux[..., 1:-1]
    return np.asarray(np.abs(second, out=second).mean(-1) * np.sqrt(np.pi / 12))
