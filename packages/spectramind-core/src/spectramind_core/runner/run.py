"""``smv50 run``: the seven stages in order, in one folder, with a record of all that happened."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from spectramind_core.components import Progress, Silent, Tracker
from spectramind_core.contracts import PlanetFailure, StageRecord
from spectramind_core.plugins.lifecycle import Observers
from spectramind_core.plugins.registry import Registry
from spectramind_core.provenance import environment, file_digests, hash_summary
from spectramind_core.runner import stages
from spectramind_core.runner.cache import Cache
from spectramind_core.runner.events import EventLog
from spectramind_core.runner.job import Job
from spectramind_core.runner.metrics import metrics_of
from spectramind_core.runner.nouns import Diagnosed, Recalibrated, Submitted
from spectramind_core.settings import Settings
from spectramind_core.spec.resolve import ResolvedSpec
from spectramind_core.storage import save, storage_errors, write_text


@dataclass
class RunResult:
    """Where a run left its results, and what to say of it."""

    folder: Path
    metrics: dict[str, Any] = field(default_factory=dict)
    reports: tuple[Path, ...] = ()
    submissions: tuple[Path, ...] = ()
    failures: tuple[PlanetFailure, ...] = ()
    stages: tuple[StageRecord, ...] = ()

    @property
    def score(self) -> float | None:
        """The challenge score, where the truth about test planets is known."""
        return self.metrics.get("score")


def run(
    spec: ResolvedSpec,
    *,
    registry: Registry,
    settings: Settings,
    until: str = "submit",
    command: Sequence[str] = (),
    progress: Progress | None = None,
    compare: Sequence[Path] = (),
) -> RunResult:
    """Run a spec up to and including one stage; what is cached is not computed again.

    Parameters
    ----------
    spec
        The resolved spec.
    registry
        Where components come from; the spec's own ``plugins`` section is applied on top.
    settings
        Machine matters: where the cache and the outputs go, device, workers.
    until
        The last stage to run: a name of `STAGES`.
    command
        The command line, for the manifest.
    progress
        How to show progress; nothing is shown by default.
    compare
        Other run folders for the diagnostics to compare with.

    Raises
    ------
    SpectramindError
        For anything a user can mend; the run folder then says ``failed`` and keeps its logs, and
        running again goes on from the last finished piece of work.
    """
    with _job(spec, registry, settings, command, progress or Silent(), compare) as job:
        result = RunResult(job.folder)
        for stage, noun in _stages(job):
            _keep(job, result, noun)
            if stage == until:
                break
        result.failures, result.stages = tuple(job.failures), tuple(job.stages)
    return result


def _stages(job: Job) -> Iterator[tuple[str, object]]:
    """The main job: each stage takes what the one before it gives."""
    observed = stages.observe(job)
    yield "observe", observed
    calibrated = stages.calibrate(job, observed)
    yield "calibrate", calibrated
    trained = stages.train(job, calibrated)
    yield "train", trained
    predicted = stages.predict(job, trained)
    yield "predict", predicted
    recalibrated = stages.recalibrate(job, predicted)
    yield "recalibrate", recalibrated
    diagnosed = stages.diagnose(job, recalibrated)
    yield "diagnose", diagnosed
    submitted = stages.submit(job, diagnosed)
    yield "submit", submitted


def _keep(job: Job, result: RunResult, noun: object) -> None:
    """Put what a stage gave where people look for it."""
    if isinstance(noun, Recalibrated):
        result.metrics = metrics_of(job, noun)
        write_text(job.folder / "metrics.json", json.dumps(result.metrics, indent=1) + "\n")
        _keep_predictions(job.folder, noun)
    elif isinstance(noun, Diagnosed):
        result.reports = noun.reports
    elif isinstance(noun, Submitted):
        result.submissions = noun.files


def _keep_predictions(folder: Path, noun: Recalibrated) -> None:
    for name, prediction in (*noun.steps, ("final", noun.final)):
        save(prediction, folder / "predictions" / f"{name}.h5")
    for name, prediction in noun.predicted.baselines.items():
        save(prediction, folder / "predictions" / f"baseline_{name}.h5")
    if noun.truth is not None:
        save(noun.truth, folder / "predictions" / "truth.h5")
    model = noun.predicted.trained.folders["model.estimator"]
    with storage_errors(folder):
        shutil.copytree(model, folder / "model", dirs_exist_ok=True)


@contextmanager
def _job(
    spec: ResolvedSpec,
    registry: Registry,
    settings: Settings,
    command: Sequence[str],
    progress: Progress,
    compare: Sequence[Path],
) -> Iterator[Job]:
    """A job with folder, logs and trackers; whatever happens, its manifest says how it ended."""
    folder = new_run_folder(settings.output)
    plugins = spec.run.plugins
    registry = registry.configured(block=plugins.block, prefer=plugins.prefer)
    for choice in spec.choices():  # loads their plugins, whose lifecycle hooks are then called
        registry.resolve(choice.component.kind, choice.use)
    observers = Observers(registry.manager)
    job = Job(
        spec=spec,
        registry=registry,
        cache=Cache(settings.cache),
        folder=folder,
        events=EventLog(folder, observers),
        environment=environment(),
        command=tuple(command),
        device=settings.device,
        workers=settings.workers,
        progress=progress,
        compare=tuple(compare),
    )
    trackers = _start_trackers(job, observers)
    handler = job.events.handler()
    logger = logging.getLogger("spectramind")
    logger.addHandler(handler)
    status = "failed"
    try:
        job.events.record("run_start", {"name": spec.run.name, "spec_hash": spec.digest})
        _write_identity(job, "running")
        yield job
        status = "done"
    except KeyboardInterrupt:
        status = "interrupted"
        raise
    finally:
        job.events.record("run_end", {"status": status})
        logger.removeHandler(handler)
        for name, tracker in trackers.items():
            _end_tracker(tracker, name, observers, failed=status != "done")
        _write_identity(job, status)


def new_run_folder(root: Path) -> Path:
    """Make ``<root>/<date>/<time>``; a number is added if two runs start within a second.

    Raises
    ------
    StorageError
        If it cannot be made.
    """
    now = datetime.now()
    day = root / f"{now:%Y-%m-%d}"
    with storage_errors(day):
        day.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = day / (f"{now:%H-%M-%S}" + (f"-{number}" if number > 1 else ""))
            try:
                folder.mkdir()
                return folder
            except FileExistsError:
                number += 1


def _write_identity(job: Job, status: str) -> None:
    """The resolved spec, the hash summary and the manifest."""
    write_text(job.folder / "spec.resolved.yaml", job.spec.to_yaml())
    outputs = {} if status == "running" else file_digests(job.folder)
    manifest = job.manifest(status, outputs)
    write_text(
        job.folder / "run_hash_summary_v50.json",
        json.dumps(hash_summary(manifest), indent=1) + "\n",
    )
    write_text(job.folder / "manifest.json", manifest.model_dump_json(indent=1) + "\n")


def _start_trackers(job: Job, observers: Observers) -> dict[str, Tracker]:
    trackers: dict[str, Tracker] = {}
    for choice in job.spec.list("trackers"):
        name = choice.component.name
        tracker: Tracker = job.build(choice)
        try:
            tracker.start(hash_summary(job.manifest("running")), ctx=job.context("tracker", name))
        except Exception as error:
            observers.failures[f"tracker {name}"] = f"start: {type(error).__name__}: {error}"
            continue
        trackers[name] = tracker
        observers.listen(name, tracker.event)
    return trackers


def _end_tracker(tracker: Tracker, name: str, observers: Observers, *, failed: bool) -> None:
    try:
        tracker.end(failed=failed)
    except Exception as error:
        observers.failures[f"tracker {name}"] = f"end: {type(error).__name__}: {error}"
