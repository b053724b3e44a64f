"""The analogue-to-digital converter: electrons to 16-bit counts.

``counts = floor((electrons - offset) * gain)``, clipped to what 16 bits hold.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8

FULL_SCALE = 65535
"""The largest count; a sample that reaches it is saturated."""


def apply(electrons: F8, gain: float, offset: float) -> npt.NDArray[np.uint16]:
    """Digitise.

    Parameters
    ----------
    electrons
        Any shape.
    gain
        Counts per electron.
    offset
        Electrons that read as zero counts.
    """
    counts = np.floor((electrons - offset) * gain)
    return np.clip(counts, 0, FULL_SCALE).astype(np.uint16)


def exact(electrons: F8, gain: float, offset: float) -> npt.NDArray[np.float32]:
    """What `apply` rounds and clips: no converter gives this, but inverses are tested with it."""
    return ((electrons - offset) * gain).astype(np.float32)


def undo(counts: npt.NDArray[Any], gain: float, offset: float) -> F8:
    """Electrons of counts, any shape.

    Rounding down loses half a count on average; both reads of a ramp lose it, so that it cancels.
    """
    return np.asarray(counts, float) / gain + offset
