"""The conformal step on a network's quantiles: how far the limits must widen to hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from spectramind_calib.uncertainty.bins import instruments, per_instrument
from spectramind_calib.uncertainty.gaussian_sigma import second_moment
from spectramind_calib.uncertainty.rescale import MIN_FACTOR, with_sigma
from spectramind_calib.uncertainty.scores import pooled_quantiles, quantiles
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context
from spectramind_core.contracts import Intervals, Prediction


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


@dataclass(frozen=True)
class Correction:
    """What makes a network's limits hold, learnt from planets that the network never saw."""

    levels: F8
    """``[level]``: nominal coverages."""
    factor: F8
    """``[level, wave]``: by how much limits must be further from the median."""
    sigma_factor: F8
    """``[instrument]``: what the limits' second moment lacks to be of greatest likelihood."""

    @classmethod
    def learn(
        cls,
        found: Quantiles,
        residuals: F8,
        levels: Sequence[float],
        weights: F8,
        *,
        per_bin: bool,
        ctx: Context,
    ) -> Correction:
        """Take conformal quantiles of the scores, of each bin or of an instrument's bins together.

        Parameters
        ----------
        found, residuals
            Of planets that the network never saw; ``residuals [planet, wave]`` in sigma.
        weights
            ``[wave]``: of each bin where bins are pooled.
        """
        factor = _factor(scores_of(found, residuals), levels, weights, per_bin=per_bin, ctx=ctx)
        square = (residuals / _moment(found, factor, np.array(levels))) ** 2
        lacking = []
        for part in instruments(residuals.shape[1]):
            known = square[:, part][np.isfinite(square[:, part])]
            lacking.append(np.sqrt(known.mean()) if known.size else 1.0)
        return cls(np.array(levels), factor, np.maximum(lacking, MIN_FACTOR))

    def applied(self, prediction: Prediction, found: Quantiles) -> Prediction:
        """The prediction with intervals, and sigma from their second moment about mu."""
        lower, upper = widened(found, self.factor)
        mu, sigma = prediction.mu[:, None, :], prediction.sigma[:, None, :]
        intervals = Intervals(
            coverage=self.levels, lower=mu + lower * sigma, upper=mu + upper * sigma
        )
        scale = _moment(found, self.factor, self.levels)
        scale = scale * per_instrument(self.sigma_factor, prediction.wavelength.size)
        return with_sigma(prediction.replace(intervals=intervals), prediction.sigma * scale)

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, F8]) -> Correction:
        """The correction whose `arrays` are among these."""
        return cls(**{field.name: arrays[field.name] for field in fields(cls)})


def _moment(found: Quantiles, factor: F8, levels: F8) -> F8:
    """``[planet, wave]``, in sigma."""
    lower, upper = widened(found, factor)
    return np.maximum(second_moment(lower, upper, levels), MIN_FACTOR)


def _factor(scores: F8, levels: Sequence[float], weights: F8, *, per_bin: bool, ctx: Context) -> F8:
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
