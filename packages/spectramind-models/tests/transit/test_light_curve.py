"""The transit kernel against batman's analytic model, and its derivatives against differences."""

import numpy as np
import pytest
from batman import _quadratic_ld
from hypothesis import given, settings
from hypothesis import strategies as st

from spectramind_models.transit.light_curve import hidden_moments
from spectramind_models.transit.limb_darkening import moment_weights


@pytest.mark.parametrize("k", [0.01, 0.1, 0.25])
@pytest.mark.parametrize("u", [(0.0, 0.0), (0.45, 0.2), (0.1, 0.15)])
def test_light_left_over_agrees_with_batman(k: float, u: tuple[float, float]) -> None:
    z = np.linspace(1e-4, 1.4, 1501)
    weights, _ = moment_weights(np.array(u)[:, None])
    ours = 1 - weights[:, 0] @ hidden_moments(z, k)[0]
    theirs = _quadratic_ld._quadratic_ld(z, k, *u, 1)
    np.testing.assert_allclose(ours, theirs, atol=3e-8)


@settings(deadline=None)
@given(z=st.floats(0.02, 1.5), k=st.floats(0.02, 0.3))
def test_derivatives_agree_with_finite_differences(z: float, k: float) -> None:
    step = 1e-6
    if min(abs(z + k - 1), abs(z - k - 1), abs(z - k)) < 1e-2:
        return  # a contact, where the light has a kink in its derivative
    at = np.array([z])
    _, by_radius, by_distance = hidden_moments(at, k)
    numeric_k = (hidden_moments(at, k + step)[0] - hidden_moments(at, k - step)[0]) / (2 * step)
    numeric_z = (hidden_moments(at + step, k)[0] - hidden_moments(at - step, k)[0]) / (2 * step)
    np.testing.assert_allclose(by_radius, numeric_k, atol=1e-5)
    np.testing.assert_allclose(by_distance, numeric_z, atol=1e-5)


def test_nothing_is_hidden_before_first_contact() -> None:
    for part in hidden_moments(np.array([1.11, 2.0, 30.0]), 0.1):
        assert not part.any()


def test_a_planet_larger_than_its_star_hides_all_of_it() -> None:
    moments = hidden_moments(np.array([0.0]), 1.5)[0][:, 0]
    np.testing.assert_allclose(moments, [1, 2 / 3, 1 / 2])


@settings(deadline=None)
@given(u1=st.floats(0, 0.8), u2=st.floats(-0.1, 0.5))
def test_derivatives_of_the_moments_weights(u1: float, u2: float) -> None:
    step, at = 1e-6, np.array([[u1], [u2]])
    _, by = moment_weights(at)
    for i in range(2):
        move = np.zeros_like(at)
        move[i] = step
        numeric = (moment_weights(at + move)[0] - moment_weights(at - move)[0]) / (2 * step)
        np.testing.assert_allclose(by[i], numeric, atol=1e-7)
