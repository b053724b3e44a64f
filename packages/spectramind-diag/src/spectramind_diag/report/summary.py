"""What stands on the first page: the verdict, the score, and what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectramind_core.components import Evidence
from spectramind_core.contracts import DiagnosticResult, Severity
from spectramind_diag.judged import BASELINE, contenders, score_of

ORDER = (Severity.ALARM, Severity.WARNING, Severity.NOTE, Severity.OK, Severity.MISSING)
FIRST = 5


@dataclass(frozen=True)
class Summary:
    """A report's first page, as data."""

    verdict: str
    scores: tuple[tuple[str, float], ...]
    """Score by name: the final prediction first, then each step, then baselines."""
    first: tuple[DiagnosticResult, ...]
    """The five findings to look at first, gravest first."""


def summarise(results: Sequence[DiagnosticResult], evidence: Evidence) -> Summary:
    """Weigh the findings; scores only where truth is known."""
    scores = tuple(
        (name, score_of(evidence, judged).value) for name, judged in contenders(evidence).items()
    )
    ranked = sorted(results, key=lambda result: ORDER.index(result.severity))
    return Summary(_verdict(evidence, scores), scores, tuple(ranked[:FIRST]))


def _verdict(evidence: Evidence, scores: Sequence[tuple[str, float]]) -> str:
    planets = len(evidence.prediction.planet_ids)
    counted = f"{planets} planet{'s' if planets != 1 else ''}"
    if not scores:
        return f"{counted} predicted; no truth is known, so nothing can be scored."
    baselines = {
        name.removeprefix(BASELINE): value for name, value in scores if name.startswith(BASELINE)
    }
    text = f"{counted} predicted, score {scores[0][1]:.3f}"
    if not baselines:
        return text + "."
    best = max(baselines, key=baselines.__getitem__)
    gap = scores[0][1] - baselines[best]
    return f"{text}: {abs(gap):.3f} {'above' if gap >= 0 else 'BELOW'} the best baseline, {best}."
