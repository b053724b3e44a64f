"""What a detector calibration must do."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from spectramind_core.components import Context
from spectramind_core.contracts import LightCurve, LightCurves, Observation
from spectramind_core.testing import synthetic
from spectramind_core.testing.base import ComponentTests, good_manners


class DetectorCalibrationTests(ComponentTests):
    """Base test of kind ``detector_calibrations``, on a perfect detector and a constant star."""

    kind: ClassVar[str] = "detector_calibrations"
    linearity_tolerance: ClassVar[float] = 2e-3
    """Relative; the converter rounds to whole counts, so this cannot be zero."""

    def observation(self, electrons: float = 2000.0) -> Observation:
        """A noiseless observation to calibrate."""
        return synthetic.observation(electrons=electrons)

    def _calibrated(self, ctx: Context, electrons: float = 2000.0) -> LightCurves:
        found: LightCurves = self.build().calibrate(self.observation(electrons), ctx=ctx)
        return found

    def test_it_keeps_planet_visit_and_wavelengths(self, ctx: Context) -> None:
        observation, calibrated = self.observation(), self._calibrated(ctx)
        assert calibrated.planet_id == observation.planet_id
        assert calibrated.visit == observation.visit
        assert calibrated.airs is not None
        assert observation.airs is not None
        np.testing.assert_allclose(calibrated.airs.wavelength, observation.airs.bin_wavelength)

    def test_it_is_deterministic(self, ctx: Context) -> None:
        assert self._calibrated(ctx) == self._calibrated(ctx)

    def test_twice_the_light_is_twice_the_flux(self, ctx: Context) -> None:
        once, twice = self._calibrated(ctx, 2000.0), self._calibrated(ctx, 4000.0)
        for a, b in _pairs(once, twice):
            ratio = b.flux[b.valid].sum() / a.flux[a.valid].sum()
            assert abs(ratio - 2) < 2 * self.linearity_tolerance

    def test_more_light_has_more_variance_but_less_relative_error(self, ctx: Context) -> None:
        faint, bright = self._calibrated(ctx, 2000.0), self._calibrated(ctx, 8000.0)
        for a, b in _pairs(faint, bright):
            assert np.median(b.variance[b.valid]) > np.median(a.variance[a.valid])
            assert np.median(np.sqrt(b.variance[b.valid]) / b.flux[b.valid]) < np.median(
                np.sqrt(a.variance[a.valid]) / a.flux[a.valid]
            )

    def test_a_constant_star_gives_a_constant_light_curve(self, ctx: Context) -> None:
        calibrated = self._calibrated(ctx)
        for curve, _ in _pairs(calibrated, calibrated):
            spread = curve.flux.max(0) - curve.flux.min(0)
            assert np.all(spread < 1e-3 * curve.flux.mean(0))

    def test_it_is_silent_and_leaves_global_random_state_alone(self, ctx: Context) -> None:
        with good_manners():
            self._calibrated(ctx)


def _pairs(a: LightCurves, b: LightCurves) -> list[tuple[LightCurve, LightCurve]]:
    return [
        (x, y) for x, y in ((a.fgs1, b.fgs1), (a.airs, b.airs)) if x is not None and y is not None
    ]
