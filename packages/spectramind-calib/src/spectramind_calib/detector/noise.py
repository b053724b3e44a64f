"""Noise as the light curve itself shows it, to hold beside the variance that is stated."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8


def scatter(flux: F8) -> F8:
    """Standard deviation of white noise along the last axis, blind to anything slow.

    From the mean absolute second difference (which for white noise is ``sqrt(12 / pi) sigma``): a
    transit or a drift does not enter, and rare outliers hardly do. Needs three samples.
    """
    second = flux[..., 2:] + flux[..., :-2]
    second -= 2 * flux[..., 1:-1]
    return np.asarray(np.abs(second, out=second).mean(-1) * np.sqrt(np.pi / 12))
