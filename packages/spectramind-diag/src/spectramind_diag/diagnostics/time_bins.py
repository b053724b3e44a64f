"""Light curves on one grid of time bins, so that planets can be compared and shown."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8


def grid(times: list[F8], points: int) -> F8:
    """``[points + 1]`` edges, hours, that hold all the time stamps."""
    first, last = min(t[0] for t in times), max(t[-1] for t in times)
    return np.linspace(first, max(last, first + 1e-6), points + 1)


def binned(time: F8, values: F8, edges: F8, weights: F8 | None = None) -> tuple[F8, F8]:
    """Weighted mean ``[bin]`` of values that are finite and the weight in each bin; NaN if none."""
    weight = np.ones_like(values) if weights is None else weights
    good = np.isfinite(values) & np.isfinite(weight)
    at = np.clip(np.searchsorted(edges, time, side="right") - 1, 0, edges.size - 2)[good]
    size = edges.size - 1
    total: F8 = np.bincount(at, weight[good], minlength=size).astype(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(at, weight[good] * values[good], minlength=size) / total
    return np.where(total > 0, mean, np.nan), total.astype(float)


def autocorrelation(values: F8, lags: int) -> F8:
    """``[lags + 1]`` autocorrelation of a series, lag 0 first; gaps count as the mean."""
    finite = np.isfinite(values)
    if not finite.any():
        return np.full(lags + 1, np.nan)
    centred = np.where(finite, values - values[finite].mean(), 0.0)
    size = 2 ** int(np.ceil(np.log2(centred.size + lags + 1)))
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    found: F8 = np.fft.irfft(power, size)[: lags + 1]
    return found / found[0] if found[0] > 0 else np.full(lags + 1, np.nan)


def allan(values: F8, sizes: tuple[int, ...]) -> F8:
    """Scatter of means of 1, 2, 4 … successive samples; NaN where fewer than four means are left.

    References
    ----------
    Pont, Zucker & Queloz 2006, MNRAS 373, 231; Winn et al. 2008, ApJ 683, 1076 (time-averaging).
    """
    finite = values[np.isfinite(values)]
    found = np.full(len(sizes), np.nan)
    for index, size in enumerate(sizes):
        blocks = finite.size // size
        if blocks >= 4:
            found[index] = finite[: blocks * size].reshape(blocks, size).mean(axis=1).std()
    return found
