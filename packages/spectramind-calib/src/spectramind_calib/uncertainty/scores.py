"""Nonconformity scores and their finite-sample quantiles.

With ``n`` exchangeable calibration planets, the score of a new one lies at or below the ``k``-th
smallest of theirs with probability ``k / (n + 1)`` if scores have no ties. ``k = ceil((n + 1) c)``
therefore promises a coverage between ``c`` and ``c + 1 / (n + 1)``.

References
----------
Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World.
Lei et al. 2018, "Distribution-free predictive inference for regression", JASA 113, 1094.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.errors import DataError

ROUNDING = 1e-9
"""``(n + 1) c`` may exceed a whole number by this much through rounding alone."""


def rank(planets: int, coverage: float) -> int:
    """The ``k`` whose ``k``-th smallest of ``planets`` scores promises `coverage`."""
    return math.ceil((planets + 1) * coverage - ROUNDING)


def planets_needed(coverage: float, *, tails: int = 1) -> int:
    """Fewest calibration planets that can promise `coverage`.

    Parameters
    ----------
    tails
        Ends of an interval that are order statistics: 1 of a symmetric interval, 2 of another.
    """
    n = max(tails, math.floor(tails / (1 - coverage)) - 2)
    while rank(n, coverage) > n + 1 - tails:
        n += 1
    return n


def require_planets(planets: int, levels: Sequence[float], *, tails: int = 1, where: str) -> None:
    """Raise DataError if the highest of `levels` takes more planets than there are."""
    needed = planets_needed(max(levels), tails=tails)
    if planets < needed:
        raise DataError(
            f"{planets} calibration planets cannot promise {max(levels):.4g} coverage",
            where=where,
            hint=f"it takes {needed}: raise data.split.calibration, or ask for lower levels",
        )


def quantiles(scores: F8, levels: Sequence[float]) -> F8:
    """Conformal quantiles of each bin, ``[level, wave]``.

    Parameters
    ----------
    scores
        ``[planet, wave]``; NaN is no planet. A bin with too few planets comes out infinite.
    """
    ordered, counts = _ordered(scores)
    return np.stack([_at(ordered, [rank(n, level) for n in counts]) for level in levels])


def ranges(residuals: F8, levels: Sequence[float]) -> tuple[F8, F8]:
    """Lower and upper conformal limits of each bin, ``[level, wave]``, as order statistics.

    The planets beyond the limits are shared out equally below and above; between them lie ``k``
    of the ``n + 1`` gaps, so that the promise is as tight as that of a symmetric score.
    """
    ordered, counts = _ordered(residuals)
    low, high = [], []
    for level in levels:
        inside = [rank(n, level) for n in counts]
        below = [(n + 1 - k) // 2 for n, k in zip(counts, inside, strict=True)]
        low.append(_at(ordered, below))
        high.append(_at(ordered, [b + k for b, k in zip(below, inside, strict=True)]))
    return np.stack(low), np.stack(high)


def pooled_quantiles(scores: F8, levels: Sequence[float], weights: F8) -> F8:
    """Conformal quantiles over planets and bins together, ``[level]``.

    Every planet has weight ``1 / (n + 1)``, shared by its bins; the last share is the new planet's
    and lies at infinity. Coverage averaged over bins is then at least the level.

    Parameters
    ----------
    scores
        ``[planet, wave]``; NaN has no weight.
    weights
        ``[wave]``: share of each bin in its planet.
    """
    share = np.where(np.isfinite(scores), weights, 0.0)
    total = share.sum(axis=1)
    used = total > 0
    if not used.any():
        return np.full(len(levels), np.inf)
    share = share[used] / total[used, None] / (used.sum() + 1)
    flat = scores[used].ravel()
    order = np.argsort(flat)
    reached = np.cumsum(share.ravel()[order])
    at = np.searchsorted(reached, np.asarray(levels) - ROUNDING)
    return np.append(flat[order], np.inf)[at]


def _ordered(scores: F8) -> tuple[F8, list[int]]:
    known = np.isfinite(scores)
    return np.sort(np.where(known, scores, np.inf), axis=0), known.sum(axis=0).tolist()


def _at(ordered: F8, ranks: Sequence[int]) -> F8:
    """The ranks-th smallest of each bin; rank 0 is minus infinity, beyond the last is infinity."""
    waves = ordered.shape[1]
    padded = np.vstack([np.full(waves, -np.inf), ordered, np.full(waves, np.inf)])
    return padded[np.minimum(ranks, len(ordered) + 1), np.arange(waves)]
