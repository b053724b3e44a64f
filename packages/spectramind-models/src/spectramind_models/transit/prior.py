"""What training spectra let expect of a new one, and the exact posterior given its depths.

Spectra differ mostly in depth, and the features of a deep one are deeper. So the prior speaks of
shapes: each training spectrum over its own mean depth. Their mean and their shrunk covariance,
scaled by the depth that physics measured, are a Gaussian prior for the new spectrum; with the
depths' Gaussian likelihood the posterior is Gaussian too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths


@dataclass(frozen=True)
class SpectrumPrior:
    """A Gaussian over spectral shapes."""

    mean: F8
    """``[wave]`` of shapes, about 1."""
    factors: F8
    """``[component, wave]`` principal components times their standard deviations."""
    rest: F8
    """``[wave]`` standard deviation of what the components leave."""
    level: F8
    """``[2]`` mean and standard deviation of the training spectra's mean depths."""

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
        mean = shape.mean(axis=0)
        _, size, axes = np.linalg.svd(shape - mean, full_matrices=False)
        factors = size[:components, None] * axes[:components] / np.sqrt(len(spectra) - 1)
        left = shape - mean - (shape - mean) @ axes[:components].T @ axes[:components]
        rest = np.sqrt(np.mean(left**2, axis=0) + 1e-12)
        return cls(mean, factors, rest, np.array([level.mean(), level.std()]))

    def posterior(self, depths: PlanetDepths) -> tuple[F8, F8, F8]:
        """Posterior of a planet's spectrum.

        Returns
        -------
        mu, sigma, covariance
            ``[wave]``, ``[wave]`` and ``[wave, wave]``.
        """
        scale = self._scale(depths)
        prior = self.factors.T @ self.factors + np.diag(self.rest**2)
        prior = scale**2 * prior + self.level[1] ** 2 * np.outer(self.mean, self.mean)
        expected = self.level[0] * self.mean
        noise = np.diag(depths.noise**2) + depths.factors.T @ depths.factors
        gain = np.linalg.solve(prior + noise, prior).T
        mu = expected + gain @ (depths.depth - expected)
        covariance = prior - gain @ prior
        covariance = 0.5 * (covariance + covariance.T)
        return mu, np.sqrt(np.maximum(np.diag(covariance), 1e-18)), covariance

    def arrays(self) -> dict[str, F8]:
        """Everything it knows, for a file."""
        return {
            "mean": self.mean,
            "factors": self.factors,
            "rest": self.rest,
            "level": self.level,
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, F8]) -> SpectrumPrior:
        """The prior whose `arrays` these are."""
        return cls(**arrays)

    def _scale(self, depths: PlanetDepths) -> float:
        """The depth to scale features by: measured, or typical where nothing was."""
        if not depths.measured.any():
            return float(self.level[0])
        weight = depths.sigma**-2
        return max(float(np.average(depths.depth / self.mean, weights=weight)), 1e-5)


def _level(spectra: F8) -> F8:
    """``[planet]``: mean depth, AIRS alone where there is more than one bin."""
    return spectra[:, 1:].mean(axis=1) if spectra.shape[1] > 1 else spectra[:, 0]
