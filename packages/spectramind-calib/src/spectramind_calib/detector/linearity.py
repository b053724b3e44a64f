"""Pixels respond less than linearly: a polynomial per pixel leads from measured to true electrons.

The calibration file gives the inverse, ``true = sum_k c_k measured^k``; so undoing is evaluating it
and applying it is solving it.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.errors import DataError

TOLERANCE = 1e-9
ITERATIONS = 30


def undo(measured: F8, coefficients: F8) -> F8:
    """True electrons of measured ones.

    Parameters
    ----------
    measured
        ``[row, column, frame]`` electrons.
    coefficients
        ``[coefficient, row, column]``, lowest order first.
    """
    true = np.zeros_like(measured)
    for coefficient in coefficients[::-1]:
        true = true * measured + coefficient[..., None]
    return true


def apply(true: F8, coefficients: F8) -> F8:
    """Measured electrons of true ones, by Newton's method to 1e-9 relative.

    Shapes as in `undo`.

    Raises
    ------
    DataError
        If the polynomial cannot be inverted there (it has stopped rising).
    """
    measured = true.copy()
    slope_coefficients = coefficients[1:] * np.arange(1, len(coefficients))[:, None, None]
    for _ in range(ITERATIONS):
        with np.errstate(all="ignore"):
            step = (undo(measured, coefficients) - true) / undo(measured, slope_coefficients)
        measured = measured - step
        if np.all(np.abs(step) <= TOLERANCE * np.maximum(1.0, np.abs(measured))):
            return measured
    raise DataError(
        "the linearity polynomial has no inverse in the range of the signal",
        where="linear_corr",
        hint="its first coefficients should be about (0.1, 1.0, -6e-9)",
    )
