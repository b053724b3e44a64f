"""Diagnostics: evidence about a run, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.components.estimator import Estimator
from spectramind_core.contracts import (
    DiagnosticResult,
    LightCurveSet,
    Prediction,
    RuleReport,
    TransitFit,
    Truth,
)


@dataclass(frozen=True)
class Evidence:
    """All that a finished run knows. Everything but the final prediction may be absent."""

    prediction: Prediction
    """The final prediction, after every calibrator."""
    steps: tuple[tuple[str, Prediction], ...] = ()
    """The estimator's own prediction (first) and the one after each calibrator, by name."""
    truth: Truth | None = None
    """Truth about the predicted planets for which it is known, in the prediction's order."""
    training_truth: Truth | None = None
    light_curves: LightCurveSet | None = None
    """Of the predicted planets."""
    transit_fits: tuple[TransitFit, ...] = ()
    rules: RuleReport | None = None
    baselines: Mapping[str, Prediction] = field(default_factory=dict)
    """Predictions of simpler estimators for the same planets."""
    estimator: Estimator | None = None
    """The fitted estimator, for attribution."""
    events: tuple[Mapping[str, Any], ...] = ()
    """The run's event log: training metrics, stage times, failures."""
    edition: int = 2025
    """Which edition's metric scores this run."""
    scoring_mean: float | None = None
    """Mean and standard deviation of the naive prediction the metric compares with."""
    scoring_std: float | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    """The run's manifest: hashes, versions, command."""
    runs: tuple[Path, ...] = ()
    """Other run folders to compare with."""


@runtime_checkable
class Diagnostic(Protocol):
    """Looks at a run and says what it found."""

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        """Never raises for absent evidence: severity ``missing`` says what it would have needed."""
        ...
