"""Spectra against the formulae they come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spectramind_calib.simulator import atmosphere as air
from spectramind_calib.simulator.atmosphere import Atmosphere, transit_depth
from spectramind_core.molecules import BANDS

WAVELENGTH = np.linspace(0.55, 3.95, 400)
CLEAR = dict.fromkeys(BANDS, -9.0)


def atmosphere(
    abundance: dict[str, float] = CLEAR,
    haze: float = -9.0,
    cloud: float = -9.0,
    height: float = 1e-3,
) -> Atmosphere:
    return Atmosphere(0.0144, height, abundance, haze, cloud)


def test_the_scale_height_of_jupiter_and_of_the_earth() -> None:
    # NASA planetary fact sheets: 27 km at 165 K, mu 2.22; 8.5 km at 288 K, mu 28.97.
    assert air.scale_height(165, 1.0, 6.9911e7, 2.22) == pytest.approx(25e3, rel=0.1)
    assert air.scale_height(288, 5.9722e24 / 1.89813e27, 6.371e6, 28.97) == pytest.approx(
        8.5e3, rel=0.02
    )


def test_a_cloud_deck_alone_is_flat() -> None:
    np.testing.assert_allclose(transit_depth(WAVELENGTH, atmosphere(cloud=1.0)), 0.0144, rtol=1e-9)


def test_rayleigh_scattering_alone_falls_by_four_scale_heights_per_ln_wavelength() -> None:
    height = 1e-3
    radius = np.sqrt(transit_depth(WAVELENGTH, atmosphere(haze=1.0, height=height)))
    slope = np.polyfit(np.log(WAVELENGTH), radius, 1)[0]
    assert slope == pytest.approx(-4 * height, rel=1e-6)


@pytest.mark.parametrize("molecule", BANDS)
def test_a_molecule_deepens_its_own_bands(molecule: str) -> None:
    without = atmosphere(cloud=-1.0)
    much = atmosphere({**CLEAR, molecule: 1.0}, cloud=-1.0)
    more = transit_depth(WAVELENGTH, much) - transit_depth(WAVELENGTH, without)
    inside = np.any([(a < WAVELENGTH) & (b > WAVELENGTH) for a, b in BANDS[molecule]], axis=0)
    assert more[inside].min() > more[~inside].mean()


@given(st.floats(1e-5, 2e-3), st.floats(1.1, 3.0))
def test_features_grow_with_the_scale_height(height: float, factor: float) -> None:
    def radius(height: float) -> np.ndarray:
        return np.sqrt(transit_depth(WAVELENGTH, atmosphere({**CLEAR, "H2O": 0.0}, height=height)))

    np.testing.assert_allclose(np.ptp(radius(height * factor)), factor * np.ptp(radius(height)))
