"""This run beside others: scores, errors, training and what differs planet by planet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Line,
    Points,
    Prediction,
    Severity,
    Table,
)
from spectramind_core.errors import DataError
from spectramind_core.plugins.declaration import Options
from spectramind_core.storage import load
from spectramind_diag.judged import PPM, Judged, judge, rms, score_of
from spectramind_diag.shapes import missing, table

TITLE = "Comparison of runs"
GUIDE = (
    "Points above the line are planets that the other run predicts better. Compare only runs that "
    "scored the same planets: the table says how many they share."
)


@dataclass(frozen=True)
class Other:
    """Another run: its folder's name, final prediction and metrics."""

    name: str
    prediction: Prediction
    metrics: dict[str, Any]


class ComparisonDiagnostic:
    """Two or more run folders beside each other, ablations among them."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        if not evidence.runs:
            need = "No other run is compared with: smv50 diagnose dashboard --compare RUN_FOLDER"
            return missing("comparison", TITLE, GUIDE, need)
        others, refused = read_runs(evidence.runs)
        if not others:
            return missing("comparison", TITLE, GUIDE, " ".join(refused))
        ours = judge(evidence)
        if ours is None:
            figures: tuple[Figure, ...] = ()
            facts = _unjudged(evidence, others)
            verdict, severity = "No truth is known: only sigma can be compared.", Severity.NOTE
        else:
            shared = {other.name: common(evidence, ours, other) for other in others}
            figures = tuple(
                _scatter(evidence, name, *pair) for name, pair in shared.items() if pair is not None
            )
            facts = _table(evidence, ours, others, shared)
            verdict, severity = _verdict(facts)
        return DiagnosticResult(
            name="comparison",
            title=TITLE,
            guide=GUIDE,
            verdict=" ".join([verdict, *refused]),
            severity=severity,
            figures=figures,
            tables=(facts,),
        )


def read_runs(folders: tuple[Path, ...]) -> tuple[list[Other], list[str]]:
    """The runs that can be read, and a sentence for each that cannot."""
    found: list[Other] = []
    refused: list[str] = []
    for folder in folders:
        try:
            prediction = load(Prediction, folder / "predictions" / "final.h5")
            path = folder / "metrics.json"
            metrics = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        except (DataError, OSError, ValueError) as error:
            refused.append(f"{folder} is left out: {error}.")
            continue
        found.append(Other("/".join(folder.parts[-2:]), prediction, metrics))
    return found, refused


def common(evidence: Evidence, ours: Judged, other: Other) -> tuple[Judged, Judged] | None:
    """Both predictions of the planets they share, beside the truth; None if they share none."""
    known = set(other.prediction.planet_ids)
    rows = [i for i, planet in enumerate(ours.planets) if planet in known]
    if not rows or other.prediction.wavelength.size != ours.prediction.wavelength.size:
        return None
    planets = [ours.planets[i] for i in rows]
    truth: F8 = ours.truth[rows]
    return Judged(ours.prediction.of(planets), truth), Judged(other.prediction.of(planets), truth)


def _table(
    evidence: Evidence,
    ours: Judged,
    others: list[Other],
    shared: dict[str, tuple[Judged, Judged] | None],
) -> Table:
    rows: list[tuple[str, float, float, float, float, float]] = [_row(evidence, "this run", ours)]
    for other in others:
        pair = shared[other.name]
        if pair is None:
            rows.append((other.name, 0.0, np.nan, np.nan, np.nan, np.nan))
            continue
        mine, theirs = (score_of(evidence, judged).raw for judged in pair)
        rows.append((*_row(evidence, other.name, pair[1])[:5], mine - theirs))
    names, *columns = zip(*rows, strict=True)
    heads = (
        "planets shared",
        "raw score",
        "RMSE [ppm]",
        "mean sigma [ppm]",
        "this run's advantage",
    )
    numbers = {h: np.array(c, float) for h, c in zip(heads, columns, strict=True)}
    return table("runs", "Runs, on the planets they share with this one", {"run": names, **numbers})


def _row(
    evidence: Evidence, name: str, judged: Judged
) -> tuple[str, float, float, float, float, float]:
    return (
        name,
        float(len(judged.planets)),
        score_of(evidence, judged).raw,
        float(rms(judged.residual) * PPM),
        float(judged.prediction.sigma.mean() * PPM),
        0.0,
    )


def _unjudged(evidence: Evidence, others: list[Other]) -> Table:
    sigma = [evidence.prediction.sigma, *(other.prediction.sigma for other in others)]
    return table(
        "runs",
        "Runs",
        {
            "run": ("this run", *(other.name for other in others)),
            "planets": np.array([float(len(each)) for each in sigma]),
            "mean sigma [ppm]": np.array([each.mean() * PPM for each in sigma]),
        },
    )


def _scatter(evidence: Evidence, name: str, ours: Judged, theirs: Judged) -> Figure:
    mine = np.maximum(score_of(evidence, ours).per_planet, -1)
    other = np.maximum(score_of(evidence, theirs).per_planet, -1)
    ends = np.array([min(mine.min(), other.min()), max(mine.max(), other.max())])
    slug = "".join(c if c.isalnum() else "_" for c in name.lower() if c.isascii())
    return Figure(
        name=f"against_{slug}",
        title=f"Planets' scores: this run and {name}",
        caption="Scores below -1 are drawn at -1.",
        x=Axis(label="Score in this run"),
        y=Axis(label=f"Score in {name}"),
        layers=(
            Points(name="planets", x=mine, y=other, planet=ours.planets),
            Line(name="equal", x=ends, y=ends, style="dashed"),
        ),
    )


def _verdict(facts: Table) -> tuple[str, Severity]:
    gains = np.array(facts.columns["this run's advantage"], float)[1:]
    if not np.isfinite(gains).any():
        return "The runs share no planets.", Severity.NOTE
    worst = int(np.nanargmin(gains))
    name = facts.columns["run"][worst + 1]
    if gains[worst] < 0:
        return f"'{name}' scores {-gains[worst]:.4f} better than this run.", Severity.WARNING
    if gains[worst] == 0:
        return f"No run scores better than this one; '{name}' scores the same.", Severity.OK
    return f"This run scores best; next is '{name}', {gains[worst]:.4f} below.", Severity.OK
