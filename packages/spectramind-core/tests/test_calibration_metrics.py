"""Coverage, Winkler, CRPS and PIT against scipy and against their theory."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import integrate
from scipy.stats import norm

from spectramind_core import calibration_metrics as metrics
from spectramind_core.contracts import Intervals, Prediction
from spectramind_core.testing import synthetic

RNG = np.random.default_rng(2)


def test_the_normal_distribution_equals_scipys() -> None:
    z = np.linspace(-9, 9, 1001)
    np.testing.assert_allclose(metrics.normal_cdf(z), norm.cdf(z), rtol=1e-9, atol=1e-16)
    for level in (0.5, 0.68, 0.95):
        assert metrics.half_width(level) == pytest.approx(norm.ppf(0.5 + level / 2))


@pytest.mark.parametrize("y", [-2.0, 0.0, 0.7, 5.0])
def test_crps_equals_its_defining_integral(y: float) -> None:
    def squared(x: float) -> float:
        return float((norm.cdf(x, 0.5, 1.3) - (x >= y)) ** 2)

    expected = (
        integrate.quad(squared, -15, y, limit=200)[0] + integrate.quad(squared, y, 15, limit=200)[0]
    )
    found = metrics.crps(np.array([0.5]), np.array([1.3]), np.array([y]))[0]
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_winkler_score_is_least_at_the_true_quantiles() -> None:
    y = RNG.standard_normal(200_000)
    scores = {
        factor: metrics.winkler(
            np.full_like(y, -factor * 1.6449), np.full_like(y, factor * 1.6449), y, 0.9
        ).mean()
        for factor in (0.8, 1.0, 1.25)
    }
    assert scores[1.0] == min(scores.values())


def test_pit_of_a_true_gaussian_is_uniform() -> None:
    y = 3 + 2 * RNG.standard_normal(50_000)
    values = metrics.pit(np.full_like(y, 3.0), np.full_like(y, 2.0), y)
    counts, _ = np.histogram(values, bins=20, range=(0, 1))
    chi2 = ((counts - 2500) ** 2 / 2500).sum()
    assert chi2 < 50  # 19 degrees of freedom: exceeded with probability 1e-4


def test_an_assessment_counts_what_an_independent_count_counts() -> None:
    truth = synthetic.truth(RNG, 100, 12)
    prediction = synthetic.prediction(RNG, truth)
    found = metrics.assess(prediction, truth)
    inside = 0
    for p in range(100):
        for b in range(12):
            z = abs(prediction.mu[p, b] - truth.spectra[p, b]) / prediction.sigma[p, b]
            inside += z <= norm.ppf(0.95)
    assert found["levels"]["0.9"]["coverage"] == pytest.approx(inside / 1200)
    assert len(found["levels"]["0.9"]["per_bin"]) == 12
    assert set(found["levels"]["0.9"]["strata"]) >= {"snr: low", "snr: high", "depth: low"}
    assert sum(found["pit"]) == pytest.approx(1)
    json.dumps(found)


FEATURE = hnp.arrays(
    float,
    st.integers(1, 90),
    elements=st.one_of(
        st.floats(-1e100, 1e100), st.sampled_from([0.0, 1.0, -np.inf, np.inf, np.nan])
    ),
)
"""With ties, infinities and NaN."""


def with_feature(values: np.ndarray) -> Prediction:
    """A prediction for planets of the same depth, which differ in one feature only."""
    shape = (len(values), 2)
    return Prediction(
        planet_ids=synthetic.planet_ids(len(values)),
        wavelength=synthetic.wavelength_grid(2),
        mu=np.full(shape, 0.01),
        sigma=np.full(shape, 1e-4),
        planet_features={"x": values},
    )


@given(values=FEATURE, smallest=st.integers(1, 40))
def test_strata_hold_the_ends_of_a_feature_and_enough_planets(
    values: np.ndarray, smallest: int
) -> None:
    found = metrics.strata(with_feature(values), smallest)
    assert set(found) <= {"x: low", "x: high"}
    for name, group in found.items():
        sign = 1 if name == "x: low" else -1
        others = values[~group & np.isfinite(values)]
        assert others.size
        assert group.sum() >= smallest
        assert np.isfinite(values[group]).all()
        assert (sign * values[group]).max() < (sign * others).min()
    if len(found) == 2:
        assert not (found["x: low"] & found["x: high"]).any()


@given(planets=st.integers(2, 200), smallest=st.integers(1, 40), seed=st.integers(0, 99))
def test_a_third_is_stated_just_if_it_has_enough_planets(
    planets: int, smallest: int, seed: int
) -> None:
    values = np.random.default_rng(seed).permutation(planets) + 0.5
    prediction = with_feature(values)
    every = metrics.strata(prediction, 1)
    assert set(every) == {"x: low", "x: high"}
    assert all(abs(group.sum() - planets / 3) <= 1 for group in every.values())
    found = metrics.strata(prediction, smallest)
    assert set(found) == {name for name, group in every.items() if group.sum() >= smallest}


@pytest.mark.parametrize("odd", [metrics.SMALLEST_STRATUM - 1, metrics.SMALLEST_STRATUM])
def test_a_rare_kind_is_left_out_however_many_planets_there_are(odd: int) -> None:
    values = np.zeros(300)
    values[:odd] = 1
    found = metrics.strata(with_feature(values))
    assert {name: group.sum() for name, group in found.items()} == (
        {"x: low": 300 - odd} | ({"x: high": odd} if odd == metrics.SMALLEST_STRATUM else {})
    )


def test_an_assessment_says_how_many_planets_its_strata_have_and_need() -> None:
    truth = synthetic.truth(RNG, 120, 3)
    prediction = synthetic.prediction(RNG, truth)
    found = metrics.assess(prediction, truth)
    assert found["strata"]["depth: low"] == found["strata"]["snr: high"] == 40
    assert set(found["levels"]["0.5"]["strata"]) == set(found["strata"])
    few = truth.planet_ids[:8]
    found = metrics.assess(prediction.of(few), truth.of(few))
    assert found["strata"] == found["levels"]["0.5"]["strata"] == {}
    assert found["smallest_stratum"] == metrics.SMALLEST_STRATUM


def test_a_calibrators_own_intervals_are_judged_rather_than_the_gaussians() -> None:
    truth = synthetic.truth(RNG, 10, 4)
    prediction = synthetic.prediction(RNG, truth)
    wide = np.ones((10, 1, 4))
    own = prediction.replace(intervals=Intervals(coverage=[0.9], lower=-wide, upper=wide))
    assert metrics.assess(own, truth)["levels"]["0.9"]["coverage"] == 1.0
    bands = prediction.replace(bands=Intervals(coverage=[0.9], lower=-wide, upper=wide))
    assert metrics.assess(bands, truth)["simultaneous"] == {"0.9": 1.0}
