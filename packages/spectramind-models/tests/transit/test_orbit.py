"""Projected distances against batman's orbit and the geometry of chords."""

import batman
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from spectramind_core.contracts import System
from spectramind_models.transit.orbit import Orbit, catalogued

SYSTEM = System(
    star_radius=1.0,
    star_mass=1.0,
    star_temperature=5500.0,
    planet_mass=1.0,
    period=4.0,
    semi_major_axis=9.0,
    inclination=87.0,
)


def test_a_catalogued_orbit_moves_as_batmans() -> None:
    time = np.linspace(0, 7.5, 301)
    orbit = catalogued(SYSTEM, 3.5)
    params = batman.TransitParams()
    params.t0, params.per, params.rp, params.a, params.inc = 3.5, 96.0, 0.1, 9.0, 87.0
    params.ecc, params.w, params.limb_dark, params.u = 0.0, 90.0, "uniform", []
    theirs = batman.TransitModel(params, time).get_true_anomaly()
    sine = np.sin(np.radians(90) + theirs) * np.sin(np.radians(87))
    np.testing.assert_allclose(orbit.distance(time)[0], 9 * np.sqrt(1 - sine**2), atol=1e-4)
    np.testing.assert_allclose(orbit.semi_major_axis, 9.0)


@settings(deadline=None)
@given(duration=st.floats(1, 6), impact=st.floats(0, 0.9))
def test_the_planets_centre_crosses_the_limb_as_far_apart_as_the_duration(
    duration: float, impact: float
) -> None:
    orbit = Orbit(3.0, duration, impact)
    edges = np.array([3 - duration / 2, 3 + duration / 2])
    np.testing.assert_allclose(orbit.distance(edges)[0], 1, rtol=1e-9)
    np.testing.assert_allclose(orbit.distance(np.array([3.0]))[0], impact, atol=1e-12)


@settings(deadline=None)
@given(duration=st.floats(1, 6), impact=st.floats(0.05, 0.9), time=st.floats(0, 7))
def test_derivatives_agree_with_finite_differences(
    duration: float, impact: float, time: float
) -> None:
    h, at = 1e-6, np.array([time])
    _, by = Orbit(3.0, duration, impact).distance(at)
    moved = [
        (Orbit(3.0 + h, duration, impact), Orbit(3.0 - h, duration, impact)),
        (Orbit(3.0, duration * np.exp(h), impact), Orbit(3.0, duration * np.exp(-h), impact)),
        (Orbit(3.0, duration, impact + h), Orbit(3.0, duration, impact - h)),
    ]
    numeric = [(up.distance(at)[0] - down.distance(at)[0]) / (2 * h) for up, down in moved]
    np.testing.assert_allclose(by, numeric, atol=1e-5)
