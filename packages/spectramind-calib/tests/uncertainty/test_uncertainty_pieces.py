"""Ranks, moments, factors, evidence and graph against independent references and by properties."""

from __future__ import annotations

import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate
from scipy.optimize import minimize
from scipy.stats import norm
from scipy.stats import t as student

from spectramind_calib.uncertainty import options, scores
from spectramind_calib.uncertainty.corel.correction import Quantiles, scores_of, widened
from spectramind_calib.uncertainty.corel.graph import known_graph
from spectramind_calib.uncertainty.evidence import Standardizer
from spectramind_calib.uncertainty.folds import fold_of
from spectramind_calib.uncertainty.gaussian_sigma import half_width, second_moment
from spectramind_calib.uncertainty.instance import DEGREES, Instance, _fitted
from spectramind_calib.uncertainty.temperature import Temperature
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.scoring import log_likelihood
from spectramind_core.testing import synthetic

LEVELS = np.array([0.5, 0.68, 0.9, 0.95])


def sample(planets: int = 80, bins: int = 12, seed: int = 0) -> tuple[Prediction, Truth]:
    rng = np.random.default_rng(seed)
    truth = synthetic.truth(rng, planets, bins)
    return synthetic.prediction(rng, truth, error=2e-4, claimed=1e-4), truth


@given(st.floats(0.05, 0.99), st.sampled_from([1, 2]))
def test_the_planets_needed_are_the_fewest_that_suffice(coverage: float, tails: int) -> None:
    n = scores.planets_needed(coverage, tails=tails)
    assert scores.rank(n, coverage) <= n + 1 - tails
    assert n == tails or scores.rank(n - 1, coverage) > n - tails


@pytest.mark.parametrize(("coverage", "planets"), [(0.95, 19), (0.9, 9), (0.5, 1), (0.99, 99)])
def test_the_planets_needed_are_the_textbooks(coverage: float, planets: int) -> None:
    assert scores.planets_needed(coverage) == planets


@given(st.integers(2, 60), st.integers(0, 10_000))
def test_quantiles_equal_a_loop_over_order_statistics(planets: int, seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(planets, 3))
    found = scores.quantiles(values, [0.5, 0.9])
    for i, level in enumerate((0.5, 0.9)):
        k = math.ceil(round((planets + 1) * level, 9))
        for wave in range(3):
            ordered = [*sorted(values[:, wave]), *[math.inf] * 3]
            assert found[i, wave] == ordered[k - 1]


@given(st.integers(0, 10_000))
def test_pooled_quantiles_of_one_bin_are_that_bins(seed: int) -> None:
    values = np.random.default_rng(seed).normal(size=(33, 1))
    pooled = scores.pooled_quantiles(values, [0.5, 0.9], np.ones(1))
    np.testing.assert_array_equal(pooled, scores.quantiles(values, [0.5, 0.9])[:, 0])


@given(st.integers(0, 10_000))
def test_ranges_are_nested(seed: int) -> None:
    values = np.random.default_rng(seed).standard_t(3, size=(41, 4))
    lower, upper = scores.ranges(values, list(LEVELS))
    assert (np.diff(lower, axis=0) <= 0).all()
    assert (np.diff(upper, axis=0) >= 0).all()


def test_the_second_moment_of_a_gaussians_quantiles_is_its_own() -> None:
    z = norm.ppf(0.5 + LEVELS / 2)[:, None]
    np.testing.assert_allclose(second_moment(0.3 - 2 * z, 0.3 + 2 * z, LEVELS), np.hypot(0.3, 2))
    np.testing.assert_allclose(half_width(0.3 - 2 * z, 0.3 + 2 * z, LEVELS), 2)


def test_the_second_moment_equals_the_integral_of_the_piecewise_quantile_function() -> None:
    upper = np.array([1.0, 1.3, 3.0, 6.0])[:, None]
    lower = np.array([-0.5, -1.1, -1.6, -4.0])[:, None]
    node = np.concatenate([-norm.ppf(0.5 + LEVELS / 2)[::-1], norm.ppf(0.5 + LEVELS / 2)])
    value = np.concatenate([lower[::-1, 0], upper[:, 0]])

    def square(z: float) -> float:
        i = int(np.clip(np.searchsorted(node, z) - 1, 0, len(node) - 2))
        slope = (value[i + 1] - value[i]) / (node[i + 1] - node[i])
        return float((value[i] + slope * (z - node[i])) ** 2 * norm.pdf(z))

    expected = integrate.quad(square, -10, 10, points=list(node), limit=400)[0]
    assert second_moment(lower, upper, LEVELS)[0] ** 2 == pytest.approx(expected, rel=1e-6)


