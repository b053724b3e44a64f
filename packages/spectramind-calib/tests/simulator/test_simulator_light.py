"""Light of star and planet: against batman, and where it falls."""

from __future__ import annotations

from pathlib import Path

import batman
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectramind_calib.simulator import grid, population, scene, transit_light
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context
from spectramind_core.contracts import System

HOURS = np.linspace(0, 7.5, 400)
REAL = Path(__file__).resolve().parents[5] / "shared" / "real" / "adc2025_sample"


PUBLISHED = {
    0.64: {4500: (0.6811, 0.0672), 5750: (0.4035, 0.2622), 7000: (0.2567, 0.3263)},  # Kepler
    0.787: {4500: (0.5126, 0.1514), 5750: (0.3075, 0.2743), 7000: (0.1812, 0.3220)},  # TESS
    0.79: {4500: (0.4795, 0.1656), 5750: (0.2915, 0.2741), 7000: (0.1650, 0.3195)},  # I
    1.64: {4500: (0.0924, 0.4019), 5750: (0.0511, 0.3379), 7000: (0.0247, 0.2805)},  # H
    2.19: {4500: (0.0861, 0.3359), 5750: (0.0548, 0.2815), 7000: (0.0306, 0.2377)},  # K
    3.55: {4500: (0.0871, 0.2137), 5750: (0.0698, 0.1696), 7000: (0.0467, 0.1502)},  # IRAC 1
    4.49: {4500: (0.0815, 0.1591), 5750: (0.0657, 0.1369), 7000: (0.0521, 0.1150)},  # IRAC 2
}
"""Quadratic coefficients by wavelength and temperature at log g 4.5, [M/H] 0, 2 km/s, ATLAS, least
squares: Claret & Bloemen 2011, A&A 529, A75, table of a and b; TESS: Claret 2017, A&A 600, A30,
table 25."""


def reference(system: System, centre: float, depth: float, law: np.ndarray) -> np.ndarray:
    """batman at one wavelength, with its finest integration."""
    parameters = batman.TransitParams()
    parameters.t0, parameters.per, parameters.rp = centre / 24, system.period, np.sqrt(depth)
    parameters.a, parameters.inc = system.semi_major_axis, system.inclination
    parameters.ecc, parameters.w = 0.0, 90.0
    parameters.u, parameters.limb_dark = list(law), "quadratic"
    model = batman.TransitModel(parameters, HOURS / 24, max_err=0.01)
    return np.asarray(model.light_curve(parameters))


@pytest.mark.parametrize("number", range(8))
def test_every_wavelength_agrees_with_batman(number: int) -> None:
    source = SimulatedSource(SimulatedOptions())
    planet = source._planet(str(100_001 + number), Context(seed=50))
    depth, wavelength = planet.spectrum[1:], grid.bin_wavelength(2025)[1:]
    law = transit_light.limb_darkening(wavelength, planet.system.star_temperature)
    found = transit_light.light_curves(HOURS, 3.6, planet.system, depth, law)
    for bin_ in (0, 17, 100, 203, 281):
        expected = reference(planet.system, 3.6, depth[bin_], law[bin_])
        np.testing.assert_allclose(found[:, bin_], expected, rtol=0, atol=5e-6)
        # What a fit would make of the difference: far less than a part per million of depth.
        lost = 1 - expected
        bias = (expected - found[:, bin_]) @ lost / (lost @ lost)
        assert abs(bias) * depth[bin_] < 3e-7


def test_far_from_transit_the_star_is_whole() -> None:
    system = population.draw_system(np.random.default_rng(1))
    law = transit_light.limb_darkening(np.array([0.7]), 5000)
    found = transit_light.light_curves(HOURS, 30.0, system, np.array([0.01]), law)
    np.testing.assert_array_equal(found, 1.0)


@pytest.mark.parametrize("micron", PUBLISHED)
def test_limb_darkening_is_near_what_is_published(micron: float) -> None:
    halfway = np.array([0.5, 0.25])  # of u1 and u2, in the light lost at mu = 0.5
    for temperature, published in PUBLISHED[micron].items():
        found = transit_light.limb_darkening(np.array([micron]), temperature)[0]
        np.testing.assert_allclose(found, published, rtol=0, atol=0.07)
        assert found @ halfway == pytest.approx(published @ halfway, abs=0.025)


def test_limb_darkening_weakens_to_the_red_and_for_hot_stars() -> None:
    wavelength = np.array([0.7, 2.0, 3.9])
    cool, hot = (transit_light.limb_darkening(wavelength, t).sum(1) for t in (4300, 6900))
    assert np.all(np.diff(cool) < 0)
    assert cool[0] > hot[0]


@given(st.floats(10.0, 21.0))
def test_pixels_share_all_the_light_and_its_centre_is_where_it_was_put(centre: float) -> None:
    shares = scene.pixel_shares(np.array([centre]), 32)[:, 0]
    assert shares.min() > 0
    # The broad wings reach a little beyond the edges once the image is not in the middle.
    assert 0.98 < shares.sum() <= 1 + 1e-12
    assert shares @ np.arange(32) / shares.sum() == pytest.approx(centre, abs=0.25)


def test_drift_is_separable_smooth_and_some_hundred_ppm() -> None:
    sizes = []
    for seed in range(60):
        rng = Context(seed=seed).rng()
        drift = scene.drift(HOURS, grid.detector_wavelength(), rng) - 1
        power = np.linalg.svd(drift, compute_uv=False)
        assert power[1] < 1e-9 * power[0]
        sizes.append(np.ptp(drift.mean(1)))
    assert 100e-6 < np.median(sizes) < 1000e-6


def test_mid_transit_falls_well_inside_unless_the_transit_is_partial() -> None:
    rng = np.random.default_rng(0)
    whole = [scene.mid_transit(rng, partial=False) for _ in range(200)]
    part = [scene.mid_transit(rng, partial=True) for _ in range(200)]
    assert min(whole) > 2.5
    assert max(whole) < 5.0
    assert all(c < 1.3 or c > 6.2 for c in part)


def test_the_grid_has_the_known_wavelengths() -> None:
    found = grid.bin_wavelength(2025)
    assert found[[0, 1, 282]] == pytest.approx([0.7, 1.9518, 3.8950], abs=1e-4)
    assert np.all(np.diff(found) > 0)
    column = grid.detector_wavelength()
    assert column[[0, -1]] == pytest.approx([4.0785, 1.6333], abs=1e-4)
    assert np.all(np.diff(column) < 0)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real sample at {REAL}")
def test_the_grid_is_near_the_real_one() -> None:
    text = (REAL / "wavelengths.csv").read_text().splitlines()[1]
    real = np.array([float(x) for x in text.split(",")])
    np.testing.assert_allclose(grid.bin_wavelength(2025), real, rtol=0, atol=0.02)
