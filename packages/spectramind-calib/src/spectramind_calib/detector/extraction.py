"""From pixels to flux: weighted sums that a missing pixel does not bias.

References
----------
Horne 1986, "An optimal extraction algorithm for CCD spectroscopy", PASP 98, 609 (table 1, step 8).
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool


def optimal_weights(profile: F8, usable: Bool, pixel_variance: F8) -> F8:
    """Weights ``[row, column]`` of the least-variance unbiased estimate of each column's flux.

    ``w = (P / V) / sum(P^2 / V)`` (Horne 1986), so that ``sum(w P) = 1`` over usable pixels.
    """
    safe = np.where(usable, pixel_variance, np.inf)
    return _normalised(profile / safe, profile, usable)


def sum_weights(profile: F8, usable: Bool) -> F8:
    """Weights of the plain sum, scaled up for the light that unusable pixels would have held."""
    return _normalised(usable.astype(float), profile, usable)


def _normalised(raw: F8, profile: F8, usable: Bool) -> F8:
    raw = np.where(usable, raw, 0.0)
    caught = (raw * profile).sum(0)
    result: F8 = np.where(caught > 0, raw / np.where(caught > 0, caught, 1.0), 0.0)
    return result


def pixel_variance(mean: F8, read_noise: F8) -> F8:
    """Variance of one pixel in one pair: photon noise and two reads, electrons^2."""
    result: F8 = np.maximum(mean, 0) + 2 * read_noise**2
    return result


def extract(signal: F8, weights: F8) -> F8:
    """Weighted sum over rows: ``[row, column, pair]`` to ``[column, pair]`` electrons."""
    result: F8 = np.einsum("rct,rc->ct", signal, weights, optimize=True)
    return result


def variance(weights: F8, pixel_variance: F8) -> F8:
    """Variance ``[column]`` of the extracted flux of one pair, electrons^2."""
    result: F8 = (weights**2 * pixel_variance).sum(0)
    return result
