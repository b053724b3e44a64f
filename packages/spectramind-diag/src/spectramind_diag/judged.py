"""What is known about predictions whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Evidence
from spectramind_core.contracts import Prediction
from spectramind_core.scoring import NAIVE, Edition, Score, score_arrays

PPM = 1e6
"""Parts per million in a depth of one."""
BASELINE = "baseline "
"""What the names of baselines begin with among the contenders."""


@dataclass(frozen=True)
class Judged:
    """A prediction beside the truth, for the planets whose truth is known.

    ``truth [planet, wave]``, ``residual = mu - truth`` and ``pull = residual / sigma`` alike.
    """

    prediction: Prediction
    truth: F8

    @property
    def planets(self) -> tuple[str, ...]:
        return self.prediction.planet_ids

    @property
    def residual(self) -> F8:
        result: F8 = self.prediction.mu - self.truth
        return result

    @property
    def pull(self) -> F8:
        result: F8 = self.residual / self.prediction.sigma
        return result


def judge(evidence: Evidence, prediction: Prediction | None = None) -> Judged | None:
    """The final prediction (or another one of the same planets) beside the truth, if any."""
    truth = evidence.truth
    if truth is None or not truth.planet_ids:
        return None
    return Judged((prediction or evidence.prediction).of(truth.planet_ids), truth.spectra)


def score_of(evidence: Evidence, judged: Judged) -> Score:
    """The challenge score of a judged prediction, as the run's edition counts it."""
    edition = cast(Edition, evidence.edition)
    mean, std = NAIVE[edition]
    return score_arrays(
        judged.prediction.mu,
        judged.prediction.sigma,
        judged.truth,
        mean=mean if evidence.scoring_mean is None else evidence.scoring_mean,
        std=std if evidence.scoring_std is None else evidence.scoring_std,
        edition=edition,
    )


def contenders(evidence: Evidence) -> dict[str, Judged]:
    """The final prediction, every step on the way there and every baseline, by a readable name.

    Predictions that lack a planet of the truth are left out: they cannot be compared.
    """
    final = judge(evidence)
    if final is None:
        return {}
    named = {f"after {name}": step for name, step in evidence.steps[:-1]}
    named |= {f"{BASELINE}{name}": found for name, found in evidence.baselines.items()}
    wanted = set(final.planets)
    others = {
        name: Judged(found.of(final.planets), final.truth)
        for name, found in named.items()
        if wanted <= set(found.planet_ids)
    }
    return {"final": final, **others}


def rms(values: F8, axis: int | None = None) -> F8:
    """Root mean square."""
    result: F8 = np.sqrt(np.mean(np.square(values), axis=axis))
    return result
