"""Stage 1: list what there is, and decide which planet serves which purpose."""

from __future__ import annotations

from collections import Counter

from spectramind_core.components import Source, Visit
from spectramind_core.contracts import Truth
from spectramind_core.errors import DataError, SpectramindError
from spectramind_core.runner.cache import key
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Observed
from spectramind_core.runner.split import assign_roles


def observe(job: Job) -> Observed:
    """From the source's catalogue to visits with digests, truth and roles."""
    with job.stage("observe") as clock:
        ctx = job.context("observe")
        source: Source = job.build(job.spec.choice("data.source"))
        visits = _limited(_checked(source.visits(ctx=ctx)), job.spec.run.data.limit)
        truth = source.truth(ctx=ctx)
        digests = _digests(job, source, visits)
        check_failures(job, "observe", visits, digests)
        split = job.spec.run.data.split
        partitions = _partitions(tuple(digests), truth)
        _report_unlabelled(job, tuple(digests), partitions[0])
        roles = assign_roles(
            *partitions,
            validation=split.validation,
            calibration=split.calibration,
            holdout=split.holdout,
            ctx=ctx,
        )
        if not roles.test:
            raise DataError(
                "there is no planet to predict",
                where="data.source",
                hint="give the source test planets, or set data.split.holdout above 0",
            )
        job.visits = {f"{v.planet_id}/{v.number}": digest for v, digest in digests.items()}
        job.data_hash = key("data", visits=job.visits, truth=truth.digest() if truth else None)
        clock.key, clock.items = job.data_hash, len(digests)
        return Observed(source, digests, source.wavelength(ctx=ctx), truth, roles)


def check_failures(job: Job, stage: str, visits: tuple[Visit, ...], good: object) -> None:
    """Go on without the planets that failed, unless too many did.

    Raises
    ------
    DataError
        If the share of failed visits exceeds ``data.max_failed``; tells the first failure.
    """
    failed = [failure for failure in job.failures if failure.stage == stage]
    limit = job.spec.run.data.max_failed
    if failed and (not good or len(failed) > limit * len(visits)):
        first = failed[0]
        raise DataError(
            f"{len(failed)} of {len(visits)} visits failed, more than data.max_failed "
            f"({limit:.0%}) allows; the first: {first.error}",
            where=f"planet {first.planet_id} visit {first.visit}",
            hint="every failure is listed in v50_debug_log.md; mend the files, "
            "or raise data.max_failed",
        )


def _checked(visits: tuple[Visit, ...]) -> tuple[Visit, ...]:
    if not visits:
        raise DataError(
            "the source holds no visit at all",
            where="data.source",
            hint="check the source's options: the folder, the number of planets",
        )
    partitions = {(visit.planet_id, visit.partition) for visit in visits}
    for planet, times in Counter(planet for planet, _ in partitions).items():
        if times > 1:
            raise DataError(
                "the planet lies in the train partition and in the test partition",
                where=f"planet {planet}",
                hint="a planet learnt from cannot be tested on: take it out of one of them",
            )
    for (planet, number), times in Counter((v.planet_id, v.number) for v in visits).items():
        if times > 1:
            raise DataError(f"visit {number} is listed {times} times", where=f"planet {planet}")
    return visits


def _limited(visits: tuple[Visit, ...], limit: int | None) -> tuple[Visit, ...]:
    if limit is None:
        return visits
    kept: dict[str, list[str]] = {"train": [], "test": []}
    for visit in visits:
        planets = kept[visit.partition]
        if visit.planet_id not in planets and len(planets) < limit:
            planets.append(visit.planet_id)
    return tuple(visit for visit in visits if visit.planet_id in kept[visit.partition])


def _digests(job: Job, source: Source, visits: tuple[Visit, ...]) -> dict[Visit, str]:
    digests = {}
    for visit in job.progress(visits, label="observe"):
        try:
            digests[visit] = source.digest(
                visit, ctx=job.context("observe", visit.planet_id, str(visit.number))
            )
        except SpectramindError as error:
            job.fail("observe", visit.planet_id, visit.number, error)
    return digests


def _report_unlabelled(job: Job, visits: tuple[Visit, ...], labelled: tuple[str, ...]) -> None:
    """Say which planets cannot be learnt from because nobody knows the truth about them."""
    train = {visit.planet_id for visit in visits if visit.partition == "train"}
    unknown = sorted(train - set(labelled))
    if unknown:
        shown = ", ".join(unknown[:5]) + (" ..." if len(unknown) > 5 else "")
        job.context("observe").log.warning(
            "%d planets of the train partition have no truth and are left out: %s",
            len(unknown),
            shown,
        )


def _partitions(
    visits: tuple[Visit, ...], truth: Truth | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Planets with known truth in the train partition, and planets of the test partition."""
    known = set(truth.planet_ids) if truth else set()
    labelled = {
        v.planet_id: None for v in visits if v.partition == "train" and v.planet_id in known
    }
    test = {v.planet_id: None for v in visits if v.partition == "test"}
    return tuple(labelled), tuple(test)
