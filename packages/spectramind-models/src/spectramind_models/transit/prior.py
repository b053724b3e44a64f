"""What training spectra let expect of a new one, and the exact posterior given its depths.

Spectra differ mostly in depth, and the features of a deep one are deeper. So the prior speaks of
shapes: each training spectrum over its own mean depth. Shapes differ in turn by how pronounced they
are, from clouded and flat to puffy: the prior is a Gaussian whose scale is itself unknown, with a
log-normal distribution. On a few nodes of that scale everything is Gaussian and exact; the nodes
are then weighed by their evidence. Covariances are diagonals plus low-rank parts throughout, so a
posterior costs about a millisecond.

References
----------
Andrews & Mallows 1974, J. R. Stat. Soc. B 36, 99: scale mixtures of normal distributions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(7)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())

_FLOOR = 1e-6
"""Least standard deviation of a shape that components leave over."""


@dataclass(frozen=True)
class SpectrumPrior:
    """A scale mixture of Gaussians over spectral shapes."""

    mean: F8
    """``[wave]`` of shapes, about 1."""
    factors: F8
    """``[component, wave]``: principal components times their standard deviations, at scale 1."""
    rest: F8
    """``[wave]``: standard deviation of what the components leave."""
    level: F8
    """``[2]``: mean and standard deviation of the training spectra's mean depths."""
    scale: F8
    """``[2]``: mean and standard deviation of the logarithm of the shapes' scale."""

    @classmethod
    def fit(cls, spectra: F8, *, components: int = 12) -> SpectrumPrior:
        """Learn from training spectra ``[planet, wave]``, (Rp/Rs)^2.

        Raises
        ------
        ValueError
            If there are fewer than two.
        """
        if len(spectra) < 2:
            raise ValueError(f"a prior needs two spectra or more, not {len(spectra)}")
        level = _level(spectra)
        shape = spectra / level[:, None]
        size = np.sqrt(np.mean((shape - shape.mean(axis=0)) ** 2, axis=1)) + _FLOOR
        weight = size**-2 / np.sum(size**-2)
        mean = weight @ shape
        unit = (shape - mean) / size[:, None]
        _, singular, axes = np.linalg.svd(unit, full_matrices=False)
        axes = axes[:components]
        factors = singular[:components, None] * axes / np.sqrt(len(spectra))
        left = (shape - mean) - (shape - mean) @ axes.T @ axes
        rest = np.sqrt(np.mean(left**2, axis=0)) + _FLOOR
        log_size = np.log(size)
        return cls(
            mean,
            factors,
            rest,
            np.array([level.mean(), level.std()]),
            np.array([log_size.mean(), log_size.std()]),
        )

    def posterior(self, depths: PlanetDepths) -> tuple[F8, F8, F8]:
        """Posterior of a planet's spectrum.

        Returns
        -------
        mu, sigma, covariance
            ``[wave]``, ``[wave]`` and ``[wave, wave]``.
        """
        scales = np.exp(self.scale[0] + self.scale[1] * _NODES)
        each = [self._gaussian(depths, float(scale)) for scale in scales]
        log_weight = _LOG_WEIGHTS + np.array([evidence for _, _, evidence in each])
        weight = np.exp(log_weight - log_weight.max())
        weight /= weight.sum()
        means = np.stack([mean for mean, _, _ in each])
        mu: F8 = weight @ means
        apart = np.sqrt(weight)[:, None] * (means - mu)
        covariance: F8 = np.tensordot(weight, np.stack([c for _, c, _ in each]), 1)
        covariance = covariance + apart.T @ apart
        return mu, np.sqrt(np.maximum(np.diag(covariance), 1e-18)), covariance

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        return {
            "mean": self.mean,
            "factors": self.factors,
            "rest": self.rest,
            "level": self.level,
            "scale": self.scale,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, F8]) -> SpectrumPrior:
        """The prior whose `arrays` these are."""
        return cls(**arrays)

    def _gaussian(self, depths: PlanetDepths, scale: float) -> tuple[F8, F8, float]:
        """Mean ``[wave]``, covariance ``[wave, wave]`` and log evidence at one scale of shapes.

        The spectrum is ``expected + x @ shapes + e``, the data ``spectrum + f @ factors + noise``,
        with x and f standard normal and e, noise independent from bin to bin: x and f are solved
        for together, and e takes its share of what they leave.
        """
        depth = self._depth(depths)
        shapes = np.vstack([depth * scale * self.factors, self.level[1] * self.mean])
        own = (depth * self.rest) ** 2
        total = own + depths.noise**2
        share = own / total
        away = depths.depth - self.level[0] * self.mean
        design = np.vstack([shapes, depths.factors])
        precision = np.eye(len(design)) + (design / total) @ design.T
        pull = design @ (away / total)
        solved = np.linalg.solve(precision, pull)
        carried = np.vstack([(1 - share) * shapes, -share * depths.factors])
        mean = self.level[0] * self.mean + share * away + solved @ carried
        covariance = carried.T @ np.linalg.solve(precision, carried)
        covariance[np.diag_indices_from(covariance)] += own * (1 - share)
        chi2 = away @ (away / total) - pull @ solved
        evidence = -0.5 * (chi2 + np.linalg.slogdet(precision)[1])
        return mean, covariance, float(evidence)

    def _depth(self, depths: PlanetDepths) -> float:
        """The depth that shapes are multiplied by: measured, or typical where nothing was."""
        if not depths.measured.any():
            return float(self.level[0])
        weight = depths.sigma**-2
        return max(float(np.average(depths.depth / self.mean, weights=weight)), 1e-5)


def _level(spectra: F8) -> F8:
    """``[planet]``: mean depth, of AIRS alone where there are more bins than one."""
    mean: F8 = (spectra[:, 1:] if spectra.shape[1] > 1 else spectra).mean(axis=1)
    return mean
