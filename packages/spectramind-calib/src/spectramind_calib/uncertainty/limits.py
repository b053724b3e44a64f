"""Conformal limits of normalised residuals, with a sound way out for bins that have none."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectramind_calib.uncertainty.bins import instruments
from spectramind_calib.uncertainty.rescale import MIN_FACTOR
from spectramind_calib.uncertainty.scores import pooled_quantiles, quantiles, ranges
from spectramind_core.arrays import F8
from spectramind_core.components import Context


def bin_limits(residuals: F8, levels: Sequence[float], *, symmetric: bool) -> tuple[F8, F8]:
    """Limits of each bin by itself, each ``[level, wave]``; infinite where planets are too few.

    Parameters
    ----------
    residuals
        ``[planet, wave]``, in units of whatever scales the limits later; NaN is no planet.
    """
    if symmetric:
        half = quantiles(np.abs(residuals), levels)
        return -half, half
    return ranges(residuals, levels)


def pooled_limits(
    residuals: F8, levels: Sequence[float], weights: F8, *, symmetric: bool
) -> tuple[F8, F8]:
    """Limits common to all bins of an instrument, each ``[level, wave]``.

    Averaged over bins they hold ``[c, c + 1 / (n + 1)]`` of a new planet's residuals if symmetric,
    ``[c, c + 2 / (n + 1)]`` otherwise: each end is then a quantile with a share of its own for the
    new planet.
    """
    lower = np.empty((len(levels), residuals.shape[1]))
    upper = np.empty_like(lower)
    tails = [0.5 + level / 2 for level in levels]
    for part in instruments(residuals.shape[1]):
        some, weight = residuals[:, part], weights[part]
        if symmetric:
            high = low = pooled_quantiles(np.abs(some), levels, weight)
        else:
            high = pooled_quantiles(some, tails, weight)
            low = pooled_quantiles(-some, tails, weight)
        lower[:, part], upper[:, part] = -low[:, None], high[:, None]
    return lower, upper


def sound_limits(
    lower: F8, upper: F8, residuals: F8, levels: Sequence[float], weights: F8, *, ctx: Context
) -> tuple[F8, F8]:
    """The limits, those of unusable bins replaced by the pooled limits of all bins, and reported.

    A bin is unusable where its limits are infinite (no usable residuals) or coincide (constant
    residuals, from which no width can be learnt).
    """
    width = upper - lower
    bad = ~np.isfinite(width).all(axis=0) | (width <= 0).any(axis=0)
    if not bad.any():
        return lower, upper
    ctx.log.warning(
        "%s: %d bins have no usable residuals (first: bin %d); they take the limits of all bins",
        "/".join(ctx.names) or "uncertainty",
        int(bad.sum()),
        int(np.flatnonzero(bad)[0]),
    )
    half = pooled_quantiles(np.abs(residuals), levels, weights)
    half = np.maximum(np.where(np.isfinite(half), half, 0), MIN_FACTOR)[:, None]
    return np.where(bad, -half, lower), np.where(bad, half, upper)
