"""Background light: told apart from the star's wings by what follows the star's brightness.

References
----------
Huber 1981, "Robust Statistics", section 7.6: the covariance of robust regression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_calib.detector.noise import MAD_TO_SIGMA
from spectramind_core.arrays import F8, Bool

ROUNDS = 4
"""Of weighing outlying columns down, and of taking the background out of the columns' flux."""


@dataclass(frozen=True)
class Background:
    """Light of every pixel in one ramp that is not the star's."""

    level: float = 0.0
    """Electrons."""
    error: float = 0.0
    """Standard deviation of `level`, from how its pixels or columns scatter."""


def fit_spectral(mean: F8, usable: Bool, rows: int) -> Background:
    """Background of a spectrometer.

    The outer rows hold as much of the star's wings as background. The wings are proportional to
    their column's flux and the background is not, so a straight line through (column flux, outer
    rows) over the columns, freed of the background in either, goes through the origin.

    Parameters
    ----------
    mean
        ``[row, column]`` mean electrons per pair.
    usable
        ``[row, column]``.
    rows
        How many rows at each edge count as outer.
    """
    outer = np.r_[0:rows, mean.shape[0] - rows : mean.shape[0]]
    level = _median(mean[outer], usable[outer])
    inner = slice(rows, mean.shape[0] - rows)
    flux = np.where(usable[inner], mean[inner], 0.0).sum(0)
    summed = usable[inner].sum(0)
    good = np.isfinite(level)
    if good.sum() < 3 or np.ptp(flux[good]) == 0:
        return _middle(level[good])
    design = np.stack([np.ones(good.sum()), flux[good]], axis=1)
    weight = np.ones(good.sum())
    for _ in range(ROUNDS):
        solution = np.linalg.lstsq(design * weight[:, None], level[good] * weight, rcond=None)[0]
        residual = level[good] - design @ solution
        scale = MAD_TO_SIGMA * np.median(np.abs(residual)) + 1e-12
        weight = 1 / np.sqrt(1 + (residual / (3 * scale)) ** 2)
        design[:, 0] = 1 - solution[1] * summed[good]  # wings are of the light alone
    far = (residual / (3 * scale)) ** 2
    slope = np.linalg.pinv(np.einsum("ci,cj,c->ij", design, design, (1 - far) * weight**4))
    pushed = np.einsum("ij,cj,c->ci", slope, design, residual * weight**2)
    # Light is not negative, and the outer rows cannot hold more background than light.
    most = max(0.0, float(np.median(level[good])))
    error = float(np.sqrt((pushed[:, 0] ** 2).sum()))
    return Background(float(np.clip(solution[0], 0.0, most)), error)


def fit_photometer(mean: F8, usable: Bool, share: float) -> Background:
    """Background of a photometer: the median far from the star.

    Parameters
    ----------
    mean, usable
        ``[row, column]``.
    share
        Of the usable pixels: so many, those farthest from the brightest, are taken to be dark. The
        star's wings reach beyond half the detector; its corners have none to speak of.
    """
    light = np.where(usable, mean, 0.0)
    row, column = np.unravel_index(int(np.argmax(light)), mean.shape)
    r, c = np.nonzero(usable)
    distance = np.hypot(r - row, c - column)
    far = distance >= np.quantile(distance, 1 - share)
    return _middle(mean[r[far], c[far]])


def _middle(values: F8) -> Background:
    """The median, and its standard deviation for Gaussian scatter; zero if there is nothing."""
    if not values.size:
        return Background()
    middle = float(np.median(values))
    scatter = MAD_TO_SIGMA * float(np.median(np.abs(values - middle)))
    return Background(middle, float(np.sqrt(np.pi / 2 / values.size)) * scatter)


def _median(image: F8, usable: Bool) -> F8:
    """Median over the usable rows of each column, ``[column]``; NaN where there is none."""
    ordered = np.sort(np.where(usable, image, np.inf), axis=0)
    number = usable.sum(0)
    middle = np.stack([(number - 1) // 2, number // 2])
    found = np.take_along_axis(ordered, np.maximum(middle, 0), axis=0).mean(0)
    return np.where(number > 0, found, np.nan)
