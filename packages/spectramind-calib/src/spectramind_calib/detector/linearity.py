"""Pixels respond less than linearly: a polynomial per pixel leads from measured to true electrons.

The calibration file gives the inverse, ``true = sum_k c_k measured^k``; so undoing is evaluating it
and applying it is solving it.
"""

from __future__ import annotations

import numba
import numpy as np

from spectramind_calib.detector.compiled import kernel
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
    measured, converged = _solve(
        np.ascontiguousarray(true), np.ascontiguousarray(np.moveaxis(coefficients, 0, -1))
    )
    if not converged:
        raise DataError(
            "the linearity polynomial has no inverse in the range of the signal",
            where="linear_corr",
            hint="its first coefficients should be about (0.1, 1.0, -6e-9)",
        )
    found: F8 = measured
    return found


@kernel(parallel=True)
def _solve(true, coefficients):  # type: ignore[no-untyped-def]
    """Newton's method sample by sample: measured electrons, and whether all converged."""
    rows, columns, frames = true.shape
    measured = np.empty_like(true)
    failed = np.zeros(rows * columns, np.int64)
    for pixel in numba.prange(rows * columns):
        row, column = pixel // columns, pixel % columns
        polynomial = coefficients[row, column]
        for frame in range(frames):
            target = true[row, column, frame]
            x = target
            step = np.inf
            for _ in range(ITERATIONS):
                value, slope = 0.0, 0.0
                for order in range(polynomial.size - 1, -1, -1):
                    slope = slope * x + value
                    value = value * x + polynomial[order]
                step = (value - target) / slope if slope != 0.0 else np.inf
                x -= step
                if not abs(step) > TOLERANCE * max(1.0, abs(x)):
                    break
            if not abs(step) <= TOLERANCE * max(1.0, abs(x)):
                failed[pixel] += 1
            measured[row, column, frame] = x
    return measured, failed.sum() == 0
