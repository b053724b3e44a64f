"""Pointing jitter: light that moves between pixels, and what of it stays in the flux.

References
----------
Deming et al. 2015, "Spitzer secondary eclipses ... by pixel-level decorrelation", ApJ 805, 132.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import noise
from spectramind_calib.detector.work import middle
from spectramind_core.arrays import F8

FEWEST = 80
"""Columns from which what they have in common can be told from what is each one's own."""

ORDER = 4
"""Of the polynomial over the columns that all share."""

ROUNDS = 5
"""Of weighing outlying columns down."""

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
        ``[5, pair]`` of `Sums`. Only pixels that hold starlight should count: the others add
        nothing but read noise, times their distance.
    """
    return _mean(moments, slice(1, 3))


def widths(moments: F8, shape: tuple[int, int]) -> F8:
    """Flux-weighted variances of position ``[2, pair]`` along rows and columns, pixels^2; from the
    `moments` of a detector of some `shape`."""
    place = centroids(moments) - np.array([[middle(pixels)] for pixels in shape])
    result: F8 = _mean(moments, slice(3, 5)) - place**2
    return result


def _mean(moments: F8, of: slice) -> F8:
    lit = moments[0] > 0
    result: F8 = np.where(lit, moments[of] / np.where(lit, moments[0], 1.0), 0.0)
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


def decorrelate(flux: F8, movement: F8, width: F8, window: int, expected: F8 | None = None) -> F8:
    """Remove what of the flux follows movements of the image, to second order, and its width.

    How the flux follows is learnt from what is faster than `window` pairs alone, so that a transit,
    which is slow, cannot be mistaken for it; what is learnt is then removed at all speeds, since
    a slow wander of the image changes the flux as a fast one does. Squares belong to it: weights
    that peak where the image does lose light whichever way it moves.

    Parameters
    ----------
    flux
        ``[column, pair]`` electrons.
    movement
        ``[vector, pair]``: centroids.
    width
        ``[vector, pair]``: widths; none to leave them out.
    window
        Pairs.
    expected
        ``[2, column]`` of the function of that name, for movement along one axis; without it every
        column follows as it itself shows.
    """
    if flux.shape[-1] < 4 * window:
        return flux
    # What moves is a share of the light, which a transit dims: movements count by the light.
    light = smooth(flux.sum(0), window)
    moved = _second_order(movement - movement.mean(-1, keepdims=True))
    spreading = width - width.mean(-1, keepdims=True)
    terms = np.concatenate([moved, spreading]) * (light / light.mean())
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
    if expected is not None:
        likely = np.zeros((len(terms), len(flux)))
        likely[: len(expected)] = expected
        units = likely[keep] * spread[keep, None]
        solution = shrunk(solution, error, flux.mean(axis=-1), units)
    result: F8 = flux - np.einsum("ic,ik->ck", solution, centred)
    return result


def expected(weights: F8, share: F8) -> F8:
    """How a column's flux should follow the image, ``[2, column]``: to first and second order.

    A small movement takes the profile along, of which the weights see what their holes let them;
    so the mean image itself tells which columns a bad pixel makes follow otherwise. Differences
    between rows fall short of slopes of so narrow an image, by a factor that columns share.

    Parameters
    ----------
    weights, share
        ``[row, column]``: of the flux, and how the light of a column is shared among its rows.
    """
    padded = np.pad(share, [(1, 1), (0, 0)], mode="edge")
    before, after = padded[:-2], padded[2:]
    slope, curvature = (after - before) / 2, after - 2 * share + before
    return np.stack([-(weights * slope).sum(0), (weights * curvature).sum(0) / 2])


def shrunk(response: F8, error: F8, light: F8, expected: F8) -> F8:
    """Responses to movement, each column's drawn towards what all have in common.

    What a column loses when the image moves is a share of its light that changes slowly over the
    columns, and as the image lets expect where pixels are missing; flats add something of its own,
    and a bad pixel near the trace much. A column's own response alone is so noisy that removing it
    at all speeds, slow ones included, would add more to a depth's error than it takes away. This is
    the posterior mean for a Gaussian spread about a robust fit of what is common, the spread being
    what the columns show beyond their errors; responses far outside it are kept.

    Parameters
    ----------
    response, error
        ``[term, column]`` electrons a unit of movement, in order of wavelength.
    light
        ``[column]`` mean electrons.
    expected
        ``[term, column]`` what the response should be like, up to a factor.

    References
    ----------
    Efron & Morris 1973, J. Am. Stat. Assoc. 68, 117: empirical Bayes estimates of many means.
    """
    if light.size < FEWEST or not np.all(light > 0):
        return response
    share, error = response / light, error / light
    common = np.stack([_common(*each) for each in zip(share, error, expected, strict=True)])
    own = share - common
    seen = (1.4826 * np.median(np.abs(own), axis=1, keepdims=True)) ** 2
    spread = np.maximum(seen - np.median(error**2, axis=1, keepdims=True), 0.0)
    total = spread + error**2
    gain = np.where(own**2 > OUTLYING**2 * total, 1.0, spread / total)
    result: F8 = (common + gain * own) * light
    return result


def _common(share: F8, error: F8, expected: F8) -> F8:
    """A robust fit of ``share [column]`` by a polynomial over the columns and what is expected."""
    along = np.linspace(-1, 1, share.size)
    own = expected - np.median(expected)
    basis = np.polynomial.legendre.legvander(along, ORDER).T
    if np.ptp(own) > 0:
        basis = np.concatenate([basis, own[None] / np.ptp(own)])
    safe = np.where(error > 0, error, np.inf if np.any(error > 0) else 1.0)
    weight, found = 1 / safe**2, np.zeros_like(share)
    for _ in range(ROUNDS):
        normal = np.einsum("ic,jc,c->ij", basis, basis, weight)
        solution, *_ = np.linalg.lstsq(normal, np.einsum("ic,c->i", basis, weight * share))
        found = np.einsum("i,ic->c", solution, basis)
        far = (share - found) / safe
        scale = 1.4826 * np.median(np.abs(far)) + 1e-12
        weight = 1 / (safe**2 * (1 + (far / (3 * scale)) ** 2))
    return found


def _second_order(vectors: F8) -> F8:
    """The vectors and all their products, ``[term, pair]``."""
    first, second = np.triu_indices(len(vectors))
    return np.concatenate([vectors, vectors[first] * vectors[second]])
