"""Stage 6: look at what was found, and write it up."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from spectramind_core.components import Diagnostic, Evidence, Report
from spectramind_core.contracts import DiagnosticResult, Severity
from spectramind_core.errors import StorageError
from spectramind_core.provenance import hash_summary
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Diagnosed, Recalibrated
from spectramind_core.scoring import NAIVE
from spectramind_core.storage import save, write_text


def diagnose(job: Job, recalibrated: Recalibrated) -> Diagnosed:
    """From everything the run knows to findings and reports; a diagnostic fails alone."""
    with job.stage("diagnose") as clock:
        evidence = evidence_of(job, recalibrated)
        choices = job.spec.list("diagnostics")
        clock.items, clock.key = len(choices), recalibrated.key
        results = []
        for choice in job.progress(choices, label="diagnose"):
            name = choice.component.name
            try:
                diagnostic: Diagnostic = job.build(choice)
                result = diagnostic.run(evidence, ctx=job.context("diagnose", name))
            except Exception as error:
                job.events.record("diagnostic_failed", {"diagnostic": name, "error": str(error)})
                result = _failed(name, choice.component.summary, error)
            _write(result, job.folder / "diagnostics")
            results.append(result)
        return Diagnosed(recalibrated, tuple(results), _reports(job, results, evidence))


def evidence_of(job: Job, recalibrated: Recalibrated) -> Evidence:
    """All that the run knows by now."""
    predicted = recalibrated.predicted
    calibrated = predicted.trained.calibrated
    truth = calibrated.observed.truth
    learnt_from = (*calibrated.roles.train, *calibrated.roles.validation)
    training_truth = truth.of(learnt_from) if truth and learnt_from else None
    mean, std = naive_prediction(job, recalibrated)
    return Evidence(
        prediction=recalibrated.final,
        steps=recalibrated.steps,
        truth=recalibrated.truth,
        training_truth=training_truth,
        light_curves=calibrated.light_curves.of(recalibrated.final.planet_ids),
        transit_fits=predicted.transit_fits,
        rules=predicted.rules,
        baselines=predicted.baselines,
        estimator=predicted.trained.estimators["model.estimator"],
        events=job.events.read(),
        edition=job.spec.run.scoring.edition,
        scoring_mean=mean,
        scoring_std=std,
        manifest=hash_summary(job.manifest("running")) | {"run_folder": job.folder.name},
        runs=job.compare,
    )


def naive_prediction(job: Job, recalibrated: Recalibrated) -> tuple[float, float]:
    """Mean and standard deviation of all labelled training spectra: what a score of 0 means."""
    calibrated = recalibrated.predicted.trained.calibrated
    roles, truth = calibrated.observed.roles, calibrated.observed.truth
    labelled = (*roles.train, *roles.validation, *roles.calibration)
    if truth is None or not labelled:
        return NAIVE[job.spec.run.scoring.edition]
    spectra = truth.of(labelled).spectra
    return float(spectra.mean()), float(spectra.std())


def _reports(job: Job, results: list[DiagnosticResult], evidence: Evidence) -> tuple[Path, ...]:
    written: list[Path] = []
    for choice in job.spec.list("reports"):
        ctx = job.context("report", choice.component.name)
        try:
            report: Report = job.build(choice)
            written.extend(report.write(results, evidence, folder=job.folder, ctx=ctx))
        except StorageError:
            raise
        except Exception as error:
            # The submission must still be written: a report is about it, not part of it.
            job.events.record(
                "report_failed", {"report": choice.component.name, "error": repr(error)}
            )
            ctx.log.warning("the report '%s' failed: %s", choice.component.name, error)
    return tuple(written)


def _write(result: DiagnosticResult, folder: Path) -> None:
    write_text(folder / f"{result.name}.json", result.model_dump_json(indent=1) + "\n")
    save(result, folder / f"{result.name}.h5")
    for table in result.tables:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(table.columns)
        writer.writerows(zip(*table.columns.values(), strict=True))
        write_text(folder / f"{result.name}.{table.name}.csv", text.getvalue())


def _failed(name: str, summary: str, error: Exception) -> DiagnosticResult:
    return DiagnosticResult(
        name=name,
        title=name.replace("_", " ").capitalize(),
        guide=summary,
        verdict=f"This diagnostic failed: {type(error).__name__}: {error}",
        severity=Severity.WARNING,
    )
