"""Several networks as one: mean, variance and shared factors of their mixture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor


def mixture(members: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Moments of an equal mixture of Gaussians.

    The variance is the mean of the members' variances plus the variance of their means; factors
    lie side by side, so that their covariance is the mean of the members' own. Latents, which mean
    something different in each network, lie side by side too.

    References
    ----------
    Lakshminarayanan, Pritzel & Blundell 2017, "Simple and scalable predictive uncertainty
    estimation using deep ensembles", NeurIPS.
    """
    if len(members) == 1:
        return dict(members[0])
    mu = torch.stack([member["mu"] for member in members])
    sigma = torch.stack([member["sigma"] for member in members])
    mean = mu.mean(0)
    found = {
        "mu": mean,
        "sigma": (sigma.square().mean(0) + (mu - mean).square().mean(0)).sqrt(),
        "latents": torch.cat([member["latents"] for member in members], 1),
    }
    if all("factors" in member for member in members):
        side_by_side = torch.cat([member["factors"] for member in members], 1)
        found["factors"] = side_by_side / len(members) ** 0.5
    return found
