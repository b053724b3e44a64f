"""From pixels to flux: weighted sums that a missing pixel does not bias.

References
----------
Horne 1986, "An optimal extraction algorithm for CCD spectroscopy", PASP 98, 609 (table 1, step 8).
"""

from __future__ import annotations

import numpy as np

from spectramind_calib.detector import pixels
from spectramind_core.arrays import F8, Bool

MISSING = 0.9
"""The largest share of a column's light that its unusable pixels are believed to hold."""

ROUNDS = 4
"""Of filling holes from their neighbours; each leaves a few hundredths of the error before it."""


def profile(mean: F8, usable: Bool) -> F8:
    """How the light of each detector column is shared among its rows: sums to 1 over rows.

    A pixel that cannot be used is given the share that its neighbours along the trace have, so
    that leaving it out of a weighted sum does not bias it.

    Parameters
    ----------
    mean
        ``[row, column]`` mean electrons per pair, background subtracted.
    usable
        ``[row, column]``.

    Returns
    -------
    ``[row, column]``; zero in columns without any light.
    """
    known = np.where(usable, mean, 0.0)
    total = known.sum(0)
    seen = known / np.where(total > 0, total, 1.0)
    share = pixels.fill_along_rows(seen, ~usable)
    for _ in range(ROUNDS):
        # A hole made its column's total too small, and so the shares that holes beside it are
        # given too large; the share filled in corrects both.
        missing = np.clip(np.where(usable, 0.0, share).sum(0), 0.0, MISSING)
        share = pixels.fill_along_rows(np.where(usable, seen * (1 - missing), share), ~usable)
    norm = share.sum(0)
    result: F8 = share / np.where(norm > 0, norm, 1.0)
    return result


def optimal_weights(profile: F8, usable: Bool, pixel_variance: F8) -> F8:
    """Weights ``[row, column]`` of the least-variance unbiased estimate of each column's flux.

    ``w = (P / V) / sum(P^2 / V)`` (Horne 1986), so that ``sum(w P) = 1`` over usable pixels.
    """
    raw = np.where(usable, profile / pixel_variance, 0.0)
    return raw * normalisation(raw, profile)


def sum_weights(profile: F8, usable: Bool) -> F8:
    """Weights of the plain sum, scaled up for the light that unusable pixels would have held."""
    return usable * normalisation(usable.astype(float), profile)


def normalisation(weights: F8, profile: F8) -> F8:
    """Factor ``[column]`` with which ``sum(w P) = 1``: what is left out biases no flux.

    Zero where no light is caught.
    """
    caught = (weights * profile).sum(0)
    result: F8 = np.where(caught > 0, 1 / np.where(caught > 0, caught, 1.0), 0.0)
    return result


def extract(signal: F8, weights: F8) -> F8:
    """Weighted sum over rows: ``[row, column, pair]`` to ``[column, pair]`` electrons."""
    result: F8 = np.einsum("rct,rc->ct", signal, weights, optimize=True)
    return result


def variance(weights: F8, pixel_variance: F8) -> F8:
    """Variance ``[column]`` of the extracted flux of one pair, electrons^2."""
    result: F8 = (weights**2 * pixel_variance).sum(0)
    return result
