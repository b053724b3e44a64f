"""Evidence of a transit fit, and planets re-observed with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from spectramind_core.arrays import F8
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.estimate import unmeasured
from spectramind_models.transit.features import PLANET_FEATURES
from spectramind_models.v50.evidence import Evidence
from spectramind_models.v50.reobserve import observe_again

WAVES = 21
LEVEL = 0.01


def planet(rng: np.random.Generator, shared: F8 | None = None) -> PlanetDepths:
    """A planet whose depths, true value 0.01, err by what its limb darkening came out as."""
    features = dict.fromkeys(PLANET_FEATURES, 1.0)
    features |= {"depth": LEVEL, "depth_error_fgs1": 2e-5, "depth_error_airs": 2e-5}
    features["limb_fgs1_u1"], features["limb_airs_u1"] = 0.1 * rng.standard_normal(2)
    error = np.full(WAVES, -0.02 * features["limb_airs_u1"])
    error[0] = 0.05 * features["limb_fgs1_u1"]
    depth = LEVEL * (1 + error) + 2e-5 * rng.standard_normal(WAVES)
    factors = np.full((1, WAVES), 1e-4) if shared is None else shared
    return PlanetDepths("p", depth, np.full(WAVES, 2e-5), factors, features, {})


@pytest.fixture(scope="module")
def learnt() -> Evidence:
    rng = np.random.default_rng(1)
    every = [planet(rng) for _ in range(200)]
    mu = np.stack([each.depth for each in every])
    return Evidence.fit(every, mu, np.full_like(mu, LEVEL))


def test_evidence_foretells_the_error_of_planets_it_has_not_seen(learnt: Evidence) -> None:
    rng = np.random.default_rng(2)
    new = [planet(rng) for _ in range(50)]
    error = np.stack([each.depth for each in new]) / LEVEL - 1
    left = error - [learnt.error(each) for each in new]
    for part in (slice(0, 1), slice(1, None)):
        before, after = (np.std(e[:, part].mean(axis=1)) for e in (error, left))
        noise = 0.002 / np.sqrt(WAVES - 1 if part.stop is None else 1)
        assert after < 1.5 * noise < before


def test_evidence_claims_nothing_of_what_was_not_measured(learnt: Evidence) -> None:
    assert not learnt.error(unmeasured("p", np.linspace(1.9, 3.9, WAVES))).any()
    seen = planet(np.random.default_rng(3))
    blind = replace(seen, noise=np.where(np.arange(WAVES) == 0, 10.0, seen.noise))
    assert learnt.error(blind)[0] == 0
    assert np.array_equal(learnt.error(blind)[1:], learnt.error(seen)[1:])


def test_what_is_unknown_of_a_planet_counts_as_typical(learnt: Evidence) -> None:
    known = planet(np.random.default_rng(4))
    unknown = replace(known, features={**known.features, "star_temperature": np.nan})
    np.testing.assert_allclose(learnt.error(unknown), learnt.error(known), rtol=0, atol=1e-12)


def test_without_labels_that_err_evidence_corrects_nothing() -> None:
    rng = np.random.default_rng(5)
    every = [planet(rng) for _ in range(20)]
    truth = np.stack([each.depth for each in every])
    assert not Evidence.fit(every, truth, truth).error(every[0]).any()


def test_a_planet_observed_again_keeps_its_shared_error_and_draws_the_rest_anew() -> None:
    rng = np.random.default_rng(6)
    shared = np.stack([np.full(WAVES, 1e-4), np.linspace(-1e-4, 1e-4, WAVES)])
    truth, other = np.full(WAVES, LEVEL), np.full(WAVES, 2 * LEVEL)
    first = planet(rng, shared)
    kept = np.array([1.5, -0.7]) @ shared
    own = 2e-6 * rng.standard_normal(WAVES)
    first = replace(first, depth=truth + kept + own, noise=np.full(WAVES, 2e-6))
    again = np.stack([observe_again(first, truth, other, rng).depth for _ in range(400)])
    np.testing.assert_allclose(again.mean(axis=0), other + kept, rtol=0, atol=2e-6)
    assert again.std(axis=0) == pytest.approx(np.full(WAVES, 2e-6), rel=0.3)
