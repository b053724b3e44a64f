"""Stage 5: make sigma and intervals hold what they promise."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from spectramind_core.calibration_metrics import assess
from spectramind_core.components import Calibrator
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.errors import DataError
from spectramind_core.runner.cache import key
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Predicted, Recalibrated
from spectramind_core.spec.resolve import Choice
from spectramind_core.storage import load, save, write_text


def recalibrate(job: Job, predicted: Predicted) -> Recalibrated:
    """Fit each calibrator on the calibration planets, in turn, and apply it to the test planets."""
    with job.stage("recalibrate") as clock:
        truth = known_truth(predicted, predicted.test.planet_ids)
        steps = [("estimator", predicted.test)]
        choices = job.spec.list("uncertainty")
        clock.items, clock.key = len(choices), predicted.key
        fitted = _calibration_planets(predicted) if choices else None
        _assess(job, "estimator", predicted.test, truth)
        for choice in choices:
            assert fitted is not None
            calibration, calibration_truth = fitted
            clock.key = calibrator_key(job, choice, clock.key, calibration_truth)
            step = _Step(job, choice, calibration, calibration_truth, steps[-1][1])
            folder, cached = job.cache.obtain("recalibrate", clock.key, step)
            clock.cached += cached
            fitted = (load(Prediction, folder / "calibration.h5"), calibration_truth)
            steps.append((choice.component.name, load(Prediction, folder / "test.h5")))
            _publish(folder / "files", job.folder / choice.component.name)
            _assess(job, choice.component.name, steps[-1][1], truth)
        return Recalibrated(predicted, clock.key, tuple(steps), truth)


def calibrator_key(job: Job, choice: Choice, before: str, truth: Truth) -> str:
    """What a calibrated prediction depends on; `before` is the key of the one it starts from."""
    return key(
        "recalibrate",
        before=before,
        calibrator=choice.identity,
        seed=job.spec.run.seed,
        truth=truth.digest(),
    )


class _Step:
    """Fills a cache folder with one calibrator's state and what it makes of the predictions."""

    def __init__(
        self, job: Job, choice: Choice, calibration: Prediction, truth: Truth, test: Prediction
    ) -> None:
        self._job, self._choice = job, choice
        self._calibration, self._truth, self._test = calibration, truth, test

    def __call__(self, folder: Path) -> None:
        calibrator: Calibrator = self._job.build(self._choice)
        (folder / "files").mkdir()
        (folder / "state").mkdir()
        ctx = self._job.context("recalibrate", self._choice.component.name, folder=folder / "files")
        calibrator.fit(self._calibration, self._truth, ctx=ctx)
        calibrator.save(folder / "state")
        save(calibrator.apply(self._calibration, ctx=ctx), folder / "calibration.h5")
        save(calibrator.apply(self._test, ctx=ctx), folder / "test.h5")


def known_truth(predicted: Predicted, planets: tuple[str, ...]) -> Truth | None:
    """Truth about those of `planets` for which it is known, in their order."""
    truth = predicted.trained.calibrated.observed.truth
    known = set(truth.planet_ids) if truth else set()
    ours = [planet for planet in planets if planet in known]
    return truth.of(ours) if truth and ours else None


def _calibration_planets(predicted: Predicted) -> tuple[Prediction, Truth]:
    calibration = predicted.calibration
    truth = known_truth(predicted, calibration.planet_ids) if calibration else None
    if calibration is None or truth is None:
        raise DataError(
            "there is no planet to calibrate uncertainty on",
            where="uncertainty",
            hint="raise data.split.calibration, or leave the section 'uncertainty' empty",
        )
    return calibration, truth


def _assess(job: Job, name: str, prediction: Prediction, truth: Truth | None) -> None:
    if truth is None:
        return
    assessment = assess(prediction.of(truth.planet_ids), truth)
    write_text(
        job.folder / "calibration" / f"{name}.json",
        json.dumps(assessment, indent=1, sort_keys=True) + "\n",
    )


def _publish(files: Path, target: Path) -> None:
    if any(files.iterdir()):
        shutil.copytree(files, target, dirs_exist_ok=True)
