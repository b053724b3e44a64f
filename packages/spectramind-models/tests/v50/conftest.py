"""A small v50 to test with: light encoders of our own, few planets, short training."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from spectramind_core.components import Context, Labelled
from spectramind_core.testing import synthetic
from spectramind_models.heads.options import ResidualMuOptions, ScaledSigmaOptions
from spectramind_models.heads.residual_mu import ResidualMu
from spectramind_models.heads.scaled_sigma import ScaledSigma

PLANETS = 18


class Mixing(nn.Module):
    """Each token with the mean of all valid ones."""

    def __init__(self, features: int, width: int, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng([]):
            torch.manual_seed(seed)
            self.linear = nn.Linear(2 * features, width)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        clean = torch.where(valid[..., None], tokens, 0)
        mean = clean.sum(1, keepdim=True) / valid.sum(1)[:, None, None].clamp(min=1)
        return torch.tanh(self.linear(torch.cat([clean, mean.expand_as(clean)], -1)))


class MixingEncoder:
    """Recipe of `Mixing`."""

    width = 8

    def module(self, *, features: int, positions: Any, ctx: Context) -> Mixing:
        return Mixing(features, self.width, ctx.torch_seed())


@pytest.fixture(scope="session")
def parts() -> dict[str, Any]:
    return {
        "encoders.fgs1": MixingEncoder(),
        "encoders.airs": MixingEncoder(),
        "heads.mu": ResidualMu(ResidualMuOptions()),
        "heads.sigma": ScaledSigma(ScaledSigmaOptions()),
        "rules": [],
    }


@pytest.fixture(scope="session")
def labelled() -> Labelled:
    rng = np.random.default_rng(1)
    truth = synthetic.truth(rng, PLANETS)
    return Labelled(synthetic.light_curves(rng, truth), truth)
