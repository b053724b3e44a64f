"""Gaussian log-likelihood as the challenge weighs it, bin by bin and for all bins together."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor

from spectramind_core.scoring import FGS1_WEIGHT, NAIVE, Edition, ideal_sigma

FLOOR = 1e-12
"""(Rp/Rs)^4: smallest variance that factors leave to a bin by itself, 1e-6 squared."""


def bin_weights(waves: int, edition: Edition) -> Tensor:
    """``[wave]`` summing to 1: what one nat in a bin is worth in the challenge's score.

    In 2025 a bin's term is divided by what an ideal prediction gains over the naive one, which is
    about the logarithm of the ratio of their sigmas; FGS1 weighs 57.846 times an AIRS bin.
    """
    weights = torch.ones(waves, dtype=torch.float64)
    if edition == 2025:
        ideal = ideal_sigma(waves, edition)
        weights = torch.tensor([1 / log(NAIVE[edition][1] / s) for s in ideal], dtype=torch.float64)
        weights[0] *= FGS1_WEIGHT
    return weights / weights.sum()


def negative_log_likelihood(mu: Tensor, sigma: Tensor, truth: Tensor, unit: Tensor) -> Tensor:
    """``[planet, wave]`` nats, for depths measured in `unit` (so that values are of order one)."""
    scale = sigma / unit
    return torch.log(scale) + 0.5 * ((truth - mu) / sigma).square()


def joint_negative_log_likelihood(
    mu: Tensor, sigma: Tensor, factors: Tensor, truth: Tensor, unit: Tensor
) -> Tensor:
    """``[planet]`` nats a bin, of all bins at once.

    The covariance is ``diag(sigma^2 - sum factors^2) + factors^T factors``: `sigma` ``[planet,
    wave]`` includes what the `factors` ``[planet, rank, wave]`` share. Woodbury's identity keeps
    the cost linear in bins.
    """
    own = (sigma.square() - factors.square().sum(1)).clamp(min=FLOOR)
    residual = truth - mu
    scaled = factors / own[:, None]
    inner = torch.eye(factors.shape[1], dtype=factors.dtype, device=factors.device)
    inner = inner + scaled @ factors.transpose(1, 2)
    root = torch.linalg.cholesky(inner)
    shared = torch.linalg.solve_triangular(
        root, (scaled @ residual[..., None]), upper=False
    ).square()
    log_det = torch.log(own / unit.square()).sum(1) + 2 * torch.log(
        root.diagonal(dim1=1, dim2=2)
    ).sum(1)
    quadratic = (residual.square() / own).sum(1) - shared.sum((1, 2))
    nats: Tensor = 0.5 * (log_det + quadratic) / mu.shape[1]
    return nats
