"""Pointing jitter: light that moves between pixels, and what of it stays in the flux.

References
----------
Deming et al. 2015, "Spitzer secondary eclipses ... by pixel-level decorrelation", ApJ 805, 132.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import median_filter

from spectramind_calib.detector import noise
from spectramind_core.arrays import F8

NEIGHBOURS = 41
"""Columns over which the response to movement is nearly the same share of the light."""

STILL = 1e-6
"""Pixels, or their squares: an image that moves less than this stands still."""

TELLING = 1024
"""Pairs that tell the noise of a column to 3 %."""

OUTLYING = 4.0
"""Standard deviations beyond which a column's response is its own: a bad pixel near the trace."""


def centroids(moments: F8) -> F8:
    """Flux-weighted mean positions ``[2, pair]`` along rows and columns, pixels.

    Parameters
    ----------
    moments
        ``[3, pair]``: light, and light times row and column. Only pixels that hold starlight
        should count: the others add nothing but read noise, times their distance.
    """
    lit = moments[0] > 0
    result: F8 = np.where(lit, moments[1:] / np.where(lit, moments[0], 1.0), 0.0)
    return result


def smooth(series: F8, window: int) -> F8:
    """Running mean over the last axis, shorter at the ends."""
    total = np.cumsum(np.pad(series, [(0, 0)] * (series.ndim - 1) + [(1, 0)]), axis=-1)
    low, high = _edges(series.shape[-1], window)
    result: F8 = (total[..., high] - total[..., low]) / (high - low)
    return result


def _edges(length: int, window: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where the running mean's window begins and ends around each sample."""
    half, index = max(1, window // 2), np.arange(length)
    return np.maximum(index - half, 0), np.minimum(index + half + 1, length)


def decorrelate(flux: F8, movement: F8, window: int) -> F8:
    """Remove what of the flux follows movements of the image, to second order.

    How the flux follows is learnt from what is faster than `window` pairs alone, so that a transit,
    which is slow, cannot be mistaken for it; what is learnt is then removed at all speeds, since
    a slow wander of the image changes the flux as a fast one does. Squares belong to it: weights
    that peak where the image does lose light whichever way it moves.

    Parameters
    ----------
    flux
        ``[column, pair]`` electrons.
    movement
        ``[vector, pair]``: centroids and their like.
    """
    if flux.shape[-1] < 4 * window:
        return flux
    # What moves is a share of the light, which a transit dims: movements count by the light.
    light = smooth(flux.sum(0), window)
    terms = _second_order(movement - movement.mean(-1, keepdims=True)) * (light / light.mean())
    fast = terms - smooth(terms, window)
    spread = fast.std(axis=-1)
    keep = spread > STILL
    if not keep.any():
        return flux
    design = fast[keep] / spread[keep, None]
    # What of the flux is fast is never formed: its product with the design is that of the flux
    # with the design once more made fast, by the transpose of the same smoothing.
    low, high = _edges(flux.shape[-1], window)
    again = design - (high - low) * smooth(design / (high - low), window)
    normal = np.einsum("ik,jk->ij", design, design)
    solution, *_ = np.linalg.lstsq(normal, np.einsum("ik,ck->ic", again, flux), rcond=None)
    centred = (terms[keep] - terms[keep].mean(-1, keepdims=True)) / spread[keep, None]
    some = slice(0, TELLING)
    left = noise.scatter(flux[:, some] - np.einsum("ic,ik->ck", solution, centred[:, some]))
    error = np.sqrt(np.diag(np.linalg.pinv(normal)))[:, None] * left
    solution = shrunk(solution, error, flux.mean(axis=-1))
    result: F8 = flux - np.einsum("ic,ik->ck", solution, centred)
    return result


def shrunk(response: F8, error: F8, light: F8) -> F8:
    """Responses to movement, each column's drawn towards its neighbours' as far as noise demands.

    What a column loses when the image moves is nearly the same share of its light as in the columns
    beside it; flats and interpolated pixels add something of its own, and a bad pixel near the
    trace much. A column's own response alone is so noisy that removing it at all speeds, slow ones
    included, would add more to a depth's error than it takes away. This is the posterior mean for a
    Gaussian spread about the running median, the spread being what the columns show beyond
    their errors; responses far outside it are kept.

    Parameters
    ----------
    response, error
        ``[term, column]`` electrons a unit of movement, in order of wavelength.
    light
        ``[column]`` mean electrons.

    References
    ----------
    Efron & Morris 1973, J. Am. Stat. Assoc. 68, 117: empirical Bayes estimates of many means.
    """
    if light.size < 2 * NEIGHBOURS or not np.all(light > 0):
        return response
    share, error = response / light, error / light
    common = median_filter(share, size=(1, NEIGHBOURS), mode="nearest")
    own = share - common
    seen = (1.4826 * np.median(np.abs(own), axis=1, keepdims=True)) ** 2
    spread = np.maximum(seen - np.median(error**2, axis=1, keepdims=True), 0.0)
    total = spread + error**2
    gain = np.where(own**2 > OUTLYING**2 * total, 1.0, spread / total)
    result: F8 = (common + gain * own) * light
    return result


def _second_order(vectors: F8) -> F8:
    """The vectors and all their products, ``[term, pair]``."""
    first, second = np.triu_indices(len(vectors))
    return np.concatenate([vectors, vectors[first] * vectors[second]])
