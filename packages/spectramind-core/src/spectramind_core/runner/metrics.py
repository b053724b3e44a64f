"""``metrics.json``: the run in numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from spectramind_core.contracts import Prediction, Truth
from spectramind_core.runner.job import Job
from spectramind_core.runner.nouns import Recalibrated
from spectramind_core.runner.stages.diagnose import naive_prediction
from spectramind_core.scoring import score


def metrics_of(job: Job, recalibrated: Recalibrated) -> dict[str, Any]:
    """Counts of planets and, where truth is known, scores and errors of every step and baseline."""
    calibrated = recalibrated.predicted.trained.calibrated
    roles = calibrated.roles
    found: dict[str, Any] = {
        "edition": job.spec.run.scoring.edition,
        "planets": {
            "train": len(roles.train),
            "validation": len(roles.validation),
            "calibration": len(roles.calibration),
            "test": len(roles.test),
            "failed_visits": len(job.failures),
        },
    }
    truth = recalibrated.truth
    if truth is None:
        return found
    mean, std = naive_prediction(job, recalibrated)
    naive = {"mean": mean, "std": std}
    edition = job.spec.run.scoring.edition

    def judged(prediction: Prediction) -> dict[str, float]:
        return {**_scores(prediction, truth, edition, naive), **errors(prediction, truth)}

    steps = {name: judged(prediction) for name, prediction in recalibrated.steps}
    found |= {
        "scored_planets": len(truth.planet_ids),
        "naive": naive,
        **judged(recalibrated.final),
        "steps": steps,
        "baselines": {
            name: judged(prediction)
            for name, prediction in recalibrated.predicted.baselines.items()
        },
    }
    return found


def _scores(
    prediction: Prediction, truth: Truth, edition: Any, naive: dict[str, float]
) -> dict[str, float]:
    result = score(prediction, truth, edition=edition, **naive)
    return {"score": result.value, "raw_score": result.raw}


def errors(prediction: Prediction, truth: Truth) -> dict[str, float]:
    """Root-mean-square and mean absolute error of mu in ppm, and coverage of one sigma."""
    residual = prediction.of(truth.planet_ids).mu - truth.spectra
    inside = np.abs(residual) <= prediction.of(truth.planet_ids).sigma
    return {
        "rmse_ppm": float(np.sqrt(np.mean(residual**2)) * 1e6),
        "mae_ppm": float(np.abs(residual).mean() * 1e6),
        "coverage_1_sigma": float(inside.mean()),
    }
