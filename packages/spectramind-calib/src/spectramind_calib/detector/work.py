"""What touches every sample, as the two detector calibrations do it: the border between them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import RawInstrument

Counts = TypeVar("Counts")
"""A backend's own form of raw counts ``[row, column, frame]``."""


def middle(pixels: int) -> float:
    """Where second moments count from along an axis of so many pixels, so that they are small."""
    return (pixels - 1) / 2


@dataclass(frozen=True)
class Weighing:
    """How pixels are summed; each ``[row, column]`` of the columns worked on."""

    usable: Bool
    """Pixels that are worked on at all."""
    weights: F8
    """Of the flux; zero where a pixel does not count."""
    core: Bool
    """Pixels that hold the star's light, and so tell where the image is."""


@dataclass(frozen=True)
class Sums:
    """What one pass over the counts gives."""

    flux: npt.NDArray[np.floating]
    """``[column, pair]`` weighted electrons of one ramp."""
    moments: F8
    """``[5, pair]``: light of the core, it times detector row and column, and it times the squares
    of their distances from the detector's middle."""
    mean: F8
    """``[row, column]`` mean electrons of one ramp; zero where a pixel is not usable."""
    cosmic_rays: npt.NDArray[np.int64]
    """Samples repaired, ``[pair]``."""
    saturated: npt.NDArray[np.int64]
    """Ramps with a read at the converter's limit, ``[row, column]``."""
    lost: Bool
    """``[column, pair]``: a pixel that counts was saturated, so the flux is not to be used."""


@dataclass(frozen=True)
class Backend(Generic[Counts]):
    """The work on samples, which is worth having in two versions."""

    load: Callable[[RawInstrument, slice, slice], Counts]
    """Counts of a range of detector columns and a range of frames."""
    sample: Callable[[Counts, npt.NDArray[np.int64]], Counts]
    """The same of some of their pairs alone."""
    sums: Callable[[RawInstrument, Counts, slice, F8, InstrumentOptions, Weighing], Sums]
    """Counts of these columns, read so many seconds ``[frame]`` after the reset, corrected and
    summed."""
