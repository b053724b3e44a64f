"""Planets, stars and spectra against the figures of the real tables (shared/domain.md)."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_calib.simulator import population
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import System

CTX = Context(seed=50)


def spectra(edition: int) -> F8:
    options = SimulatedOptions(planets=700, test_planets=0, edition=edition)
    truth = SimulatedSource(options).truth(ctx=CTX)
    assert truth is not None
    return truth.spectra


def components(spectra: F8) -> F8:
    """Share of variance that 1, 2, ... principal components explain, each planet's mean removed."""
    within = spectra - spectra.mean(1, keepdims=True)
    power = np.linalg.svd(within - within.mean(0), compute_uv=False) ** 2
    result: F8 = np.cumsum(power) / power.sum()
    return result


@pytest.fixture(scope="module")
def systems() -> list[System]:
    return [population.draw_system(CTX.child(str(i)).rng()) for i in range(500)]


def test_spectra_of_2025_have_the_published_depths_and_spread() -> None:
    found = spectra(2025)
    assert found.mean() == pytest.approx(0.014689, rel=0.1)
    assert found.std() == pytest.approx(0.010661, rel=0.15)
    within = found[:, 1:].std(1) * 1e6
    assert 30 < np.median(within) < 170
    offset = (found[:, 0] - found[:, 1:].mean(1)) * 1e6
    # Four known truths lie between -497 and +484 ppm.
    assert np.mean(np.abs(offset) < 500) > 0.9
    assert np.mean(np.abs(offset) > 100) > 0.15
    assert components(found)[6] > 0.995


def test_spectra_of_2024_have_the_published_depths_and_spread() -> None:
    found = spectra(2024)
    assert found.mean() == pytest.approx(0.0025517, rel=0.1)
    assert found.std() == pytest.approx(0.0017262, rel=0.15)
    within = found.std(1) * 1e6
    assert np.median(within) == pytest.approx(22, rel=0.25)
    assert 500 < within.max() < 1500
    explained = components(found)
    np.testing.assert_allclose(explained[:5], [0.76, 0.94, 0.976, 0.989, 0.994], atol=0.04)
    from_neighbour = np.sqrt(np.mean((found[:, 0] - found[:, 1]) ** 2)) * 1e6
    assert from_neighbour == pytest.approx(63, rel=0.3)


@pytest.mark.parametrize("edition", [2024, 2025])
def test_neighbouring_bins_are_alike(edition: int) -> None:
    found = spectra(edition)[:, 1:]
    steps = np.sqrt(np.mean(np.diff(found, axis=1) ** 2))
    assert steps < 0.15 * np.sqrt(np.mean(found.var(1)))


def test_stars_and_orbits_lie_in_the_ranges_of_the_real_table(systems: list[System]) -> None:
    ranges = {
        "star_radius": (0.65, 2.89),
        "star_mass": (0.60, 1.82),
        "star_temperature": (4236, 6979),
        "planet_mass": (0.05, 24.7),
        "period": (2.78, 7.61),
        "semi_major_axis": (4.2, 21.0),
        "inclination": (85.6, 90.0),
    }
    for field, (low, high) in ranges.items():
        values = np.array([getattr(system, field) for system in systems])
        assert low <= values.min(), field
        assert values.max() <= high, field
    masses = [system.planet_mass for system in systems]
    assert np.median(masses) == pytest.approx(0.94, rel=0.15)


def test_orbits_obey_keplers_third_law(systems: list[System]) -> None:
    year, astronomical_unit_in_solar_radii = 365.25, 215.03
    for system in systems[:50]:
        axis = (system.star_mass * (system.period / year) ** 2) ** (1 / 3)
        distance = axis * astronomical_unit_in_solar_radii / system.star_radius
        assert system.semi_major_axis == pytest.approx(distance, rel=2e-3)


def test_every_planet_transits(systems: list[System]) -> None:
    for system in systems:
        assert system.semi_major_axis * np.cos(np.radians(system.inclination)) < 0.7


def test_the_catalogue_is_near_the_truth_but_not_it(systems: list[System]) -> None:
    pairs = [(s, population.catalogue(CTX.child(str(i)).rng(), s)) for i, s in enumerate(systems)]
    for field, scatter in (("period", 1e-4), ("semi_major_axis", 0.01)):
        errors = [getattr(known, field) / getattr(true, field) - 1 for true, known in pairs]
        assert np.std(errors) == pytest.approx(scatter, rel=0.2)
    assert all(known.inclination <= 90 for _, known in pairs)
    assert all(known.inclination != true.inclination for true, known in pairs)
