"""Time bins: means over neighbouring pairs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8


def pairs_per_bin(pairs: int, time_bins: int) -> int:
    """How many pairs make a bin so that a visit has about `time_bins` of them."""
    return max(1, pairs // time_bins)


def edges(pairs: int, per_bin: int) -> npt.NDArray[np.int64]:
    """First pair of each bin, ``[bin]``; under half a bin of remainder joins the last one."""
    starts = np.arange(0, pairs, per_bin)
    if len(starts) > 1 and pairs - starts[-1] < (per_bin + 1) // 2:
        starts = starts[:-1]
    return starts


def mean(values: F8, starts: npt.NDArray[np.int64]) -> F8:
    """Mean over each bin of the last axis: ``[..., pair]`` to ``[..., bin]``."""
    result: F8 = np.add.reduceat(values, starts, axis=-1) / sizes(values.shape[-1], starts)
    return result


def sizes(pairs: int, starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs in each bin."""
    return np.diff(np.append(starts, pairs))
