"""The challenge's score against its definition, worked out independently."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from spectramind_core.scoring import FGS1_WEIGHT, Edition, score, score_arrays
from spectramind_core.testing import synthetic

RNG = np.random.default_rng(1)
MEAN, STD = 0.0147, 0.0107


def by_definition(mu, sigma, y, edition):  # type: ignore[no-untyped-def]
    """The metric as its authors write it, element by element, with scipy's density."""
    total, weight = 0.0, 0.0
    naive_sum = model_sum = ideal_sum = 0.0
    for p in range(y.shape[0]):
        for b in range(y.shape[1]):
            naive = norm.logpdf(y[p, b], MEAN, STD)
            model = norm.logpdf(y[p, b], mu[p, b], max(sigma[p, b], 1e-15))
            ideal = norm.logpdf(y[p, b], y[p, b], 1e-6 if b == 0 and edition == 2025 else 1e-5)
            w = FGS1_WEIGHT if b == 0 else 1.0
            total += w * (model - naive) / (ideal - naive)
            weight += w
            naive_sum, model_sum, ideal_sum = (
                naive_sum + naive,
                model_sum + model,
                ideal_sum + ideal,
            )
    if edition == 2025:
        return total / weight
    return (model_sum - naive_sum) / (ideal_sum - naive_sum)


@pytest.mark.parametrize("edition", [2024, 2025])
def test_it_equals_its_definition(edition: Edition) -> None:
    y = MEAN + STD * RNG.standard_normal((4, 6))
    mu = y + 1e-4 * RNG.standard_normal(y.shape)
    sigma = 1e-4 * (1 + RNG.random(y.shape))
    found = score_arrays(mu, sigma, y, mean=MEAN, std=STD, edition=edition)
    assert found.raw == pytest.approx(by_definition(mu, sigma, y, edition), rel=1e-12)
    mean = (found.terms * found.weights).sum() / found.weights.sum()
    assert mean == pytest.approx(found.raw, rel=1e-12)


@pytest.mark.parametrize("edition", [2024, 2025])
def test_truth_with_the_ideal_sigma_scores_one_and_the_naive_prediction_zero(
    edition: Edition,
) -> None:
    y = MEAN + STD * RNG.standard_normal((5, 283))
    ideal = np.full(y.shape, 1e-5)
    if edition == 2025:
        ideal[:, 0] = 1e-6
    assert score_arrays(y, ideal, y, mean=MEAN, std=STD, edition=edition).raw == pytest.approx(1)
    naive = score_arrays(
        np.full(y.shape, MEAN), np.full(y.shape, STD), y, mean=MEAN, std=STD, edition=edition
    )
    assert naive.raw == pytest.approx(0, abs=1e-12)


def test_fgs1_weighs_seventeen_percent() -> None:
    y = MEAN + STD * RNG.standard_normal((1, 283))
    weights = score_arrays(y, np.full(y.shape, 1e-5), y, mean=MEAN, std=STD).weights
    assert weights[0, 0] / weights.sum() == pytest.approx(0.170, abs=5e-4)


@pytest.mark.parametrize(
    ("ppm", "airs", "fgs1"),
    [(10, 0.93, 0.70), (50, 0.70, 0.52), (100, 0.60, 0.45), (500, 0.37, 0.28)],
)
def test_an_honest_error_scores_what_the_domain_page_says(
    ppm: float, airs: float, fgs1: float
) -> None:
    y = np.full((1, 2), MEAN)  # the page's table is for a planet of average depth
    error = ppm * 1e-6
    found = score_arrays(y + error, np.full(y.shape, error), y, mean=MEAN, std=STD)
    assert found.terms[:, 1].mean() == pytest.approx(airs, abs=0.006)
    assert found.terms[:, 0].mean() == pytest.approx(fgs1, abs=0.006)


@given(st.floats(1e-6, 1e-2), st.floats(-1e-2, 1e-2))
def test_no_sigma_scores_better_than_the_size_of_the_error(sigma: float, error: float) -> None:
    y = np.full((1, 3), 0.01)
    at = score_arrays(y + error, np.full((1, 3), max(abs(error), 1e-15)), y, mean=MEAN, std=STD)
    elsewhere = score_arrays(y + error, np.full((1, 3), sigma), y, mean=MEAN, std=STD)
    assert elsewhere.raw <= at.raw + 1e-9


def test_one_overconfident_bin_can_cost_everything() -> None:
    y = np.full((1, 283), 0.01)
    sigma = np.full(y.shape, 1e-4)
    mu = np.array(y)
    mu[0, 5] += 0.01
    sigma[0, 5] = 1e-5
    found = score_arrays(mu, sigma, y, mean=MEAN, std=STD)
    assert found.value == 0
    assert found.terms[0, 5] < -1e4


def test_a_planet_that_was_not_predicted_is_an_error() -> None:
    truth = synthetic.truth(RNG, 3, 5)
    prediction = synthetic.prediction(RNG, truth)
    with pytest.raises(KeyError):
        score(prediction.of(["1000"]), truth, mean=MEAN, std=STD)


def test_shapes_that_differ_are_an_error() -> None:
    with pytest.raises(ValueError, match="cannot score"):
        score_arrays(np.ones((2, 3)), np.ones((2, 3)), np.ones((3, 3)), mean=MEAN, std=STD)
