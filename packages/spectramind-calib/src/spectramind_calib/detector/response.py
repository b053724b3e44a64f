"""How a spectrometer's flux follows its image: what the image lets expect, and what is seen of it.

References
----------
Efron & Morris 1973, J. Am. Stat. Assoc. 68, 117: empirical Bayes estimates of many means.
Schwarz 1978, Ann. Stat. 6, 461: the probability of a model, to leading order.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import make_interp_spline
from scipy.special import expit

from spectramind_calib.detector.noise import MAD_TO_SIGMA, scatter
from spectramind_core.arrays import F8, Bool

DEGREE = 7
"""Of the spline through the rows: it finds slopes and curvatures of so narrow an image to 1 %."""

SEEN = 0.5
"""Of a movement the centroid has to show, or the core does not hold the image."""

FEWEST = 80
"""Columns from which what they have in common can be told from what is each one's own."""

ORDER = 4
"""Of the polynomial over the columns that all share."""

ROUNDS = 5
"""Of weighing outlying columns down."""

OUTLYING = 4.0
"""Standard deviations beyond which a column's response is its own: a bad pixel near the trace."""

ROUNDING = 1e-8
"""Noise that single precision adds, relative to the light: none is believed to have less."""


def expected(weights: F8, share: F8, light: F8, image: F8, core: Bool) -> F8:
    """How a column's flux should follow the centroid along rows, to first and second order.

    A movement takes the profile along, of which the weights see what their holes let them. So the
    mean image tells what a pixel of movement does to the flux, and to the centroid.

    Parameters
    ----------
    weights, share
        ``[row, column]``: of the flux, and how the light of a column is shared among its rows.
    light
        ``[column]`` mean electrons of the star.
    image
        ``[row, column]`` mean electrons, background included.
    core
        ``[row, column]``: the pixels that the centroid is of.

    Returns
    -------
    ``[2, column]``, relative to the flux, by pixels and by their squares; zero where there are too
    few rows to tell, or no image.
    """
    nothing, caught = np.zeros((2, share.shape[1])), np.where(core, image, 0.0).sum(1)
    if len(share) <= DEGREE or not caught.sum() > 0:
        return nothing
    rows = np.arange(len(share), dtype=float)
    through = make_interp_spline(rows, share, k=DEGREE)
    orders = (-through.derivative(1)(rows), through.derivative(2)(rows) / 2)
    slope, bend = ((weights * order).sum(0) for order in orders)
    # The centroid is a quotient: its first and second order in the movement.
    from_centre = rows - (rows * caught).sum() / caught.sum()
    moved = np.stack([np.where(core, order * light, 0.0).sum(1) for order in orders])
    gain, curved = (moved * from_centre).sum(1) / caught.sum()
    if gain < SEEN:
        return nothing
    curved -= gain * moved[0].sum() / caught.sum()
    return np.stack([slope / gain, (bend - slope * curved / gain) / gain**2])


def shrunk(seen: F8, expected: F8, noise: F8, per_noise: F8) -> tuple[F8, F8]:
    """Responses that were seen, drawn towards those expected; and their variances.

    A column's own response is so noisy, and so is what all have in common (since they flicker
    together), that removing it at all speeds, slow ones included, would add more to a depth's error
    than it takes away. What the image lets expect has next to no noise. Differences from it are of
    two kinds, each kept as far as it stands out from noise: a polynomial over the columns, robustly
    fitted, by the probability that there is one; and what is a column's own (flats err), by the
    posterior mean for a Gaussian spread, which is what the columns show beyond their errors. Those
    far outside it are kept: a bad pixel near the trace.

    Parameters
    ----------
    seen, expected
        ``[term, column]``, in order of wavelength.
    noise
        ``[column, pair]``: that of the flux from pair to pair; whatever is slow does not matter.
    per_noise
        ``[term]``: variance of a response where that of the noise is 1.
    """
    away = seen - expected
    second = np.diff(noise, n=2)
    white = np.maximum(scatter(noise), ROUNDING) ** 2
    along = np.linspace(-1, 1, white.size)
    basis = np.asarray(np.polynomial.legendre.legvander(along, ORDER).T, float)
    result, variance = np.empty_like(away), np.empty_like(away)
    for term, own in enumerate(away):
        error: F8 = np.sqrt(per_noise[term] * white)
        found, projection = _robust(basis, own, error)
        common = np.einsum("ic,ck->ik", projection, second)
        # Second differences of white noise have six times its variance.
        among = np.einsum("ik,jk->ij", common, common) / (6 * common.shape[1])
        among = per_noise[term] * (among + ROUNDING**2 * np.eye(len(basis)))
        polynomial, likely = found @ basis, _needed(found, among, noise.shape[1])
        rest = own - polynomial
        typical = (MAD_TO_SIGMA * np.median(np.abs(rest))) ** 2
        spread = max(typical - float(np.median(error)) ** 2, 0.0)
        gain = spread / (spread + error**2)
        gain[rest**2 > OUTLYING**2 * (spread + error**2)] = 1.0
        result[term] = expected[term] + likely * polynomial + gain * rest
        doubt = np.einsum("ic,ij,jc->c", basis, among, basis) + (1 - likely) * polynomial**2
        variance[term] = (1 - gain) ** 2 * likely * doubt + gain * error**2
    return result, variance


def _needed(coefficients: F8, covariance: F8, samples: int) -> float:
    """Probability that coefficients differ from zero at all, by Schwarz's criterion."""
    gain = coefficients @ np.linalg.solve(covariance, coefficients)
    return float(expit((gain - coefficients.size * np.log(samples)) / 2))


def _robust(basis: F8, values: F8, error: F8) -> tuple[F8, F8]:
    """Coefficients of ``basis [term, column]`` that fit ``values [column]``, outliers weighed down;
    and the matrix ``[term, column]`` that takes values to coefficients."""
    weight = error**-2.0
    for _ in range(ROUNDS):
        normal = np.einsum("ic,jc,c->ij", basis, basis, weight)
        projection = np.linalg.solve(normal, basis * weight)
        far = (values - values @ projection.T @ basis) / error
        scale = MAD_TO_SIGMA * np.median(np.abs(far)) + 1e-12
        weight = error**-2.0 / (1 + (far / (3 * scale)) ** 2)
    return projection @ values, projection
