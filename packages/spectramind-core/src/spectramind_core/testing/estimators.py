"""What an estimator must do."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from spectramind_core.components import Context, Estimator, Labelled
from spectramind_core.contracts import LightCurveSet, Prediction
from spectramind_core.testing import synthetic
from spectramind_core.testing.base import ComponentTests, good_manners


class EstimatorTests(ComponentTests):
    """Base test of kind ``estimators``, on trapezoidal transits of known depth."""

    kind: ClassVar[str] = "estimators"
    planets: ClassVar[int] = 10
    bins: ClassVar[int] = 283
    tolerance: ClassVar[float] = 1e-9
    """How far a planet's row may move, in (Rp/Rs)^2, with the company it is predicted in."""

    def labelled(self) -> Labelled:
        """Training planets."""
        rng = np.random.default_rng(1)
        truth = synthetic.truth(rng, self.planets, self.bins)
        return Labelled(synthetic.light_curves(rng, truth), truth)

    def fitted(self, ctx: Context) -> tuple[Estimator, LightCurveSet]:
        """A fitted estimator and light curves to predict from."""
        labelled = self.labelled()
        estimator: Estimator = self.build()
        estimator.fit(labelled, validation=None, ctx=ctx)
        return estimator, labelled.light_curves

    def test_it_predicts_one_row_per_planet_in_order(self, ctx: Context) -> None:
        estimator, light_curves = self.fitted(ctx)
        prediction = estimator.predict(light_curves, ctx=ctx)
        assert prediction.planet_ids == light_curves.planet_ids
        np.testing.assert_array_equal(prediction.wavelength, light_curves.wavelength)

    def test_a_planets_row_does_not_depend_on_the_others(self, ctx: Context) -> None:
        estimator, light_curves = self.fitted(ctx)
        together = estimator.predict(light_curves, ctx=ctx)
        shuffled = tuple(reversed(light_curves.planet_ids))
        apart = estimator.predict(light_curves.of(shuffled), ctx=ctx)
        alone = estimator.predict(light_curves.of(shuffled[:1]), ctx=ctx)
        self._same(together.of(shuffled), apart)
        self._same(together.of(shuffled[:1]), alone)

    def test_predicting_twice_gives_the_same(self, ctx: Context) -> None:
        estimator, light_curves = self.fitted(ctx)
        first = estimator.predict(light_curves, ctx=ctx)
        assert first == estimator.predict(light_curves, ctx=ctx)

    def test_training_twice_gives_the_same(self, ctx: Context) -> None:
        (first, light_curves), (second, _) = self.fitted(ctx), self.fitted(ctx)
        assert first.predict(light_curves, ctx=ctx) == second.predict(light_curves, ctx=ctx)

    def test_what_is_loaded_predicts_what_was_saved(self, ctx: Context, tmp_path: Path) -> None:
        estimator, light_curves = self.fitted(ctx)
        folder = tmp_path / "saved"
        folder.mkdir()
        estimator.save(folder)
        loaded: Estimator = self.build()
        loaded.load(folder)
        assert loaded.predict(light_curves, ctx=ctx) == estimator.predict(light_curves, ctx=ctx)
        assert not list(folder.rglob("*.pkl")) + list(folder.rglob("*.pt"))

    def test_a_deeper_transit_is_predicted_deeper(self, ctx: Context) -> None:
        estimator, _ = self.fitted(ctx)
        grid = synthetic.wavelength_grid(self.bins)
        rng = np.random.default_rng(2)
        visits = [
            synthetic.visit(rng, planet, np.full(self.bins, depth), grid)
            for planet, depth in (("shallow", 0.006), ("deep", 0.02))
        ]
        prediction = estimator.predict(LightCurveSet.from_visits(visits, grid), ctx=ctx)
        shallow, deep = prediction.mu.mean(1)
        assert deep > shallow

    def test_samples_marked_invalid_do_not_matter(self, ctx: Context) -> None:
        estimator, light_curves = self.fitted(ctx)
        planet = light_curves.planet_ids[0]
        (visit,) = light_curves[planet]
        assert visit.airs is not None
        valid = np.array(visit.airs.valid)
        valid[::17, ::5] = False
        predictions = []
        for garbage in (np.nan, 1e9):
            flux = np.where(valid, visit.airs.flux, garbage)
            airs = visit.airs.replace(flux=flux, valid=valid)
            one = LightCurveSet.from_visits([visit.replace(airs=airs)], light_curves.wavelength)
            predictions.append(estimator.predict(one, ctx=ctx))
        self._same(*predictions)

    def test_a_missing_instrument_still_gives_a_whole_spectrum(self, ctx: Context) -> None:
        estimator, light_curves = self.fitted(ctx)
        (visit,) = light_curves[light_curves.planet_ids[0]]
        for missing in ({"fgs1": None}, {"airs": None}):
            one = LightCurveSet.from_visits([visit.replace(**missing)], light_curves.wavelength)
            prediction = estimator.predict(one, ctx=ctx)
            assert np.all(np.isfinite(prediction.mu))

    def test_it_is_silent_and_leaves_global_random_state_alone(self, ctx: Context) -> None:
        with good_manners():
            estimator, light_curves = self.fitted(ctx)
            estimator.predict(light_curves, ctx=ctx)

    def _same(self, a: Prediction, b: Prediction) -> None:
        assert a.planet_ids == b.planet_ids
        np.testing.assert_allclose(a.mu, b.mu, rtol=0, atol=self.tolerance)
        np.testing.assert_allclose(a.sigma, b.sigma, rtol=0, atol=self.tolerance)
