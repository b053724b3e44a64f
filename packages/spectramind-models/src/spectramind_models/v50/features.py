"""What the network knows of a planet: features of each bin, and of the planet as a whole.

All are dimensionless and of order one. Depths are measured against two rulers: the planet's own
mean depth, and the depth of one atmospheric scale height, which says how deep features can be.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from spectramind_core.arrays import F8, Bool
from spectramind_core.molecules import membership
from spectramind_models.rules.grid import airs_start
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.features import SHIFTS
from spectramind_models.v50.posterior import Physics

MODES = 12
"""Cosines that describe the broad shape of a posterior."""

OCTAVES = 6
"""Frequencies of the positional encoding of wavelength."""

Single = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Inputs:
    """One planet as the network sees it."""

    nodes: Single
    """``[wave, feature]``."""
    planet: Single
    """``[feature]``."""
    mu: F8
    """``[wave]`` the physics posterior that the network corrects."""
    sigma: F8
    measured: Bool
    """``[wave]``: bins that were measured at all."""
    lean: F8
    """``[wave]``: correction of mu that the fit's evidence asks for, in sigma."""


def inputs(depths: PlanetDepths, physics: Physics, wavelength: F8) -> Inputs:
    """Features of a planet and its posterior.

    What is unknown comes out as something that is not finite, for the network to tell.
    """
    mu, sigma = physics.wiener.posterior(depths)
    error = physics.evidence.error(depths)
    lean = -mu * error / (1 + error) / sigma
    level = mean_depth(mu, wavelength)
    ruler = scale_height(depths.features, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        nodes = _nodes(depths, mu, sigma, lean, wavelength, level, ruler)
        planet = _planet(depths, mu, sigma, wavelength, level, ruler)
    single = nodes.astype(np.float32), planet.astype(np.float32)
    return Inputs(*single, mu, sigma, depths.measured, lean)


def mean_depth(mu: F8, wavelength: F8) -> float:
    """Mean depth over AIRS, or over all there is."""
    return max(float(mu[_airs(wavelength)].mean()), 1e-6)


def scale_height(features: dict[str, float], level: float) -> float:
    """Depth of one scale height, (Rp/Rs)^2; a typical one where star or planet are unknown."""
    known = features["scale_height_depth"]
    typical = known if np.isfinite(known) and known > 0 else 0.01 * level
    return float(np.clip(typical, 1e-4 * level, 0.3 * level))


def _nodes(
    depths: PlanetDepths, mu: F8, sigma: F8, lean: F8, wavelength: F8, level: float, ruler: float
) -> F8:
    measured = depths.measured
    error = np.where(measured, depths.sigma, level)
    own = np.where(measured, np.minimum(depths.noise, level), level)
    news = np.where(measured, (depths.depth - mu) / error, 0.0)
    columns = [
        np.arcsinh((mu - level) / ruler),
        np.arcsinh((mu - level) / sigma),
        np.arcsinh(lean),
        np.arcsinh(news),
        np.arcsinh(_smoothed(news, 9)),
        np.arcsinh(_smoothed(news, 41)),
        np.log(sigma / level),
        np.log(sigma / ruler),
        np.log(error / level),
        np.log(own / error),
        np.where(measured, depths.bin_features["residual_scatter"], 1.0) - 1,
        measured,
    ]
    return np.concatenate([np.stack(columns, 1), _position(tuple(wavelength))], axis=1)


def _planet(
    depths: PlanetDepths, mu: F8, sigma: F8, wavelength: F8, level: float, ruler: float
) -> F8:
    f, airs = depths.features, _airs(wavelength)
    shape = (mu[airs] - level) / ruler
    evidence = [
        np.log(level),
        np.log(ruler / level),
        np.log(np.median(sigma) / level),
        np.log(f["snr"]),
        np.log(f["depth_error_fgs1"] / level),
        np.log(f["depth_error_airs"] / level),
        np.log(f["star_temperature"] / 5500),
        np.log(f["star_radius"]),
        np.log(f["planet_mass"]),
        np.log(f["duration"]),
        np.nan_to_num(f["impact"]),
        *(np.nan_to_num(f[name]) for name in SHIFTS),
        np.arcsinh(np.nan_to_num(f["timing_tension"])),
        np.log(f["common_scatter"]),
        np.log(f["visits"]),
        np.log(f["visit_inflation"]),
        np.arcsinh((mu[0] - level) / ruler),
        np.log(np.std(shape) + 1e-3),
        np.nan_to_num(f["has_fgs1"]),
        np.nan_to_num(f["has_airs"]),
        f["failed"],
    ]
    return np.concatenate([evidence, np.arcsinh(_cosines(shape.size) @ shape)])


def _airs(wavelength: F8) -> slice:
    start = airs_start(wavelength)
    return slice(start if start < wavelength.size else 0, None)


def _smoothed(values: F8, width: int) -> F8:
    kernel = np.ones(width)
    counts = np.convolve(np.ones_like(values), kernel, mode="same")
    return np.asarray(np.convolve(values, kernel, mode="same")[: values.size] / counts)


@lru_cache(maxsize=8)
def _cosines(bins: int) -> F8:
    """``[mode, bin]``: orthonormal cosines, the constant left out."""
    phase = np.pi * np.outer(np.arange(1, MODES + 1), (np.arange(bins) + 0.5) / bins)
    return np.asarray(np.cos(phase) / np.sqrt(bins))


@lru_cache(maxsize=8)
def _position(wavelength: tuple[float, ...]) -> F8:
    """``[wave, feature]``: instrument, molecules' bands, sines and cosines of wavelength."""
    grid = np.array(wavelength)
    unit = (grid - 1.95) / 1.95
    waves = np.pi * np.outer(unit, 2.0 ** np.arange(OCTAVES))
    airs = np.arange(grid.size) >= airs_start(grid)
    where = np.concatenate([[airs], membership(grid)]).T
    return np.concatenate([where, np.sin(waves), np.cos(waves)], axis=1)
