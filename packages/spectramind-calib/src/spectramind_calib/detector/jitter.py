"""Pointing jitter: light that moves between pixels, and what of it stays in the flux.

References
----------
Deming et al. 2015, "Spitzer secondary eclipses ... by pixel-level decorrelation", ApJ 805, 132.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import binning, response
from spectramind_calib.detector.noise import scatter
from spectramind_calib.detector.work import middle
from spectramind_core.arrays import F8

STILL = 1e-5
"""Pixels, or their squares: an image that moves less than this stands still. Single precision
moves a centroid by a tenth of it."""

TELLING = 1024
"""Pairs that tell the noise of a column to 3 %."""


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


@dataclass(frozen=True)
class Following:
    """What of the flux follows the image."""

    terms: F8
    """``[term, pair]``: movements, their squares and widths, about their means; scaled."""
    response: F8
    """``[term, column]``: electrons for a unit of each term."""
    variance: F8
    """Of the responses, as they."""

    def flux(self, some: slice = slice(None)) -> F8:
        """``[column, pair]`` electrons to take away, of `some` pairs."""
        return self._following(self.terms[:, some])

    def mean(self, starts: npt.NDArray[np.int64]) -> F8:
        """The mean of `flux` over time bins that begin at `starts`, ``[column, bin]``."""
        return self._following(binning.mean(self.terms, starts))

    def _following(self, terms: F8) -> F8:
        result: F8 = np.einsum("ic,ik->ck", self.response, terms)
        return result

    def doubt(self, starts: npt.NDArray[np.int64]) -> F8:
        """Variance ``[column, bin]`` of what `mean` gives.

        Longer bins have no less of it: a response that is wrong is wrong in the same way all along.
        """
        terms = binning.mean(self.terms, starts)
        result: F8 = np.einsum("ic,ib->cb", self.variance, terms**2)
        return result


def following(
    flux: F8, movement: F8, width: F8, window: int, expected: F8 | None = None
) -> Following | None:
    """What of the flux follows movements of the image, to second order, and its width.

    How the flux follows is learnt from what is faster than `window` pairs alone, so that a transit,
    which is slow, cannot be mistaken for it; what is learnt holds at all speeds, since a slow
    wander of the image changes the flux as a fast one does. Squares belong to it: weights that peak
    where the image does lose light whichever way it moves.

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
        ``[2, column]`` of `response.expected`, for movement along one axis; without it every column
        follows as it itself shows.

    Returns
    -------
    None where the image stands still, or the visit is too short to tell.
    """
    if flux.shape[-1] < 4 * window:
        return None
    # What moves is a share of the light, which a transit dims: movements count by the light.
    light = smooth(flux.sum(0), window)
    moved = _second_order(movement - movement.mean(-1, keepdims=True))
    spreading = width - width.mean(-1, keepdims=True)
    terms = np.concatenate([moved, spreading]) * (light / light.mean())
    fast = terms - smooth(terms, window)
    spread = fast.std(axis=-1)
    keep = spread > STILL
    if not keep.any():
        return None
    design = fast[keep] / spread[keep, None]
    # What of the flux is fast is never formed: its product with the design is that of the flux
    # with the design once more made fast, by the transpose of the same smoothing.
    low, high = _edges(flux.shape[-1], window)
    again = design - (high - low) * smooth(design / (high - low), window)
    normal = np.einsum("ik,jk->ij", design, design)
    seen, *_ = np.linalg.lstsq(normal, np.einsum("ik,ck->ic", again, flux), rcond=None)
    terms = (terms[keep] - terms[keep].mean(-1, keepdims=True)) / spread[keep, None]
    some = slice(0, TELLING)
    noise = flux[:, some] - np.einsum("ic,ik->ck", seen, terms[:, some])
    per_noise = np.diag(np.linalg.pinv(normal))
    level = flux.mean(axis=-1)
    if expected is None or level.size < response.FEWEST or not np.all(level > 0):
        return Following(terms, seen, per_noise[:, None] * scatter(noise) ** 2)
    likely = np.zeros((keep.size, level.size))
    likely[: len(expected)] = expected
    likely = likely[keep] * spread[keep, None]
    share, variance = response.shrunk(seen / level, likely, noise / level[:, None], per_noise)
    return Following(terms, share * level, variance * level**2)


def _second_order(vectors: F8) -> F8:
    """The vectors and all their products, ``[term, pair]``."""
    first, second = np.triu_indices(len(vectors))
    return np.concatenate([vectors, vectors[first] * vectors[second]])
