"""Depths of planets whose truth is known, in good circumstances and in bad ones."""

import logging
from dataclasses import replace

import numpy as np
import pytest

from spectramind_core.components import Context
from spectramind_core.contracts import LightCurveSet
from spectramind_models.transit import estimate, limb_darkening
from spectramind_models.transit.estimate import estimate_planet, estimate_set
from spectramind_models.transit.fits import transit_fits
from spectramind_models.transit.options import TransitOptions
from spectramind_models.transit.orbit import catalogued
from spectramind_models.transit.panel import PanelPriors, panel_of
from spectramind_models.transit.residual import without_spikes

OPTIONS = TransitOptions()


def white_error(depths, truth):
    weight = depths.noise[1:] ** -2.0
    return float(np.sum((depths.depth - truth)[1:] * weight) / weight.sum())


@pytest.mark.parametrize("system", [True, False])
def test_depths_come_back_within_their_stated_errors(world, system: bool) -> None:
    planet = world()
    pulls, whites = [], []
    for seed in range(8):
        depths = estimate_planet(
            (planet.observe(seed, system=system),), planet.wavelength, options=OPTIONS
        )
        pulls.append((depths.depth - planet.spectrum()) / depths.sigma)
        promised = depths.features["depth_error_airs"]
        whites.append(white_error(depths, planet.spectrum()) / promised)
        assert promised < 2e-4
    assert 0.8 < np.std(pulls) < 1.25
    assert np.all(np.abs(whites) < 3.5)


def test_what_calibration_can_have_wrong_is_an_error_that_bins_share(world) -> None:
    planet = world()
    visit = planet.observe(1)
    assert visit.airs is not None
    dilution = np.linspace(0.01, 0.05, visit.airs.wavelength.size)
    doubted = visit.replace(airs=visit.airs.replace(calibration_errors={"background": dilution}))
    without, found = (
        estimate_planet((each,), planet.wavelength, options=OPTIONS) for each in (visit, doubted)
    )
    np.testing.assert_array_equal(found.depth, without.depth)
    added = found.sigma**2 - without.sigma**2
    np.testing.assert_allclose(added[1:], (dilution * found.depth[1:]) ** 2, rtol=1e-6)
    assert added[0] == pytest.approx(0, abs=1e-6 * found.sigma[0] ** 2)
    # One cause moves all bins together: it is no noise from bin to bin.
    assert np.all(found.noise < 1.01 * without.noise)


def test_light_without_noise_gives_the_depths_themselves(world) -> None:
    planet = world(noise=1e-3, drift=2e-4)
    depths = estimate_planet((planet.observe(1),), planet.wavelength, options=OPTIONS)
    np.testing.assert_allclose(depths.depth, planet.spectrum(), rtol=5e-4)


@pytest.mark.parametrize("trouble", [{"outliers": 60}, {"mid_transit": 0.9}, {"mid_transit": 6.6}])
def test_outliers_and_cut_transits_stay_within_the_errors(world, trouble) -> None:
    planet = world(**trouble)
    depths = estimate_planet((planet.observe(2),), planet.wavelength, options=OPTIONS)
    pull = (depths.depth - planet.spectrum()) / depths.sigma
    assert np.sqrt(np.mean(pull**2)) < 1.6
    if "outliers" in trouble:
        assert depths.features["clipped"] >= 30


@pytest.mark.parametrize("seed", range(8))
def test_a_third_of_the_photometry_may_be_far_off(world, seed: int) -> None:
    planet = world(outliers=60)
    depths = estimate_planet((planet.observe(seed),), planet.wavelength, options=OPTIONS)
    pull = (depths.depth - planet.spectrum()) / depths.sigma
    assert np.sqrt(np.mean(pull**2)) < 1.6


