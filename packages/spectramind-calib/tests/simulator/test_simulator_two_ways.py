"""Light curves made at once against frames that were simulated and calibrated: the same statistics.

Both ways draw the same light of a visit, so what differs is noise alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions
from spectramind_calib.simulator.observe import simulate_frames, simulate_light_curves
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurve, LightCurves

PLANETS = 8
OPTIONS = SimulatedOptions(planets=PLANETS, test_planets=0)
NOISELESS = OPTIONS.effects.model_copy(update={"photon_noise": False, "read_noise": False})
QUIET = OPTIONS.model_copy(update={"effects": NOISELESS})


@dataclass(frozen=True)
class Ways:
    """One instrument of one visit: calibrated frames, light curves at once, and without noise."""

    frames: LightCurve
    direct: LightCurve
    quiet: LightCurve

    def noise(self, curve: LightCurve) -> F8:
        """Noise of each sample relative to its light ``[time, wave]``; levels divided out."""
        shape = self.quiet.flux / self.quiet.flux.mean(0)
        result: F8 = curve.flux / curve.flux.mean(0) / shape - 1
        return result

    def white(self, curve: LightCurve) -> F8:
        """The same of the light summed over wavelength ``[time]``."""
        level = self.quiet.flux.mean(0)
        result: F8 = self.noise(curve) @ level / level.sum()
        return result


def _of(curves: LightCurves, instrument: str) -> LightCurve:
    found = curves.fgs1 if instrument == "fgs1" else curves.airs
    assert found is not None
    return found


@pytest.fixture(scope="module")
def visits() -> dict[str, list[Ways]]:
    ctx, source = Context(seed=7), SimulatedSource(OPTIONS)
    calibrate = NumbaCalibration(CalibrationOptions()).calibrate
    found: dict[str, list[Ways]] = {"fgs1": [], "airs": []}
    for number in range(PLANETS):
        planet = source._planet(str(100_001 + number), ctx)
        own = ctx.child("visit", planet.planet_id)
        curves = (
            calibrate(simulate_frames(planet, 0, OPTIONS, own), ctx=own),
            simulate_light_curves(planet, 0, OPTIONS, own),
            simulate_light_curves(planet, 0, QUIET, own),
        )
        for instrument, ways in found.items():
            ways.append(Ways(*(_of(c, instrument) for c in curves)))
    return found


BOTH = pytest.mark.parametrize("instrument", ["fgs1", "airs"])
pytestmark = pytest.mark.slow


@BOTH
def test_times_and_mean_flux(visits: dict[str, list[Ways]], instrument: str) -> None:
    for ways in visits[instrument]:
        np.testing.assert_allclose(ways.frames.time, ways.direct.time, atol=1e-3)
        level = ways.frames.flux.mean(0) / ways.direct.flux.mean(0)
        # Less than a hundredth of the light misses the stamp: a factor, which no depth sees.
        np.testing.assert_allclose(level, 1, atol=0.015)


@BOTH
def test_stated_variances(visits: dict[str, list[Ways]], instrument: str) -> None:
    for ways in visits[instrument]:
        ratio = ways.frames.variance.mean(0) / ways.direct.variance.mean(0)
        assert np.median(ratio) == pytest.approx(1, abs=0.03)


@BOTH
def test_scatter_in_time(visits: dict[str, list[Ways]], instrument: str) -> None:
    ratio = [
        np.median(ways.noise(ways.frames).std(0) / ways.noise(ways.direct).std(0))
        for ways in visits[instrument]
    ]
    # 150 bins tell a standard deviation to 6 %; 8 visits (and 282 bins of AIRS) to far less.
    assert np.mean(ratio) == pytest.approx(1, abs=0.06 if instrument == "fgs1" else 0.015)


@BOTH
def test_scatter_is_what_the_variance_says(visits: dict[str, list[Ways]], instrument: str) -> None:
    for way in ("frames", "direct"):
        pulls = []
        for ways in visits[instrument]:
            curve = getattr(ways, way)
            relative = np.sqrt(curve.variance.mean(0)) / curve.flux.mean(0)
            pulls.append(np.mean(ways.noise(curve).std(0) / relative))
        assert np.mean(pulls) == pytest.approx(1, abs=0.06 if instrument == "fgs1" else 0.02), way


def test_noise_common_to_all_wavelengths(visits: dict[str, list[Ways]]) -> None:
    ratio = [w.white(w.frames).std() / w.white(w.direct).std() for w in visits["airs"]]
    assert np.mean(ratio) == pytest.approx(1, abs=0.1)


@BOTH
def test_slow_noise(visits: dict[str, list[Ways]], instrument: str) -> None:
    """Means over an hour or so: what a transit depth is made of."""

    def slow(noise: F8) -> float:
        return float(np.mean(noise[:150].reshape(6, 25).mean(1) ** 2))

    frames, direct = (
        np.mean([slow(ways.white(getattr(ways, way))) for ways in visits[instrument]])
        for way in ("frames", "direct")
    )
    # 40 independent hours each: their variances are known to 22 %, the ratio's root to 16 %.
    assert np.sqrt(frames / direct) == pytest.approx(1, abs=0.4)


def test_neighbouring_wavelengths_are_as_independent(visits: dict[str, list[Ways]]) -> None:
    for way in ("frames", "direct"):
        found = []
        for ways in visits["airs"]:
            noise = ways.noise(getattr(ways, way))
            noise = noise / noise.std(0)
            found.append(np.mean(noise[:, 1:] * noise[:, :-1]))
        assert np.mean(found) == pytest.approx(0, abs=0.03), way
