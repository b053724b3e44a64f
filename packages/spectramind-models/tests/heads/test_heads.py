"""Heads against the conformance kit, and what training can do with them."""

from __future__ import annotations

from math import exp

import pytest
import torch

from spectramind_core.components import Context
from spectramind_core.testing import HeadTests
from spectramind_models.heads.low_rank import LowRank
from spectramind_models.heads.options import LowRankOptions, ResidualMuOptions, ScaledSigmaOptions
from spectramind_models.heads.residual_mu import ResidualMu
from spectramind_models.heads.scaled_sigma import ScaledSigma


class TestResidualMu(HeadTests):
    name = "residual_mu"


class TestScaledSigma(HeadTests):
    name = "scaled_sigma"


class TestLowRank(HeadTests):
    name = "low_rank"


HIDDEN = torch.randn(4, 20, 8, generator=torch.Generator().manual_seed(2))
MU = torch.full((4, 20), 0.01, dtype=torch.float64)
SIGMA = torch.full((4, 20), 1e-4, dtype=torch.float64)


def with_bias(module: torch.nn.Module, bias: float) -> torch.nn.Module:
    """As if training had pushed the last layer hard."""
    with torch.no_grad():
        for name, weight in module.named_parameters():
            if name.endswith("last.bias"):
                weight.fill_(bias)
    return module.eval()


@pytest.mark.parametrize("bias", [-50.0, 50.0])
def test_mu_never_leaves_the_reach_of_physics(bias: float) -> None:
    module = ResidualMu(ResidualMuOptions(max_shift=2)).module(width=8, waves=20, ctx=Context())
    shift = (with_bias(module, bias)(HIDDEN, MU, SIGMA)["mu"] - MU) / SIGMA
    assert float(shift.abs().max()) <= 2 + 1e-9
    assert float(shift.abs().min()) > 1.9


def test_sigma_stops_at_its_floor() -> None:
    options = ScaledSigmaOptions(min_log_sigma=-10)
    module = ScaledSigma(options).module(width=8, waves=20, ctx=Context())
    sigma = with_bias(module, -50.0)(HIDDEN, MU, SIGMA)["sigma"]
    assert float(sigma.min()) == pytest.approx(exp(-10))


def test_factors_leave_room_for_what_bins_do_not_share() -> None:
    module = LowRank(LowRankOptions(rank=3)).module(width=8, waves=20, ctx=Context())
    factors = with_bias(module, 50.0)(HIDDEN, MU, SIGMA)["factors"]
    assert factors.shape == (4, 3, 20)
    assert bool((factors.square().sum(1) < SIGMA.square()).all())


def test_factors_can_be_learnt_although_they_start_at_zero() -> None:
    module = LowRank(LowRankOptions(rank=1)).module(width=8, waves=20, ctx=Context()).train()
    factors = module(HIDDEN, MU, SIGMA)["factors"] / SIGMA[:, None]
    (factors.square().sum(1) - 0.5).square().sum().backward()
    assert float(module.loading.last.weight.grad.abs().max()) > 0
