"""Where the spectrograph's bins lie in a spectrum, and maps over them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from spectramind_core.arrays import F8

PHOTOMETER_END = 1.1
"""Micron: FGS1 ends at 0.8 and AIRS-CH0 begins at 1.95."""


def airs_start(wavelength: F8) -> int:
    """Index of the first AIRS bin: FGS1 is no neighbour of the bins that follow it."""
    return int(np.searchsorted(wavelength, PHOTOMETER_END))


def spread(values: Tensor, wavelength: F8, *, margin: int = 0) -> Tensor:
    """Put values of AIRS bins on the whole grid, zero elsewhere.

    Parameters
    ----------
    values
        ``[planet, AIRS bins - 2 margin]``.
    margin
        Bins at either end of AIRS that have no value.
    """
    return torch.nn.functional.pad(values, (airs_start(wavelength) + margin, margin))
