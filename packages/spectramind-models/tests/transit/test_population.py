"""Priors learnt from visits: the truth they were drawn from, and what that does to a fit."""

import numpy as np
import pytest

from spectramind_core.components import Context
from spectramind_core.contracts import LightCurveSet
from spectramind_models.transit import joint
from spectramind_models.transit.estimate import estimate_planet, estimate_set, learnt_population
from spectramind_models.transit.options import WienerOptions
from spectramind_models.transit.panel import PanelPriors, panel_of, white_panel
from spectramind_models.transit.population import Population, VisitLikelihood, likelihood
from spectramind_models.transit.visit import _spread
from spectramind_models.transit.white import guess, prior_of

NAMES = ("FGS1/drift/0/0", "FGS1/limb/0/0", "FGS1/limb/1/0")
SD = np.array([4e-4, 0.1, 0.1])
OPTIONS = WienerOptions(drift_order=2, drift_wavelength_order=1, population=True)
WAVELENGTH = np.r_[0.7, 2.0, 2.6, 3.2]


def _drawn(count: int, covariance: np.ndarray, slope: float) -> list[VisitLikelihood]:
    rng = np.random.default_rng(1)
    every = []
    for _ in range(count):
        hot = rng.normal(0, 0.6)
        true = rng.multivariate_normal([0.0, 0.05 + slope * hot, 0.0], covariance)
        error = SD * rng.uniform(0.1, 0.8, 3)
        seen = true + error * rng.standard_normal(3)
        every.append(VisitLikelihood(NAMES, np.diag(error**-2), seen / error**2, SD, hot))
    return every


def test_a_population_is_found_from_noisy_visits() -> None:
    covariance = np.diag(np.array([1e-4, 0.04, 0.05]) ** 2)
    covariance[1, 2] = covariance[2, 1] = -0.8 * 0.04 * 0.05
    found = Population.learn(_drawn(2000, covariance, slope=-0.05))
    assert found is not None
    assert found.names == NAMES
    np.testing.assert_allclose(np.diag(found.covariance), np.diag(covariance), rtol=0.15)
    assert found.covariance[1, 2] == pytest.approx(covariance[1, 2], rel=0.15)
    assert found.covariance[0, 1] == 0  # drift is by itself
    np.testing.assert_allclose(found.mean[:, 1], [0.05, -0.05], atol=0.005)
    assert not found.mean[1, 0]  # nor does it know the star's temperature


def test_few_visits_hardly_move_the_priors_of_the_options() -> None:
    found = Population.learn(_drawn(1, np.diag(SD**2) / 100, slope=0.0))
    assert found is not None
    assert np.all(np.diag(found.covariance) > 0.5 * SD**2)
    assert Population.learn([]) is None


def test_a_population_goes_through_a_file_unchanged() -> None:
    found = Population.learn(_drawn(20, np.diag(SD**2), slope=0.0))
    assert found is not None
    arrays = {**found.arrays(), "bias": np.zeros(3)}
    again = Population.taken_from(arrays)
    assert again is not None
    assert set(arrays) == {"bias"}
    assert Population.taken_from(arrays) is None
    assert again.names == found.names
    np.testing.assert_array_equal(again.mean, found.mean)
    np.testing.assert_array_equal(again.covariance, found.covariance)


def test_a_visits_likelihood_tells_its_fit_under_any_prior(world) -> None:
    """Times another prior it gives, in closed form, what a fit under that prior finds."""
    visit = world(samples=60, wavelength=WAVELENGTH).observe(3)
    priors = PanelPriors(5200.0, 2, 1, 1e-3, 0.1)
    panels = (panel_of(visit.fgs1, priors), panel_of(visit.airs, priors))
    state = _spread(guess([white_panel(p, priors) for p in panels], visit.system), panels)
    options = prior_of(panels, state, visit.system, OPTIONS)
    wide = joint.fit(panels, state, options, steps=60)
    seen = likelihood(panels, wide, options, visit.system)
    population = Population(
        seen.names,
        np.stack([0.2 * seen.sd, np.zeros(len(seen.names))]),
        np.diag((0.5 * seen.sd) ** 2),
    )
    other = prior_of(panels, state, visit.system, OPTIONS, population)
    narrow = joint.fit(panels, wide.state, other, steps=60)
    precision = np.linalg.inv(population.covariance)
    covariance = np.linalg.inv(seen.information + precision)
    mean = covariance @ (seen.pull + precision @ population.mean[0])
    at = np.flatnonzero(other.mean != options.mean)
    sd = np.sqrt(np.diag(covariance))
    found = (narrow.state.shared() - options.mean)[at]
    # The light is not quite linear in the unknowns: a tenth of an error apart at most.
    np.testing.assert_allclose(found / sd, mean / sd, rtol=0, atol=0.1)
    np.testing.assert_allclose(np.sqrt(np.diag(narrow.covariance))[at], sd, rtol=0.1)


def test_what_is_learnt_narrows_the_errors_of_depths(world) -> None:
    planets = [world(planet_id=str(i), samples=60, wavelength=WAVELENGTH) for i in range(12)]
    visits = [planet.observe(i) for i, planet in enumerate(planets)]
    light = LightCurveSet.from_visits(visits, WAVELENGTH)
    ctx = Context()
    population = learnt_population(light, options=OPTIONS, ctx=ctx)
    assert population is not None
    before = estimate_set(light, options=OPTIONS, ctx=ctx)
    after = estimate_set(light, options=OPTIONS, ctx=ctx, population=population)
    for one, other in zip(before, after, strict=True):
        assert other.features["depth_error_airs"] < one.features["depth_error_airs"]
        assert one.likelihoods
        assert not other.likelihoods
    alone = estimate_planet(light[visits[0].planet_id], WAVELENGTH, options=OPTIONS)
    np.testing.assert_array_equal(alone.depth, before[0].depth)


def test_without_being_asked_nothing_is_learnt(world) -> None:
    visits = [world(samples=60, wavelength=WAVELENGTH).observe(0)]
    light = LightCurveSet.from_visits(visits, WAVELENGTH)
    assert learnt_population(light, options=WienerOptions(), ctx=Context()) is None
