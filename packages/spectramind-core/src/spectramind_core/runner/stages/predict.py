"""Stage 4: light curves to spectra, before uncertainty calibration."""

from __future__ import annotations

from pathlib import Path

from spectramind_core.components import ChecksRules, Estimator, FitsTransits
from spectramind_core.contracts import Contract, Prediction, RuleReport, TransitFit
from spectramind_core.errors import DataError
from spectramind_core.runner.cache import key
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Calibrated, Predicted, Trained
from spectramind_core.storage import load, save


class TransitFits(Contract):
    """Transit fits of many visits, as one file."""

    fits: tuple[TransitFit, ...] = ()


def predict(job: Job, trained: Trained) -> Predicted:
    """From estimators to predictions of the calibration planets and the test planets."""
    with job.stage("predict") as clock:
        calibrated = trained.calibrated
        roles = calibrated.roles
        if not roles.test:
            raise DataError(
                "every planet to predict failed", hint="see planet_failed in v50_debug_log.md"
            )
        clock.items = len(trained.estimators)
        predictions: dict[str, Prediction] = {}
        for section, estimator in trained.estimators.items():
            own = section == "model.estimator"
            planets = planets_to_predict(section, calibrated)
            prediction_key = prediction_key_of(trained.keys[section], calibrated, planets)
            folder, cached = job.cache.obtain(
                "predict",
                prediction_key,
                _Predict(job, estimator, calibrated, planets, extras=own),
            )
            clock.cached += cached
            predictions[section] = load(Prediction, folder / "prediction.h5")
            if own:
                clock.key, extras = prediction_key, folder
        own_prediction = predictions.pop("model.estimator")
        names = {choice.section: choice.component.name for choice in job.spec.choices()}
        return Predicted(
            trained,
            clock.key,
            test=own_prediction.of(roles.test),
            calibration=own_prediction.of(roles.calibration) if roles.calibration else None,
            baselines={names[section]: found for section, found in predictions.items()},
            transit_fits=load(TransitFits, extras / "transit_fits.h5").fits,
            rules=_optional_rules(extras / "rules.h5"),
        )


def planets_to_predict(section: str, calibrated: Calibrated) -> tuple[str, ...]:
    """Test planets; for the estimator itself those its uncertainty is calibrated on, too."""
    roles = calibrated.roles
    own = section == "model.estimator"
    return (*roles.calibration, *roles.test) if own else roles.test


def prediction_key_of(training_key: str, calibrated: Calibrated, planets: tuple[str, ...]) -> str:
    """What a prediction depends on."""
    return key(
        "predict",
        estimator=training_key,
        planets={planet: calibrated.keys[planet] for planet in planets},
    )


class _Predict:
    """Fills a cache folder with a prediction and, if asked, what the estimator can show of it."""

    def __init__(
        self,
        job: Job,
        estimator: Estimator,
        calibrated: Calibrated,
        planets: tuple[str, ...],
        *,
        extras: bool,
    ) -> None:
        self._job, self._estimator, self._calibrated = job, estimator, calibrated
        self._planets, self._extras = planets, extras

    def __call__(self, folder: Path) -> None:
        ctx = self._job.context("predict")
        light_curves = self._calibrated.light_curves.of(self._planets)
        prediction = self._estimator.predict(light_curves, ctx=ctx)
        if prediction.planet_ids != self._planets:
            raise DataError(
                "the prediction's planets are not those asked for, in their order",
                where="model.estimator",
                hint="this is a defect of the estimator: report it to its authors",
            )
        save(prediction, folder / "prediction.h5")
        if not self._extras:
            return
        test = self._calibrated.roles.test
        fits: list[TransitFit] = []
        if isinstance(self._estimator, FitsTransits):
            for visits in light_curves.of(test):
                fits.extend(self._estimator.transit_fits(visits, ctx=ctx))
        save(TransitFits(fits=tuple(fits)), folder / "transit_fits.h5")
        if isinstance(self._estimator, ChecksRules):
            report = self._estimator.rule_report(
                prediction.of(test), light_curves.of(test), ctx=ctx
            )
            save(report, folder / "rules.h5")


def _optional_rules(path: Path) -> RuleReport | None:
    return load(RuleReport, path) if path.is_file() else None
