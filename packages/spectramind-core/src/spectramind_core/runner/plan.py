"""``--dry-run``: what a run would do, and what of it is cached, without doing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from spectramind_core.plugins.lifecycle import Observers
from spectramind_core.plugins.registry import Registry
from spectramind_core.provenance import environment
from spectramind_core.runner.cache import Cache
from spectramind_core.runner.events import EventLog
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Calibrated, Observed
from spectramind_core.runner.stages import STAGES, observe
from spectramind_core.runner.stages.calibrate import (
    calibrated_of,
    light_curve_file,
    light_curve_key,
)
from spectramind_core.runner.stages.predict import planets_to_predict, prediction_key_of
from spectramind_core.runner.stages.recalibrate import calibrator_key
from spectramind_core.runner.stages.train import estimator_choices, training_key
from spectramind_core.settings import Settings
from spectramind_core.spec.resolve import ResolvedSpec


@dataclass(frozen=True)
class PlannedStage:
    """What one stage would do."""

    stage: str
    items: int
    cached: int
    what: str


def plan(
    spec: ResolvedSpec, *, registry: Registry, settings: Settings, until: str = "submit"
) -> tuple[PlannedStage, ...]:
    """The stages of a run with what is cached of each, assuming that no planet fails.

    Lists the data but reads no frame, computes nothing and leaves nothing behind.
    """
    plugins = spec.run.plugins
    registry = registry.configured(block=plugins.block, prefer=plugins.prefer)
    with TemporaryDirectory() as folder:
        job = Job(
            spec=spec,
            registry=registry,
            cache=Cache(settings.cache),
            folder=Path(folder),
            events=EventLog(Path(folder), Observers(registry.manager)),
            environment=environment(),
        )
        stages = tuple(_planned(job))
    return stages[: STAGES.index(until) + 1]


def _planned(job: Job) -> Iterator[PlannedStage]:
    observed = observe(job)
    roles = observed.roles
    yield PlannedStage(
        "observe",
        len(observed.digests),
        0,
        f"{len(roles.train)} training, {len(roles.validation)} validation, "
        f"{len(roles.calibration)} calibration and {len(roles.test)} test planets",
    )
    visits = observed.visits_of(roles.all)
    keys = {visit: light_curve_key(job, visit, observed.digests[visit]) for visit in visits}
    cached = sum(light_curve_file(job, visit_key).is_file() for visit_key in keys.values())
    yield PlannedStage("calibrate", len(visits), cached, _names(job, "detector"))
    calibrated = calibrated_of(job, observed, keys)
    yield from _learning(job, observed, calibrated)
    yield PlannedStage("diagnose", len(job.spec.list("diagnostics")), 0, _names(job, "diagnostics"))
    yield PlannedStage("submit", len(job.spec.list("submit")), 0, _names(job, "submit"))


def _learning(job: Job, observed: Observed, calibrated: Calibrated) -> Iterator[PlannedStage]:
    trained = {
        choice.section: training_key(job, choice, calibrated) for choice in estimator_choices(job)
    }
    names = ", ".join(choice.component.name for choice in estimator_choices(job))
    yield _keyed(job, "train", list(trained.values()), names)
    predicted = {
        section: prediction_key_of(training, calibrated, planets_to_predict(section, calibrated))
        for section, training in trained.items()
    }
    yield _keyed(job, "predict", list(predicted.values()), names)
    before, steps = predicted["model.estimator"], []
    if observed.truth is not None:
        truth = observed.truth.of(calibrated.roles.calibration)
        for choice in job.spec.list("uncertainty"):
            before = calibrator_key(job, choice, before, truth)
            steps.append(before)
    yield _keyed(job, "recalibrate", steps, _names(job, "uncertainty"))


def _keyed(job: Job, stage: str, keys: list[str], what: str) -> PlannedStage:
    return PlannedStage(stage, len(keys), sum(job.cache.has(stage, key) for key in keys), what)


def _names(job: Job, section: str) -> str:
    choices = job.spec.list(section) or (job.spec.choice(section),)
    return ", ".join(choice.component.name for choice in choices)