@pytest.mark.parametrize(("inclination", "mid_transit"), [(89.4, 2.62), (89.8, 2.3), (89.4, 2.9)])
def test_a_long_central_transit_of_which_only_the_end_was_seen_is_found(
    world, inclination: float, mid_transit: float
) -> None:
    planet = world(
        period_days=6.04, semi_major_axis=7.5, inclination=inclination, mid_transit=mid_transit
    )
    for seed in range(4):
        depths = estimate_planet((planet.observe(seed),), planet.wavelength, options=OPTIONS)
        assert depths.features["mid_transit"] == pytest.approx(mid_transit, abs=0.1)
        assert abs(white_error(depths, planet.spectrum())) < 3 * depths.features["depth_error_airs"]


def test_spikes_are_found_before_any_fit_and_transits_are_not_taken_for_them(world) -> None:
    priors = PanelPriors(5200.0, 4, 3, 4e-4, 0.1)
    clean = panel_of(world().observe(1).airs, priors)
    assert np.count_nonzero(without_spikes(clean, 5.0).weight == 0) <= 2
    flux = clean.flux.copy()
    spikes = [(3, 50), (3, 51), (7, 0), (20, 186)]  # side by side, and at both ends
    for row, moment in spikes:
        flux[row, moment] += 12 / np.sqrt(clean.weight[row, moment])
    kept = without_spikes(replace(clean, flux=flux), 5.0)
    assert all(kept.weight[row, moment] == 0 for row, moment in spikes)


def test_shallow_planets_of_2024_are_found_without_a_catalogue(world) -> None:
    planet = world(depth=np.full(41, 0.0012))
    depths = estimate_planet((planet.observe(4, system=False),), planet.wavelength, options=OPTIONS)
    assert abs(white_error(depths, planet.spectrum())) < 4 * depths.features["depth_error_airs"]
    assert depths.features["mid_transit"] == pytest.approx(3.71, abs=0.05)


def test_two_visits_are_better_than_one(world) -> None:
    planet = world()
    visits = (planet.observe(5, visit=0), planet.observe(5, visit=1))
    one = estimate_planet(visits[:1], planet.wavelength, options=OPTIONS)
    two = estimate_planet(visits, planet.wavelength, options=OPTIONS)
    gain = np.median(one.noise / two.noise) * two.features["visit_inflation"]
    assert gain == pytest.approx(np.sqrt(2), rel=0.1)
    assert two.features["visits"] == 2


def test_visits_that_disagree_widen_the_errors(world) -> None:
    shallow = world().observe(6, visit=0)
    deep = world(depth=world().spectrum() * 1.3).observe(6, visit=1)
    depths = estimate_planet((shallow, deep), world().wavelength, options=OPTIONS)
    assert depths.features["visit_inflation"] > 3


def test_evidence_tells_by_how_much_star_and_orbit_were_mistaken(world) -> None:
    planet = world(noise=0.1)
    found = estimate_planet((planet.observe(3),), planet.wavelength, options=OPTIONS).features
    promised = planet.system()
    true = promised.replace(semi_major_axis=10.0, inclination=88.0)
    orbits = [catalogued(system, 0.0) for system in (true, promised)]
    duration = np.log(orbits[0].duration / orbits[1].duration)
    assert found["duration_shift"] == pytest.approx(duration, abs=0.001)
    assert found["impact_shift"] == pytest.approx(orbits[0].impact - orbits[1].impact, abs=0.005)
    expected = limb_darkening.expected(planet.temperature, np.array([0.7, 2.9]))
    assert found["limb_fgs1_u1"] == pytest.approx(0.42 - expected[0, 0], abs=0.01)
    assert found["limb_airs_u1"] == pytest.approx(0.10 - expected[0, 1], abs=0.02)


@pytest.mark.parametrize(("clock", "low", "high"), [(0.0, -2.5, 2.5), (0.01, -12.0, -3.0)])
def test_timing_tension_is_in_its_own_errors(world, clock, low, high) -> None:
    planet = world(clock=clock)
    for seed in range(4):
        depths = estimate_planet((planet.observe(seed),), planet.wavelength, options=OPTIONS)
        assert low < depths.features["timing_tension"] < high


