"""Estimators: light curves to spectra with uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.contracts import (
    LightCurves,
    LightCurveSet,
    Prediction,
    RuleReport,
    TransitFit,
    Truth,
)


@dataclass(frozen=True)
class Labelled:
    """Light curves with the truth about the same planets, in the same order."""

    light_curves: LightCurveSet
    truth: Truth


@runtime_checkable
class Estimator(Protocol):
    """Learns from labelled planets (some need nothing to learn from) and predicts others."""

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        """Learn. `validation` planets choose when to stop; they are never learnt from.

        Raises
        ------
        spectramind_core.errors.TrainingError
            If it cannot go on; the last good state is kept.
        """
        ...

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        """One row per planet, in the set's order; a planet's row never depends on the others."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was learnt into an existing, empty folder (safetensors, HDF5 or JSON)."""
        ...

    def load(self, folder: Path) -> None:
        """Take up what `save` wrote; predictions are then the same to the bit."""
        ...


@runtime_checkable
class FitsTransits(Protocol):
    """An estimator that can show the transit it found in each visit's white light."""

    def transit_fits(
        self, visits: tuple[LightCurves, ...], *, ctx: Context
    ) -> tuple[TransitFit, ...]:
        """One fit per visit and instrument of one planet."""
        ...


@runtime_checkable
class ChecksRules(Protocol):
    """An estimator that carries symbolic rules and can report on them."""

    def rule_report(
        self, prediction: Prediction, light_curves: LightCurveSet, *, ctx: Context
    ) -> RuleReport:
        """Violations and influences for every planet of `prediction`."""
        ...
