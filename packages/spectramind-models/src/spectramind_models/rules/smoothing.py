"""The least smoothing that keeps a rule: what rules on differences project with."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

STEPS = 60
"""Halvings of the search in log strength, from 1e-4 to 1e14: exact to 1e-16 of its range."""


@lru_cache(maxsize=8)
def _modes(bins: int, order: int) -> tuple[Tensor, Tensor]:
    """Eigenvalues and vectors of ``D^T D`` with D the differences of an order."""
    difference = np.diff(np.eye(bins), order, axis=0)
    values, vectors = np.linalg.eigh(difference.T @ difference)
    values[:order] = 0.0  # polynomials below the order, which are not smoothed at all
    return torch.from_numpy(values), torch.from_numpy(vectors)


def smooth_until(spectra: Tensor, keeps: Callable[[Tensor], Tensor], *, order: int) -> Tensor:
    """Whittaker smoothing of each spectrum, just strong enough.

    Parameters
    ----------
    spectra
        ``[planet, bin]``.
    keeps
        Says of spectra ``[planet, bin]`` whether each keeps the rule, ``[planet]``.
    order
        Of the differences that are penalised: 1 ends in a constant, 2 in a straight line.

    References
    ----------
    Eilers 2003, "A perfect smoother", Anal. Chem. 75, 3631.
    """
    values, vectors = (part.to(spectra) for part in _modes(spectra.shape[1], order))
    coefficients = spectra @ vectors

    def smoothed(log_strength: Tensor) -> Tensor:
        strength = torch.pow(10.0, log_strength)[:, None]
        return (coefficients / (1 + strength * values)) @ vectors.T

    low = spectra.new_full((spectra.shape[0],), -4.0)
    high = torch.full_like(low, 14.0)
    for _ in range(STEPS):
        middle = 0.5 * (low + high)
        fine = keeps(smoothed(middle))
        high, low = torch.where(fine, middle, high), torch.where(fine, low, middle)
    return torch.where(keeps(spectra)[:, None], spectra, smoothed(high))