@pytest.mark.parametrize("missing", ["fgs1", "airs"])
def test_a_missing_instrument_is_unknown_and_the_other_is_not(world, missing) -> None:
    planet = world()
    visit = planet.observe(7).replace(**{missing: None})
    depths = estimate_planet((visit,), planet.wavelength, options=OPTIONS)
    optical = np.arange(41) == 0
    np.testing.assert_array_equal(depths.measured, ~optical if missing == "fgs1" else optical)
    assert depths.features[f"has_{missing}"] == 0


def test_a_broken_planet_is_reported_and_stops_no_other(world, caplog) -> None:
    good, bad = world(planet_id="1").observe(8), world(planet_id="2").observe(9)
    blind = np.zeros_like(bad.airs.valid)
    bad = bad.replace(
        fgs1=bad.fgs1.replace(valid=np.zeros_like(bad.fgs1.valid)),
        airs=bad.airs.replace(valid=blind),
    )
    off_grid = world(planet_id="3", wavelength=np.r_[0.7, np.linspace(2, 5, 40)]).observe(1)
    given = LightCurveSet.from_visits([bad, good, off_grid], world().wavelength)
    with caplog.at_level(logging.WARNING):
        found = estimate_set(given, options=OPTIONS, ctx=Context())
    alone = estimate_planet((good,), world().wavelength, options=OPTIONS)
    np.testing.assert_array_equal(found[1].depth, alone.depth)
    assert [d.features["failed"] for d in found] == [1, 0, 1]
    assert not found[0].measured.any()
    assert "planet 2" in caplog.text
    assert "planet 3" in caplog.text


def test_a_planet_is_fitted_once_and_any_number_of_workers_agree(world, monkeypatch) -> None:
    visits = [world(planet_id=str(i)).observe(20 + i) for i in range(3)]
    given = LightCurveSet.from_visits(visits, world().wavelength)
    monkeypatch.setattr(estimate, "_memory", estimate._Memory(10))
    serial = estimate_set(given, options=OPTIONS, ctx=Context(workers=1))
    monkeypatch.setattr(estimate, "_memory", estimate._Memory(10))
    spread = estimate_set(given, options=OPTIONS, ctx=Context(workers=3))
    for a, b in zip(serial, spread, strict=True):
        np.testing.assert_array_equal(a.depth, b.depth)
    again = estimate_set(given, options=OPTIONS, ctx=Context())
    assert all(a is b for a, b in zip(spread, again, strict=True))


def test_the_memory_forgets_the_oldest() -> None:
    memory = estimate._Memory(2)
    planets = [estimate.unmeasured(str(i), np.array([0.7])) for i in range(3)]
    for i, planet in enumerate(planets):
        memory.put(str(i), planet)
    assert memory.get("0") is None
    assert memory.get("2") is planets[2]


def test_white_light_fits_show_the_transit_that_is_there(world) -> None:
    planet = world()
    fits = transit_fits((planet.observe(11), planet.observe(11, visit=1)), OPTIONS)
    assert [(f.visit, str(f.instrument)) for f in fits] == [
        (0, "FGS1"),
        (0, "AIRS-CH0"),
        (1, "FGS1"),
        (1, "AIRS-CH0"),
    ]
    for fit in fits:
        residual = (fit.flux - fit.transit * fit.drift) / fit.error
        assert 0.8 < np.nanstd(residual) < 1.2
        assert fit.parameters["impact"] == pytest.approx(0.349, abs=0.05)
        late = 0.01 if fit.instrument == "AIRS-CH0" else 0.0
        miss = fit.parameters["mid_transit"] - 3.7 - late
        assert abs(miss) < 5 * fit.errors["mid_transit"]
