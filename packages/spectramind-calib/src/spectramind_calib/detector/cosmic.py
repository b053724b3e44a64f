"""Cosmic rays: charge that appears in one pixel and one ramp.

A hit stands above the same pixel's ramps before and after it by many standard deviations, which
neither the star nor pointing jitter does.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool

TO_SIGMA = float(np.sqrt(np.pi) / 2)
"""Mean absolute difference of neighbours to standard deviation of one sample."""


def find(signal: F8, threshold: float) -> Bool:
    """Samples that exceed both neighbours in time by `threshold` standard deviations.

    Parameters
    ----------
    signal
        ``[row, column, pair]`` electrons.
    threshold
        In standard deviations of the pixel, estimated from differences of neighbours in time.
    """
    if signal.shape[-1] < 3:
        return np.zeros(signal.shape, bool)
    sigma = TO_SIGMA * np.abs(np.diff(signal)).mean(-1, keepdims=True)
    before, after = _neighbours(signal)
    return np.asarray((signal - np.maximum(before, after) > threshold * sigma) & (sigma > 0))


def undo(signal: F8, hits: Bool) -> F8:
    """`signal` with hits replaced by the mean of their neighbours in time."""
    before, after = _neighbours(signal)
    return np.where(hits, (before + after) / 2, signal)


def _neighbours(signal: F8) -> tuple[F8, F8]:
    """The samples before and after; at the ends, the two nearest on the one side there is."""
    before, after = np.roll(signal, 1, -1), np.roll(signal, -1, -1)
    before[..., 0], after[..., -1] = signal[..., 2], signal[..., -3]
    return before, after
