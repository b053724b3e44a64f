"""The loss against scipy's densities and against the challenge's own score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from spectramind_core.scoring import NAIVE, score_arrays
from spectramind_models.training.likelihood import (
    bin_weights,
    joint_negative_log_likelihood,
    negative_log_likelihood,
)
from spectramind_models.training.schedule import rate

UNIT = torch.full((1,), 1e-4, dtype=torch.float64)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_bin_by_bin_it_is_the_normal_density(seed: int) -> None:
    rng = np.random.default_rng(seed)
    mu, y = 0.01 + 1e-4 * rng.standard_normal((2, 3, 7))
    sigma = 1e-4 * rng.uniform(0.2, 3, (3, 7))
    found = negative_log_likelihood(*map(torch.tensor, (mu, sigma, y)), UNIT)
    expected = -norm.logpdf(y, mu, sigma) - 0.5 * np.log(2 * np.pi) - np.log(1e-4)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), rank=st.integers(1, 4))
def test_all_bins_together_it_is_the_multivariate_density(seed: int, rank: int) -> None:
    rng = np.random.default_rng(seed)
    y = 0.01 + 1e-4 * rng.standard_normal(6)
    factors = 5e-5 * rng.standard_normal((rank, 6))
    own = 1e-4 * rng.uniform(0.2, 2, 6)
    sigma = np.sqrt(own**2 + np.sum(factors**2, 0))
    mu = np.full(6, 0.01)
    rows = [torch.tensor(each)[None] for each in (mu, sigma, factors, y)]
    found = float(joint_negative_log_likelihood(*rows, UNIT)[0])
    exact = multivariate_normal.logpdf(y, mu, np.diag(own**2) + factors.T @ factors)
    expected = (-exact - 3 * np.log(2 * np.pi)) / 6 - np.log(1e-4)
    assert found == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("edition", [2024, 2025])
def test_a_lower_loss_is_a_higher_score(edition: int) -> None:
    rng = np.random.default_rng(0)
    mean, std = NAIVE[edition]
    truth = mean + 0.3 * std * rng.standard_normal((20, 283))
    weights = bin_weights(283, edition)  # type: ignore[arg-type]
    assert float(weights.sum()) == pytest.approx(1)
    losses, scores = [], []
    for error in (1e-5, 1e-4, 1e-3):
        mu = truth + error * rng.standard_normal(truth.shape)
        sigma = np.full_like(mu, error)
        nll = negative_log_likelihood(*map(torch.tensor, (mu, sigma, truth)), UNIT)
        losses.append(float((nll @ weights).mean()))
        scores.append(score_arrays(mu, sigma, truth, mean=mean, std=std, edition=edition).raw)  # type: ignore[arg-type]
    slopes = np.diff(losses) / np.diff(scores)
    assert np.all(slopes < 0)
    assert slopes[0] == pytest.approx(slopes[1], rel=0.03)


@given(steps=st.integers(2, 500), warmup=st.floats(0, 0.9))
def test_the_rate_rises_to_its_highest_and_falls_towards_zero(steps: int, warmup: float) -> None:
    rates = [rate(step, steps, warmup=warmup) for step in range(steps)]
    top = int(np.argmax(rates))
    assert max(rates) == pytest.approx(1)
    assert np.all(np.diff(rates[: top + 1]) > 0)
    assert np.all(np.diff(rates[top + 1 :]) <= 1e-12)
    assert min(rates) > -1e-12
