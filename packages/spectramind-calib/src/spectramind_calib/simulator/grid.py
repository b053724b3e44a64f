"""Wavelengths of the bins and of the detector's columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_core.contracts import N_BINS

FGS1_WAVELENGTH = {2024: 0.705, 2025: 0.700}
AIRS_COLUMNS = 356
FIRST_COLUMN = 39
"""The reddest bin's detector column; the detector's wavelength falls from column to column."""


def detector_wavelength() -> F8:
    """``[356]`` micron, descending from 4.08 to 1.63, so that columns 320..39 span the bins.

    The dispersion falls off slightly towards the blue; two real columns and both ends are met.
    """
    column = np.arange(AIRS_COLUMNS)
    known = np.array([0.0, 39.0, 320.0, 355.0])
    wavelength = np.array([4.0785, 3.8950, 1.9518, 1.6333])
    result: F8 = np.polynomial.Polynomial.fit(known, wavelength, 3)(column)
    return result


def bin_columns() -> npt.NDArray[np.int64]:
    """``[282]``: the detector column of each AIRS bin, by ascending wavelength."""
    return np.arange(FIRST_COLUMN, FIRST_COLUMN + N_BINS - 1)[::-1].copy()


def bin_wavelength(edition: int) -> F8:
    """``[283]`` micron: FGS1, then AIRS."""
    return np.concatenate([[FGS1_WAVELENGTH[edition]], detector_wavelength()[bin_columns()]])
