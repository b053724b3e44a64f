"""What a calibrator of uncertainty must do."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from spectramind_core.components import Calibrator, Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.testing import synthetic
from spectramind_core.testing.base import ComponentTests, good_manners


class CalibratorTests(ComponentTests):
    """Base test of kind ``calibrators``, on errors three times as large as claimed."""

    kind: ClassVar[str] = "calibrators"
    planets: ClassVar[int] = 120
    bins: ClassVar[int] = 24
    slack: ClassVar[float] = 0.08
    """How far coverage of one sigma may lie from 68 % on test planets."""

    def sample(self, seed: int) -> tuple[Prediction, Truth]:
        """Exchangeable planets, overconfident by a factor of three."""
        rng = np.random.default_rng(seed)
        truth = synthetic.truth(rng, self.planets, self.bins)
        return synthetic.prediction(rng, truth, error=3e-4, claimed=1e-4), truth

    def fitted(self, ctx: Context) -> Calibrator:
        """A calibrator fitted on planets that the tests do not use again."""
        calibrator: Calibrator = self.build()
        prediction, truth = self.sample(7)
        calibrator.fit(prediction, truth, ctx=ctx)
        return calibrator

    def test_one_sigma_covers_what_it_promises(self, ctx: Context) -> None:
        prediction, truth = self.sample(8)
        calibrated = self.fitted(ctx).apply(prediction, ctx=ctx)
        inside = np.abs(calibrated.mu - truth.spectra) <= calibrated.sigma
        assert abs(inside.mean() - 0.6827) < self.slack

    def test_it_keeps_planets_and_wavelengths(self, ctx: Context) -> None:
        prediction, _ = self.sample(8)
        calibrated = self.fitted(ctx).apply(prediction, ctx=ctx)
        assert calibrated.planet_ids == prediction.planet_ids
        np.testing.assert_array_equal(calibrated.wavelength, prediction.wavelength)

    def test_a_planets_row_does_not_depend_on_the_others(self, ctx: Context) -> None:
        calibrator = self.fitted(ctx)
        prediction, _ = self.sample(8)
        one = prediction.planet_ids[3:4]
        together = calibrator.apply(prediction, ctx=ctx).of(one)
        alone = calibrator.apply(prediction.of(one), ctx=ctx)
        np.testing.assert_allclose(together.sigma, alone.sigma, rtol=1e-5)

    def test_fitting_twice_gives_the_same(self, ctx: Context) -> None:
        prediction, _ = self.sample(8)
        first, second = self.fitted(ctx), self.fitted(ctx)
        assert first.apply(prediction, ctx=ctx) == second.apply(prediction, ctx=ctx)

    def test_what_is_loaded_applies_as_what_was_saved(self, ctx: Context, tmp_path: Path) -> None:
        calibrator = self.fitted(ctx)
        prediction, _ = self.sample(8)
        folder = tmp_path / "saved"
        folder.mkdir()
        calibrator.save(folder)
        loaded: Calibrator = self.build()
        loaded.load(folder)
        assert loaded.apply(prediction, ctx=ctx) == calibrator.apply(prediction, ctx=ctx)

    def test_it_is_silent_and_leaves_global_random_state_alone(self, ctx: Context) -> None:
        with good_manners():
            self.fitted(ctx)
