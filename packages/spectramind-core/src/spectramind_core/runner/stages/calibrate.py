"""Stage 2: raw frames to light curves, visit by visit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from spectramind_core.components import Context, DetectorCalibration, Executor, Source, Visit
from spectramind_core.contracts import LightCurves, LightCurveSet
from spectramind_core.errors import PluginError, StorageError
from spectramind_core.plugins.declaration import Component, Options
from spectramind_core.plugins.registry import Registry
from spectramind_core.runner.cache import key
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Calibrated, Observed
from spectramind_core.runner.stages.observe import check_failures
from spectramind_core.storage import load, save

FATAL = (StorageError, PluginError)
"""Errors that are not about one planet's data: going on would only repeat them."""


def calibrate(job: Job, observed: Observed) -> Calibrated:
    """From visits to light curves; a damaged visit is reported and left out."""
    with job.stage("calibrate") as clock:
        visits = observed.visits_of(observed.roles.all)
        keys = {visit: light_curve_key(job, visit, observed.digests[visit]) for visit in visits}
        missing = [visit for visit in visits if not light_curve_file(job, keys[visit]).is_file()]
        clock.items, clock.cached = len(visits), len(visits) - len(missing)
        for visit, outcome in _calibrate_all(job, missing, keys):
            if isinstance(outcome, FATAL):
                raise outcome
            if isinstance(outcome, Exception):
                job.fail("calibrate", visit.planet_id, visit.number, outcome)
        failed = {(f.planet_id, f.visit) for f in job.failures}
        good = [visit for visit in visits if (visit.planet_id, visit.number) not in failed]
        check_failures(job, "calibrate", visits, good)
        calibrated = calibrated_of(job, observed, {visit: keys[visit] for visit in good})
        clock.key = key("calibrate", planets=calibrated.keys)
        return calibrated


def calibrated_of(job: Job, observed: Observed, keys: Mapping[Visit, str]) -> Calibrated:
    """What the calibrated visits amount to; reads no light curve yet."""
    by_planet: dict[str, tuple[str, ...]] = {}
    for visit, visit_key in keys.items():
        by_planet[visit.planet_id] = (*by_planet.get(visit.planet_id, ()), visit_key)

    def read(planet: str) -> tuple[LightCurves, ...]:
        return tuple(
            load(LightCurves, light_curve_file(job, visit_key)) for visit_key in by_planet[planet]
        )

    roles = observed.roles.without(set(observed.roles.all) - set(by_planet))
    planets = tuple(planet for planet in observed.roles.all if planet in by_planet)
    light_curves = LightCurveSet(planets, observed.wavelength, read)
    return Calibrated(observed, light_curves, by_planet, roles)


def light_curve_key(job: Job, visit: Visit, digest: str) -> str:
    """What the light curves of one visit depend on."""
    return key(
        "calibrate",
        visit=[visit.planet_id, visit.number, digest],
        detector=job.spec.identity("detector"),
        seed=job.spec.run.seed,
    )


def light_curve_file(job: Job, visit_key: str) -> Path:
    """Where the light curves of one visit lie in the cache."""
    return job.cache.path("calibrate", visit_key).with_suffix(".h5")


def _calibrate_all(job: Job, visits: list[Visit], keys: dict[Visit, str]) -> Any:
    executor: Executor = job.build(job.spec.choice("executor"))
    source, detector = job.spec.choice("data.source"), job.spec.choice("detector")
    work = CalibrateVisit(
        (source.component, source.options),
        (detector.component, detector.options),
        {visit: light_curve_file(job, visit_key) for visit, visit_key in keys.items()},
        Context(seed=job.spec.run.seed, names=("calibrate",), folder=job.folder),
    )
    outcomes = executor.map(work, visits, ctx=job.context("executor"))
    paired = zip(visits, outcomes, strict=True)
    return job.progress(paired, label="calibrate", total=len(visits))


@dataclass
class CalibrateVisit:
    """The work of one visit, picklable: a worker process builds its own components, once."""

    source: tuple[Component, Options]
    detector: tuple[Component, Options]
    files: dict[Visit, Path]
    ctx: Context

    def __call__(self, visit: Visit) -> None:
        ctx = self.ctx.child(visit.planet_id, str(visit.number))
        opened = self._source.open(visit, ctx=ctx)
        if not isinstance(opened, LightCurves):
            opened = self._detector.calibrate(opened, ctx=ctx)
        save(opened, self.files[visit])

    @cached_property
    def _source(self) -> Source:
        source: Source = Registry().build(*self.source)
        return source

    @cached_property
    def _detector(self) -> DetectorCalibration:
        detector: DetectorCalibration = Registry().build(*self.detector)
        return detector
