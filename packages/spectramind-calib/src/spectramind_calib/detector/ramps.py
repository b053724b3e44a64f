"""Ramps: light accumulates from a reset, and is read at the start and at the end.

Correlated double sampling takes the difference of the two reads, in which everything that both
share cancels: the reset (kTC) offset and the light before the first read.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8


def apply(signal: F8, seconds: F8) -> F8:
    """The two reads of each ramp.

    Parameters
    ----------
    signal
        ``[row, column, pair]`` electrons gathered between the two reads.
    seconds
        ``[frame]`` time since the reset at each read; even frames start a ramp, odd ones end it.

    Returns
    -------
    ``[row, column, frame]`` electrons since the reset, without the reset's own offset.
    """
    start, end = seconds[0::2], seconds[1::2]
    reads = np.empty((*signal.shape[:-1], 2 * signal.shape[-1]))
    reads[..., 0::2] = signal * (start / (end - start))
    reads[..., 1::2] = signal * (end / (end - start))
    return reads


def mid_exposure(time: F8, seconds: F8) -> F8:
    """When the light of each pair arrived on average, ``[pair]`` hours.

    Time stamps are the start of an integration, so the light of a pair is centred half its longer
    integration after the mean of its two stamps.

    Parameters
    ----------
    time
        ``[frame]`` hours.
    seconds
        ``[frame]`` time since the reset.
    """
    frames = time.size // 2 * 2
    middle: F8 = (time[0:frames:2] + time[1:frames:2]) / 2
    return middle + seconds[1:frames:2] / 2 / 3600


def undo(reads: F8) -> F8:
    """Odd frames minus even frames; an unpaired last frame is dropped."""
    frames = reads.shape[-1] // 2 * 2
    return reads[..., 1:frames:2] - reads[..., 0:frames:2]
