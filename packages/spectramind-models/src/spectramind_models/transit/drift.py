"""Smooth instrument drift: Chebyshev polynomials in time and wavelength, with Gaussian priors.

The detector's gain drifts as ``1 + A p(t) q(x)`` with low-order polynomials p of time and q of
wavelength. The products of Chebyshev polynomials hold every such drift; a prior that narrows with
order keeps those they do not need small, and marginalising over them is part of the linear fit.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import chebyshev

from spectramind_core.arrays import F8


def time_basis(time: F8, order: int) -> F8:
    """``[order, time]``: T_1 … T_order over the visit; the constant is the star's level."""
    return _basis(time, order)[1:]


def wavelength_basis(wavelength: F8, order: int) -> F8:
    """``[1 + order, wave]``: T_0 … T_order over the instrument's range; T_0 alone for one bin."""
    return _basis(wavelength, order if wavelength.size > 1 else 0)


def prior_sd(orders: tuple[int, int], scale: float) -> F8:
    """``[time order, wavelength order]``: expected size of each product's coefficient.

    Parameters
    ----------
    orders
        Sizes of `time_basis` and `wavelength_basis`.
    scale
        Of the slowest drift, relative to the star's light.
    """
    in_time = 1 / np.arange(1, orders[0] + 1)
    in_wavelength = 1 / np.arange(1, orders[1] + 1)
    return scale * np.outer(in_time, in_wavelength)


def _basis(x: F8, order: int) -> F8:
    span = np.ptp(x)
    unit = 2 * (x - x.min()) / span - 1 if span > 0 else np.zeros_like(x)
    return np.ascontiguousarray(chebyshev.chebvander(unit, order).T)
