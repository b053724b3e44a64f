"""The conformal step on a network's quantiles: how far the limits must widen to hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spectramind_calib.uncertainty.bins import instruments
from spectramind_calib.uncertainty.rescale import MIN_FACTOR
from spectramind_calib.uncertainty.scores import pooled_quantiles, quantiles
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context


@dataclass(frozen=True)
class Quantiles:
    """A network's limits, in units of sigma."""

    median: F8
    """``[planet, 1, wave]``"""
    lower: F8
    """``[planet, level, wave]``"""
    upper: F8
    """``[planet, level, wave]``"""

    def of(self, rows: Array) -> Quantiles:
        """Some planets, by row."""
        return Quantiles(self.median[rows], self.lower[rows], self.upper[rows])

    def put(self, rows: Array, some: Quantiles) -> None:
        """Fill in some planets, by row."""
        self.median[rows], self.lower[rows], self.upper[rows] = some.median, some.lower, some.upper


def mean_of(every: Sequence[Quantiles]) -> Quantiles:
    """Quantiles of an ensemble: their mean, level by level."""
    return Quantiles(
        np.mean([q.median for q in every], axis=0),
        np.mean([q.lower for q in every], axis=0),
        np.mean([q.upper for q in every], axis=0),
    )


def scores_of(found: Quantiles, residuals: F8) -> F8:
    """``[planet, level, wave]``: distance from the median in units of the way to the limit.

    A residual on a limit scores 1, one at the median 0.

    Parameters
    ----------
    residuals
        ``[planet, wave]``, in units of sigma.
    """
    away = residuals[:, None] - found.median
    reach = np.where(away >= 0, found.upper - found.median, found.median - found.lower)
    result: F8 = np.abs(away) / reach
    return result


def correction(
    scores: F8, levels: Sequence[float], weights: F8, *, per_bin: bool, ctx: Context
) -> F8:
    """``[level, wave]``: conformal quantile of the scores of each level.

    Bins without usable scores take the quantile of all bins, which is reported.
    """
    found = np.empty((len(levels), scores.shape[2]))
    everywhere = np.empty((len(levels), 1))
    for i, level in enumerate(levels):
        some = scores[:, i]
        everywhere[i] = pooled_quantiles(some, [level], weights)[0]
        if per_bin:
            found[i] = quantiles(some, [level])[0]
            continue
        for part in instruments(some.shape[1]):
            found[i, part] = pooled_quantiles(some[:, part], [level], weights[part])[0]
    bad = (~np.isfinite(found) | (found <= 0)).any(axis=0)
    bad |= ~np.isfinite(scores).any(axis=(0, 1))
    if bad.any():
        ctx.log.warning("corel: %d bins have no usable residuals; all bins' serve", int(bad.sum()))
    everywhere = np.where(np.isfinite(everywhere), everywhere, 1.0)
    result: F8 = np.maximum(np.where(bad, everywhere, found), MIN_FACTOR)
    return result


def widened(found: Quantiles, factor: F8) -> tuple[F8, F8]:
    """Limits times ``factor [level, wave]`` about the median; a higher level holds a lower one."""
    lower = found.median - factor * (found.median - found.lower)
    upper = found.median + factor * (found.upper - found.median)
    return np.minimum.accumulate(lower, axis=1), np.maximum.accumulate(upper, axis=1)
