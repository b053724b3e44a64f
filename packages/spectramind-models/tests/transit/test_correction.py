"""What training planets teach about a common error of the depths."""

import numpy as np
import pytest

from spectramind_models.transit.correction import Correction
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.joint import UNKNOWN

WAVES = 21


def planets(count: int, bias: np.ndarray, seed: int = 0) -> tuple[list[PlanetDepths], np.ndarray]:
    rng = np.random.default_rng(seed)
    truth = 0.0147 * np.exp(0.4 * rng.normal(size=(count, 1))) * np.ones(WAVES)
    factors = np.full((1, WAVES), 3e-5)
    every = []
    for row in truth:
        noise = 1e-4 * rng.normal(size=WAVES) + rng.normal() * factors[0]
        depth = row * (1 + bias) + noise
        every.append(PlanetDepths("1", depth, np.full(WAVES, 1e-4), factors, {}, {}))
    return every, truth


def test_a_common_error_is_learnt_and_taken_out() -> None:
    bias = np.r_[-0.004, np.linspace(-0.002, 0.001, WAVES - 1)]
    every, truth = planets(200, bias)
    correction = Correction.fit(every, truth)
    np.testing.assert_allclose(correction.bias, bias, atol=7e-4)
    fixed = np.stack([correction.apply(d).depth for d in every])
    assert abs(np.mean(fixed / truth - 1)) < 3e-4


@pytest.mark.parametrize("count", [0, 2])
def test_few_planets_teach_little(count: int) -> None:
    every, truth = planets(count, np.full(WAVES, 0.05))
    correction = Correction.fit(every, truth if count else np.ones((0, WAVES)))
    assert np.all(np.abs(correction.bias) < 0.05)
    if not count:
        assert not correction.bias.any()


def test_unmeasured_bins_neither_teach_nor_change() -> None:
    every, truth = planets(50, np.zeros(WAVES))
    for depths in every:
        depths.noise[0], depths.depth[0] = UNKNOWN, 0.9
    correction = Correction.fit(every, truth)
    assert correction.bias[0] == 0
    after = correction.apply(every[0])
    assert after.depth[0] == 0.9
    assert after.noise[0] == UNKNOWN
