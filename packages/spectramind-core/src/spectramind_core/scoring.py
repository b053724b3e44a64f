"""The challenge's score, both editions, exact and vectorised.

Every prediction is judged by the Gaussian log-likelihood of the truth, set between a naive
prediction (the training set's mean and standard deviation everywhere: 0) and an ideal one (the
truth itself with a tiny sigma: 1).

References
----------
NeurIPS 2024 and 2025 Ariel Data Challenges, evaluation pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import Prediction, Truth

Edition = Literal[2024, 2025]

SIGMA_FLOOR = 1e-15
"""Sigmas below this are raised to it before scoring."""

FGS1_WEIGHT = 57.846
"""Weight of bin 0 in the 2025 edition; each AIRS bin weighs 1."""

NAIVE: dict[int, tuple[float, float]] = {
    2024: (0.0025517, 0.0017262),
    2025: (0.014689019532534, 0.01066133533198),
}
"""Mean and standard deviation of each edition's training spectra."""


@dataclass(frozen=True)
class Score:
    """A score with the terms it is made of.

    ``value`` is the clipped score, ``raw`` the same unclipped. ``terms [planet, wave]`` is each
    element's own score (1 ideal, 0 naive, unbounded below), and ``raw = sum(terms * weights) /
    sum(weights)`` with ``weights [planet, wave]``.
    """

    value: float
    raw: float
    terms: F8
    weights: F8

    @property
    def per_planet(self) -> F8:
        """``[planet]``: the score of each planet alone, unclipped."""
        result: F8 = (self.terms * self.weights).sum(1) / self.weights.sum(1)
        return result


def log_likelihood(y: F8, mu: F8, sigma: F8 | float) -> F8:
    """Log of the normal density of `y`, elementwise; sigma is floored at `SIGMA_FLOOR`."""
    scale = np.maximum(sigma, SIGMA_FLOOR)
    result: F8 = -0.5 * np.log(2 * np.pi) - np.log(scale) - 0.5 * ((y - mu) / scale) ** 2
    return result


def ideal_sigma(waves: int, edition: Edition) -> F8:
    """``[wave]``: the sigma of the ideal prediction."""
    sigma = np.full(waves, 1e-5)
    if edition == 2025:
        sigma[0] = 1e-6
    return sigma


def score_arrays(
    mu: F8, sigma: F8, truth: F8, *, mean: float, std: float, edition: Edition = 2025
) -> Score:
    """Score predictions ``mu``, ``sigma`` against ``truth``, each ``[planet, wave]``, (Rp/Rs)^2.

    Parameters
    ----------
    mean, std
        The naive prediction: mean and standard deviation of the training spectra (`NAIVE`).

    Raises
    ------
    ValueError
        If the shapes differ or there is no planet.
    """
    if not mu.shape == sigma.shape == truth.shape or mu.ndim != 2 or mu.shape[0] == 0:
        raise ValueError(f"cannot score mu {mu.shape}, sigma {sigma.shape}, truth {truth.shape}")
    naive = log_likelihood(truth, np.full_like(truth, mean), std)
    gain = log_likelihood(truth, mu, sigma) - naive
    best = log_likelihood(truth, truth, ideal_sigma(truth.shape[1], edition)) - naive
    weights = np.ones_like(truth)
    if edition == 2025:
        weights[:, 0] = FGS1_WEIGHT
        terms = gain / best
    else:
        terms = gain / best.mean()
    raw = float((terms * weights).sum() / weights.sum())
    return Score(value=float(np.clip(raw, 0, 1)), raw=raw, terms=terms, weights=weights)


def score(
    prediction: Prediction, truth: Truth, *, mean: float, std: float, edition: Edition = 2025
) -> Score:
    """Score a prediction on the planets of `truth`, which must all be predicted.

    Raises
    ------
    KeyError
        If a planet of `truth` was not predicted.
    """
    ours = prediction.of(truth.planet_ids)
    return score_arrays(ours.mu, ours.sigma, truth.spectra, mean=mean, std=std, edition=edition)
