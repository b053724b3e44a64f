"""From visits to a planet: depths on the full grid, their covariance, and visits put together.

References
----------
Gelman et al. 2013, "Bayesian Data Analysis", 3rd ed., section 2.6: a variance's posterior under a
scaled inverse chi-squared prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8
from spectramind_models.transit.joint import UNKNOWN
from spectramind_models.transit.visit import VisitFit

AGREEMENT = 4.0
"""Degrees of freedom that the expectation counts for that visits disagree by what they state. Two
visits have a single one of their own: taken alone it would doubt sound errors wherever visits came
out apart by chance."""


@dataclass(frozen=True)
class VisitDepths:
    """Depths of one visit on the full grid; covariance ``diag(noise**2) + factors.T @ factors``."""

    depth: F8
    """``[wave]``"""
    noise: F8
    """``[wave]``; `UNKNOWN` where nothing was measured."""
    factors: F8
    """``[rank, wave]``"""


def visit_depths(fitted: VisitFit, wavelength: F8, visit_scatter: float) -> VisitDepths:
    """Place a visit's fitted bins on the full grid ``wavelength [wave]``.

    The factors are the shared unknowns' errors as the depths feel them, and for each instrument
    the noise its bins share from sample to sample, `visit_scatter` of the depth, and what its
    calibration can have wrong, which scales depths.
    """
    fit = fitted.bins_fit
    root = np.linalg.cholesky(fit.covariance)
    measured = np.concatenate([noise < 0.5 * UNKNOWN for noise in fit.noise])
    found = np.concatenate([values.depth for values in fit.state.panels])
    typical = float(np.median(found[measured])) if measured.any() else float(np.median(found))
    depth = np.full(wavelength.size, typical)
    noise = np.full(wavelength.size, UNKNOWN)
    shared, owned = np.zeros((root.shape[1], wavelength.size)), []
    for i, (panel, values) in enumerate(zip(fitted.bins, fit.state.panels, strict=True)):
        at = bins_of(panel.wavelength, wavelength)
        seen = fit.noise[i] < 0.5 * UNKNOWN
        depth[at] = np.where(seen, values.depth, typical)
        noise[at] = fit.noise[i]
        shared[:, at] = np.where(seen, (fit.response[i] @ root).T, 0.0)
        common = np.sqrt(fitted.common_scatter[i] ** 2 - 1) * _white_noise(fit.noise[i])
        scaling = np.stack([np.full(at.size, visit_scatter), *fitted.calibration[i]])
        rows = np.concatenate([np.full((1, at.size), common), scaling * values.depth])
        own = np.zeros((len(rows), wavelength.size))
        own[:, at] = np.where(seen, rows, 0.0)
        owned.append(own)
    factors = np.concatenate([shared, *owned])
    return VisitDepths(depth, noise, factors)


def combined(visits: Sequence[VisitDepths]) -> tuple[VisitDepths, float]:
    """Weighted mean of repeated visits, each bin by inverse variance.

    Where visits disagree by more than their errors, all errors grow: their square by white light's
    chi-squared over its degrees of freedom, both with `AGREEMENT` added.

    Returns
    -------
    depths, inflation
        The mean, whose covariance is exactly that of the weighted mean, times the square of
        `inflation`, which is at least 1.
    """
    variance = np.stack([v.noise**2 + np.sum(v.factors**2, axis=0) for v in visits])
    weight = 1 / variance / np.sum(1 / variance, axis=0)
    depth = np.sum(weight * np.stack([v.depth for v in visits]), axis=0)
    noise = np.sqrt(np.sum((weight * np.stack([v.noise for v in visits])) ** 2, axis=0))
    factors = np.concatenate([w * v.factors for w, v in zip(weight, visits, strict=True)])
    inflation = _disagreement(visits, depth)
    measured = noise < 0.5 * UNKNOWN
    return (
        VisitDepths(depth, np.where(measured, inflation * noise, UNKNOWN), inflation * factors),
        inflation,
    )


def bins_of(some: F8, grid: F8) -> npt.NDArray[np.int64]:
    """Index in ``grid [wave]`` of each of some wavelengths.

    Raises
    ------
    ValueError
        If a wavelength is not on the grid.
    """
    index: npt.NDArray[np.int64] = np.argmin(np.abs(grid - some[:, None]), axis=1)
    if not np.allclose(grid[index], some, rtol=1e-4):
        raise ValueError("the light curves' wavelengths are not on the grid of the spectra")
    return index


def _white_noise(noise: F8) -> float:
    """Error of the mean of all measured bins."""
    return float(1 / np.sqrt(np.sum(noise**-2)))


def _disagreement(visits: Sequence[VisitDepths], depth: F8) -> float:
    if len(visits) < 2:
        return 1.0
    chi2 = 0.0
    for v in visits:
        precision = np.where(v.noise < 0.5 * UNKNOWN, v.noise, np.inf) ** -2
        mean = precision / max(precision.sum(), 1e-300)
        error2 = np.sum((mean * np.where(np.isfinite(v.noise), v.noise, 0)) ** 2)
        error2 += np.sum((v.factors @ mean) ** 2)
        chi2 += float((mean @ (v.depth - depth)) ** 2 / max(error2, 1e-300))
    return float(np.sqrt(max(1.0, (AGREEMENT + chi2) / (AGREEMENT + len(visits) - 1))))
