"""What stands on the first page: the verdict, the score, and what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spectramind_core.components import Evidence
from spectramind_core.contracts import DiagnosticResult, Prediction, Severity
from spectramind_core.scoring import NAIVE, Edition, score

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
    scores = scores_of(evidence)
    ranked = sorted(results, key=lambda result: ORDER.index(result.severity))
    return Summary(_verdict(evidence, scores), scores, tuple(ranked[:FIRST]))


def scores_of(evidence: Evidence) -> tuple[tuple[str, float], ...]:
    """The score of the final prediction, of every step before it, and of the baselines."""
    if evidence.truth is None:
        return ()
    named: list[tuple[str, Prediction]] = [("final", evidence.prediction)]
    named += [(name, step) for name, step in evidence.steps[:-1]]
    named += [(f"baseline {name}", found) for name, found in evidence.baselines.items()]
    mean, std = NAIVE[evidence.edition]
    mean = evidence.scoring_mean if evidence.scoring_mean is not None else mean
    std = evidence.scoring_std if evidence.scoring_std is not None else std
    edition: Edition = 2024 if evidence.edition == 2024 else 2025
    return tuple(
        (name, score(found, evidence.truth, mean=mean, std=std, edition=edition).value)
        for name, found in named
    )


def _verdict(evidence: Evidence, scores: Sequence[tuple[str, float]]) -> str:
    planets = len(evidence.prediction.planet_ids)
    counted = f"{planets} planet{'s' if planets != 1 else ''}"
    if not scores:
        return f"{counted} predicted; no truth is known, so nothing can be scored."
    best = max((value for name, value in scores if name.startswith("baseline")), default=None)
    text = f"{counted} predicted, score {scores[0][1]:.3f}"
    if best is None:
        return text + "."
    gap = scores[0][1] - best
    return f"{text}: {abs(gap):.3f} {'above' if gap >= 0 else 'BELOW'} the best baseline."
