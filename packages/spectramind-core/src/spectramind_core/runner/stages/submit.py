"""Stage 7: the files that leave the house."""

from __future__ import annotations

from spectramind_core.components import Exporter
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Diagnosed, Submitted


def submit(job: Job, diagnosed: Diagnosed) -> Submitted:
    """Export the final prediction in every format the spec asks for."""
    with job.stage("submit") as clock:
        choices = job.spec.list("submit")
        clock.items, clock.key = len(choices), diagnosed.recalibrated.key
        folder = job.folder / "submission"
        folder.mkdir(exist_ok=True)
        files = []
        for choice in choices:
            exporter: Exporter = job.build(choice)
            ctx = job.context("submit", choice.component.name)
            files.append(exporter.export(diagnosed.recalibrated.final, folder=folder, ctx=ctx))
        return Submitted(diagnosed, tuple(files))
