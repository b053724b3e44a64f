"""Stage 3: fit the estimator, and the baselines it is measured against."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from spectramind_core.components import Estimator, Labelled
from spectramind_core.contracts import Truth
from spectramind_core.runner.cache import key
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Calibrated, Trained
from spectramind_core.runner.training_log import TrainingLog, replay
from spectramind_core.spec.resolve import Choice


def train(job: Job, calibrated: Calibrated) -> Trained:
    """From labelled light curves to estimators; interrupted training goes on where it stopped."""
    with job.stage("train") as clock:
        choices = estimator_choices(job)
        keys = {choice.section: training_key(job, choice, calibrated) for choice in choices}
        clock.items, clock.key = len(choices), key("train", estimators=keys)
        estimators: dict[str, Estimator] = {}
        folders: dict[str, Path] = {}
        for choice in choices:
            estimator: Estimator = job.build(choice)
            own = keys[choice.section]
            with job.cache.alone("train", own):
                folder, cached = job.cache.obtain(
                    "train", own, _Fit(job, choice, estimator, calibrated, own)
                )
            clock.cached += cached
            if cached:
                estimator.load(folder)
                replay(folder, job.events.record)
            estimators[choice.section], folders[choice.section] = estimator, folder
        return Trained(calibrated, estimators, keys, folders)


def estimator_choices(job: Job) -> tuple[Choice, ...]:
    """The estimator first, then the baselines."""
    return (job.spec.choice("model.estimator"), *job.spec.list("model.baselines"))


def training_key(job: Job, choice: Choice, calibrated: Calibrated) -> str:
    """What a trained estimator depends on."""
    roles = calibrated.roles
    learnt_from = {
        role: {planet: calibrated.keys[planet] for planet in planets}
        for role, planets in (("train", roles.train), ("validation", roles.validation))
    }
    truth = _truth(calibrated, (*roles.train, *roles.validation))
    return key(
        "train",
        estimator=choice.identity,
        seed=job.spec.run.seed,
        planets=learnt_from,
        truth=truth.digest() if truth else None,
    )


class _Fit:
    """Fills a cache folder with a fitted estimator."""

    def __init__(
        self, job: Job, choice: Choice, estimator: Estimator, calibrated: Calibrated, key: str
    ) -> None:
        self._job, self._choice, self._key = job, choice, key
        self._estimator, self._calibrated = estimator, calibrated

    def __call__(self, folder: Path) -> None:
        roles = self._calibrated.roles
        validation = _labelled(self._calibrated, roles.validation)
        name = self._choice.component.name
        with self._job.cache.workspace("train", self._key) as workspace:
            log = TrainingLog(workspace, name, self._job.events.record)
            ctx = self._job.context("train", name, folder=workspace)
            self._estimator.fit(
                _labelled(self._calibrated, roles.train),
                validation=validation if roles.validation else None,
                ctx=replace(ctx, metrics=log, spec=self._choice.identity),
            )
            self._estimator.save(folder)
            log.close(folder)


def _labelled(calibrated: Calibrated, planets: tuple[str, ...]) -> Labelled:
    truth = _truth(calibrated, planets)
    if truth is None:
        wavelength = calibrated.observed.wavelength
        truth = Truth(
            planet_ids=(), wavelength=wavelength, spectra=wavelength[None, :].repeat(0, axis=0)
        )
    return Labelled(calibrated.light_curves.of(planets), truth)


def _truth(calibrated: Calibrated, planets: tuple[str, ...]) -> Truth | None:
    truth = calibrated.observed.truth
    return truth.of(planets) if truth and planets else None
