"""One run in progress: its spec, the components it chose, its folder, its log and its cache."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spectramind_core.components import Context, Progress, Silent
from spectramind_core.contracts import (
    ComponentRecord,
    Environment,
    PlanetFailure,
    RunManifest,
    StageRecord,
)
from spectramind_core.plugins.registry import Registry
from spectramind_core.runner.cache import Cache
from spectramind_core.runner.events import EventLog
from spectramind_core.spec.resolve import Choice, ResolvedSpec


@dataclass
class Job:
    """What the stages share. They read it, and report to it; results pass between them as nouns."""

    spec: ResolvedSpec
    registry: Registry
    cache: Cache
    folder: Path
    events: EventLog
    environment: Environment
    command: tuple[str, ...] = ()
    device: str = "cpu"
    workers: int = 1
    progress: Progress = field(default_factory=Silent)
    compare: tuple[Path, ...] = ()
    """Other run folders that diagnostics compare with."""
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    stages: list[StageRecord] = field(default_factory=list)
    failures: list[PlanetFailure] = field(default_factory=list)
    visits: dict[str, str] = field(default_factory=dict)
    data_hash: str = ""

    def context(self, *names: str, folder: Path | None = None) -> Context:
        """A context with random numbers that depend on the spec's seed and these names alone."""
        return Context(
            seed=self.spec.run.seed,
            names=names,
            device=self.device,
            workers=self.workers,
            folder=folder or self.folder,
            log=logging.getLogger("spectramind"),
            progress=self.progress,
            metrics=self.events.record,
        )

    def build(self, choice: Choice) -> Any:
        """The component of a choice, with what is plugged into it."""
        parts = {name: self.build_part(part) for name, part in choice.parts.items()}
        return self.registry.build(choice.component, choice.options, parts)

    def build_part(self, part: Any) -> Any:
        """A plugged-in component, or a list of rules."""
        if isinstance(part, Choice):
            return self.build(part)
        return [replace(rule.part, rule=self.build(rule.choice)) for rule in part]

    @contextmanager
    def stage(self, name: str) -> Iterator[StageClock]:
        """Log a stage's start and end, and how much of it came from the cache."""
        clock = StageClock()
        self.events.heading(name)
        self.events.record("stage_start", {"stage": name})
        start = time.perf_counter()
        try:
            yield clock
        except BaseException as error:
            self.events.record("stage_error", {"stage": name, "error": _reason(error)})
            raise
        record = StageRecord(
            stage=name,
            key=clock.key,
            seconds=time.perf_counter() - start,
            items=clock.items,
            cached=clock.cached,
        )
        self.stages.append(record)
        self.events.record("stage_end", record.model_dump())

    def fail(self, stage: str, planet_id: str, visit: int, error: Exception) -> None:
        """Leave out a visit and say so."""
        failure = PlanetFailure(planet_id=planet_id, visit=visit, stage=stage, error=_reason(error))
        self.failures.append(failure)
        self.events.record("planet_failed", failure.model_dump())

    def manifest(self, status: str, outputs: Mapping[str, str] | None = None) -> RunManifest:
        """The record of the run so far."""
        return RunManifest.model_validate(
            {
                "name": self.spec.run.name,
                "status": status,
                "created": self.created,
                "command": self.command,
                "seed": self.spec.run.seed,
                "spec_hash": self.spec.digest,
                "data_hash": self.data_hash,
                "spec": self.spec.canonical,
                "overrides": self.spec.overrides,
                "components": tuple(self._record(choice) for choice in self.spec.choices()),
                "environment": self.environment,
                "stages": tuple(self.stages),
                "failures": tuple(self.failures),
                "observers": self.events.observers.failures,
                "visits": self.visits,
                "outputs": dict(outputs or {}),
                "extra": self.events.observers.collect("spectramind_manifest"),
            }
        )

    def _record(self, choice: Choice) -> ComponentRecord:
        entry = self.registry.entry(choice.component.kind, choice.use)
        return ComponentRecord(
            section=choice.section,
            kind=choice.component.kind,
            name=choice.component.name,
            revision=choice.component.revision,
            distribution=entry.distribution,
            version=entry.version,
        )


@dataclass
class StageClock:
    """What a stage reports about itself."""

    key: str = ""
    items: int = 1
    cached: int = 0


def _reason(error: BaseException) -> str:
    text = str(error)
    return text if text else type(error).__name__