def test_the_second_moment_scores_better_than_the_half_width_where_tails_are_heavy() -> None:
    errors = np.random.default_rng(1).standard_t(3, size=200_000)
    upper = np.quantile(errors, 0.5 + LEVELS / 2)[:, None]
    lower = np.quantile(errors, 0.5 - LEVELS / 2)[:, None]
    gain = {
        summary: log_likelihood(errors, np.zeros(1), summary(lower, upper, LEVELS)).mean()
        for summary in (second_moment, half_width)
    }
    assert gain[second_moment] > gain[half_width] + 0.05


@pytest.mark.parametrize("per", ["all", "instrument", "bin"])
def test_no_other_temperature_has_a_greater_likelihood(per: str, ctx: Context) -> None:
    prediction, truth = sample()
    calibrator = Temperature(options.TemperatureOptions(per=per, shrinkage=0))
    calibrator.fit(prediction, truth, ctx=ctx)
    best = calibrator.apply(prediction, ctx=ctx).sigma
    likelihood = log_likelihood(truth.spectra, prediction.mu, best).mean()
    for factor in (0.97, 1.03):
        other = log_likelihood(truth.spectra, prediction.mu, best * factor).mean()
        assert other < likelihood


def test_a_floor_finds_an_error_added_to_all_planets(ctx: Context) -> None:
    rng = np.random.default_rng(3)
    truth = synthetic.truth(rng, 800, 8)
    sigma = 1e-4 * np.exp(rng.normal(0, 1, (800, 1))) * np.ones(8)
    error = np.hypot(sigma, 2e-4) * rng.standard_normal((800, 8))
    prediction = synthetic.prediction(rng, truth).replace(mu=truth.spectra + error, sigma=sigma)
    calibrator = Temperature(options.TemperatureOptions(floor=True))
    calibrator.fit(prediction, truth, ctx=ctx)
    found = calibrator.apply(prediction, ctx=ctx).sigma
    np.testing.assert_allclose(found[:, 1:], np.hypot(sigma, 2e-4)[:, 1:], rtol=0.06)


def test_shrinkage_draws_a_bins_factor_to_its_instruments(ctx: Context) -> None:
    prediction, truth = sample(planets=20)
    spread = {}
    for strength in (0.0, 20.0, 1e6):
        calibrator = Temperature(options.TemperatureOptions(per="bin", shrinkage=strength))
        calibrator.fit(prediction, truth, ctx=ctx)
        ratio = calibrator.apply(prediction, ctx=ctx).sigma / prediction.sigma
        spread[strength] = np.ptp(np.log(ratio[0, 1:]))
    assert spread[0.0] > 1.5 * spread[20.0] > 100 * spread[1e6]


def test_shared_factors_keep_their_share_of_sigma(ctx: Context) -> None:
    prediction, truth = sample()
    shared = prediction.replace(factors=0.6 * prediction.sigma[:, None, :])
    calibrator = Temperature(options.TemperatureOptions())
    calibrator.fit(shared, truth, ctx=ctx)
    after = calibrator.apply(shared, ctx=ctx)
    assert after.factors is not None
    np.testing.assert_allclose(after.factors[:, 0], 0.6 * after.sigma)


def planets_of_different_quality(planets: int) -> tuple[Prediction, Truth, np.ndarray]:
    """Sigma knows nothing of a planet's true scale; a feature knows it, another is noise."""
    rng = np.random.default_rng(5)
    truth = synthetic.truth(rng, planets, 10)
    scale = np.exp(rng.normal(0, 0.5, planets))
    error = 1e-4 * scale[:, None] * rng.standard_normal((planets, 10))
    features = {"scatter": scale, "noise": rng.normal(size=planets), "constant": np.ones(planets)}
    base = synthetic.prediction(rng, truth)
    prediction = base.replace(
        mu=truth.spectra + error, sigma=np.full_like(error, 1e-4), planet_features=features
    )
    return prediction, truth, scale


