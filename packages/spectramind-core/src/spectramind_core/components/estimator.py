"""Estimators: light curves to spectra with uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from spectramind_core.arrays import F8
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


@dataclass(frozen=True)
class NamedInputs:
    """What an estimator's network looks at, as numbers that a person can name."""

    names: tuple[str, ...]
    """One per feature, such as ``depth at 2.31 micron`` or ``star temperature``."""
    groups: tuple[str, ...]
    """One per feature; features of one group, such as neighbouring bins, are explained together."""
    wavelength: F8
    """``[feature]`` micron; NaN where a feature belongs to no wavelength."""
    values: F8
    """``[planet, feature]``, finite."""


@runtime_checkable
class Explainable(Protocol):
    """An estimator whose network can be asked what it looked at: attribution is made from this.

    Changing one feature of `NamedInputs.values` at a time and predicting anew must be meaningful:
    ``predict_from(explain_inputs(x).values)`` is ``predict(x)`` (before hard rules), row by row,
    and any other finite row is a planet that might have been. A few dozen `groups` are best.
    """

    def explain_inputs(self, light_curves: LightCurveSet, *, ctx: Context) -> NamedInputs:
        """The named inputs of each planet, in the set's order; names may depend on the set."""
        ...

    def predict_from(self, values: F8, *, ctx: Context) -> tuple[F8, F8]:
        """``mu`` and ``sigma``, each ``[row, wave]``, of named inputs ``values [row, feature]``.

        Rows are independent, as many as a few thousand; equal rows give equal results.
        """
        ...


@runtime_checkable
class Attends(Protocol):
    """An estimator whose network attends from bin to bin."""

    def attention(self, light_curves: LightCurveSet, *, ctx: Context) -> F8:
        """``[wave, wave]``: share of attention that the row's bin pays to the column's.

        Averaged over planets, layers and heads; rows sum to 1, bins outside the graph are zero.
        """
        ...
