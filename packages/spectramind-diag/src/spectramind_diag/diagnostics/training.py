"""How training went: curves by stage, learning rate, gradient norm and time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import Axis, DiagnosticResult, Figure, Line, Severity, Table
from spectramind_core.plugins.declaration import Options
from spectramind_diag.shapes import missing, table

TITLE = "Training"
GUIDE = (
    "Loss should fall and the validation score rise in every stage. A score that falls while the "
    "loss still does is overfitting; a growing gradient norm warns of divergence."
)
CURVES = {
    "loss": Axis(label="Training loss"),
    "score": Axis(label="Validation score"),
    "lr": Axis(label="Learning rate", scale="log"),
    "grad_norm": Axis(label="Gradient norm", scale="log"),
    "seconds": Axis(label="Time taken", unit="s"),
}
Event = Mapping[str, Any]


class TrainingDiagnostic:
    """Training metrics by estimator and stage, times of the run's stages, failures."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        if not evidence.events:
            return missing("training", TITLE, GUIDE, "There is no event log.")
        epochs = [event for event in evidence.events if event.get("event") == "epoch"]
        tables = (*_stage_times(evidence.events), *_failures(evidence.events))
        verdict, severity = _verdict(epochs)
        return DiagnosticResult(
            name="training",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=tuple(curves(epochs)),
            tables=tables,
            scalars={"epochs": float(len(epochs))},
        )


def number(event: Event, name: str) -> float:
    """A value of an event as a number; NaN if it is absent or no number."""
    try:
        return float(event.get(name, np.nan))
    except (TypeError, ValueError):
        return float("nan")


def by_stage(epochs: Sequence[Event]) -> dict[str, list[Event]]:
    """Epoch events by estimator and stage, in order of appearance."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in epochs:
        parts = [str(event["estimator"])] if "estimator" in event else []
        parts.append(f"stage {event.get('stage', 0)}")
        found[", ".join(parts)].append(event)
    return found


def curves(epochs: Sequence[Event]) -> Iterator[Figure]:
    """One figure per quantity that was recorded, one line per stage."""
    stages = by_stage(epochs)
    for name, axis in CURVES.items():
        layers = []
        for stage, events in stages.items():
            y = np.array([number(event, name) for event in events])
            x = np.array([number(event, "epoch") for event in events])
            if np.isfinite(y).any():
                x = x if np.isfinite(x).all() else np.arange(y.size, dtype=float)
                layers.append(Line(name=stage, x=x, y=y))
        if layers:
            yield Figure(
                name=f"training_{name}",
                title=f"{axis.label} by epoch",
                x=Axis(label="Epoch"),
                y=axis,
                layers=tuple(layers),
            )


def _stage_times(events: Sequence[Event]) -> tuple[Table, ...]:
    ends = [event for event in events if event.get("event") == "stage_end"]
    if not ends:
        return ()
    return (
        table(
            "stages",
            "Stages of the run",
            {
                "stage": tuple(str(event.get("stage", "?")) for event in ends),
                "time [s]": np.array([number(event, "seconds") for event in ends]),
                "taken from the cache": tuple(
                    "yes" if event.get("cached") else "no" for event in ends
                ),
            },
        ),
    )


def _failures(events: Sequence[Event]) -> tuple[Table, ...]:
    failed = [event for event in events if str(event.get("event", "")).endswith("_failed")]
    if not failed:
        return ()
    what = ("planet", "diagnostic", "report")
    return (
        table(
            "failures",
            "What failed",
            {
                "event": tuple(str(event["event"]) for event in failed),
                "of": tuple(
                    next((str(event[key]) for key in what if key in event), "") for event in failed
                ),
                "stage": tuple(str(event.get("stage", "")) for event in failed),
                "error": tuple(str(event.get("error", "")) for event in failed),
            },
        ),
    )


def _verdict(epochs: Sequence[Event]) -> tuple[str, Severity]:
    if not epochs:
        return "No epochs were recorded: nothing was trained, or it came from the cache.", (
            Severity.NOTE
        )
    losses = np.array([number(event, "loss") for event in epochs])
    scores = np.array([number(event, "score") for event in epochs])
    if not np.isfinite(losses[-1]) and np.isfinite(losses).any():
        return "The loss ended as no finite number.", Severity.ALARM
    if not np.isfinite(scores).any():
        return f"{len(epochs)} epochs; no validation score was recorded.", Severity.NOTE
    best = int(np.nanargmax(scores))
    text = f"{len(epochs)} epochs; best validation score {scores[best]:.4f}, in epoch {best + 1}."
    if scores[best] - scores[-1] > 0.05:
        return text + f" It ended {scores[best] - scores[-1]:.4f} lower.", Severity.WARNING
    return text, Severity.OK