def test_instance_learns_each_planets_scale_from_its_evidence(ctx: Context) -> None:
    prediction, truth, scale = planets_of_different_quality(400)
    known, new = prediction.planet_ids[:300], prediction.planet_ids[300:]
    calibrator = Instance(options.InstanceOptions())
    calibrator.fit(prediction.of(known), truth.of(known), ctx=ctx)
    factor = calibrator.apply(prediction.of(new), ctx=ctx).sigma[:, 0] / 1e-4
    assert np.corrcoef(np.log(factor), np.log(scale[300:]))[0, 1] > 0.95


def test_instances_effects_are_of_greatest_likelihood_of_students_t() -> None:
    rng = np.random.default_rng(8)
    feature = rng.normal(size=200)
    error = np.exp(0.3 + 0.5 * feature) * rng.standard_t(DEGREES, 200)

    def cost(model: np.ndarray) -> float:
        scale = np.exp(model[0] + model[1] * feature)
        return float(-student.logpdf(error, DEGREES, scale=scale).mean() + 0.01 * model[1] ** 2)

    best = minimize(cost, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-12})
    found = _fitted(feature[:, None], error**2, strength=0.02 * len(feature))
    np.testing.assert_allclose(found, best.x, atol=1e-4)


def test_instance_with_useless_evidence_is_one_common_factor_and_says_so(
    ctx: Context, caplog: pytest.LogCaptureFixture
) -> None:
    prediction, truth = sample(planets=40, bins=60)
    rng = np.random.default_rng(6)
    noise = rng.normal(size=(40, 12))
    useless = prediction.replace(
        mu=truth.spectra + 2 * prediction.sigma * rng.standard_normal((40, 1)),
        planet_features={f"noise {i}": noise[:, i] for i in range(12)},
        bin_features={},
    )
    calibrator = Instance(options.InstanceOptions(strengths=(0,)))
    with caplog.at_level(logging.WARNING, logger="spectramind"):
        calibrator.fit(useless, truth, ctx=ctx)
    assert "one factor for all" in caplog.text
    new, _ = sample(planets=50, bins=60, seed=9)
    ratio = calibrator.apply(new, ctx=ctx).sigma / new.sigma
    assert np.ptp(ratio) < 1e-9 * ratio.mean()


def test_a_calibration_planets_effect_comes_from_a_model_that_did_not_see_it(ctx: Context) -> None:
    """One planet's truth moves what others' evidence is worth, and not its own fold's."""
    prediction, truth, _ = planets_of_different_quality(60)
    spectra = truth.spectra.copy()
    spectra[7] += 2e-4
    factors = []
    for known in (truth, truth.replace(spectra=spectra)):
        calibrator = Instance(options.InstanceOptions())
        calibrator.fit(prediction, known, ctx=ctx)
        factors.append(calibrator.apply(prediction, ctx=ctx).sigma[:, 0])
    moved = factors[1] / factors[0]
    folds = np.array([fold_of(planet, 5) for planet in prediction.planet_ids])
    level = moved[7]  # common to all planets
    np.testing.assert_allclose(moved[folds == folds[7]], level)
    assert (np.abs(moved[folds != folds[7]] / level - 1) > 1e-6).all()


def test_features_that_are_missing_or_extreme_stay_finite(ctx: Context) -> None:
    prediction, _ = sample()
    learnt = Standardizer.learn(prediction, ctx=ctx)
    odd = prediction.replace(
        planet_features={"snr": np.full(80, np.inf), "star_temperature": np.full(80, np.nan)},
        latents=None,
    )
    assert np.isfinite(learnt(odd)).all()
    assert learnt(odd).shape == learnt(prediction).shape


def test_the_known_graph_joins_neighbours_and_molecules_but_not_fgs1_to_airs() -> None:
    graph = known_graph(synthetic.wavelength_grid(283))
    assert graph[100, 101] > 0
    assert graph[0, 1] == 0
    np.testing.assert_allclose(graph[1:].sum(axis=1), 1)
    assert (np.diag(graph) == 0).all()


@given(st.integers(0, 1000))
def test_limits_widened_by_its_own_score_just_reach_a_residual(seed: int) -> None:
    rng = np.random.default_rng(seed)
    median = rng.normal(size=(1, 1, 5))
    found = Quantiles(
        median, median - rng.uniform(0.1, 2, (1, 1, 5)), median + rng.uniform(0.1, 2, (1, 1, 5))
    )
    residual = rng.normal(size=(1, 5)) * 3
    factor = scores_of(found, residual)[0]
    lower, upper = widened(found, factor)
    reached = np.where(residual[:, None] >= median, upper, lower)
    np.testing.assert_allclose(reached[:, 0], residual, rtol=1e-9)
