"""Visits put together: their mean, and how far their errors are believed."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_models.transit.combine import VisitDepths, combined

BINS = 12
NOISE, LEVEL = 2e-5, 3e-5
"""Errors of a bin by itself, and of all bins alike."""


def drawn(rng: np.random.Generator, apart: float) -> VisitDepths:
    """A visit whose bins err alike by `apart` times what it states."""
    error = NOISE * rng.standard_normal(BINS) + apart * LEVEL * rng.standard_normal()
    return VisitDepths(0.01 + error, np.full(BINS, NOISE), np.full((1, BINS), LEVEL))


def pulls(apart: float, visits: int = 2) -> tuple[F8, F8]:
    """Of white light by stated error, and the inflation of it, over many planets ``[planet]``."""
    rng = np.random.default_rng(7)
    found, inflation = np.empty((2, 4000))
    for i in range(len(found)):
        mean, inflation[i] = combined([drawn(rng, apart) for _ in range(visits)])
        share = np.full(BINS, 1 / BINS)
        error = np.sqrt(np.sum((share * mean.noise) ** 2) + np.sum((mean.factors @ share) ** 2))
        found[i] = (mean.depth - 0.01) @ share / error
    return found, inflation


def test_errors_that_visits_state_rightly_stay_right_however_far_apart_they_came_out() -> None:
    found, inflation = pulls(apart=1.0)
    assert abs(found.std() - 1) < 0.08
    far = inflation > np.quantile(inflation, 0.9)
    # With their scatter alone as evidence, pulls of these would have a deviation of a half.
    assert 0.7 < found[far].std() < 1.0


def test_visits_that_err_by_more_than_they_state_are_believed_less() -> None:
    alone = 4.0  # by so much the errors of these visits would be too small
    found, _ = pulls(apart=alone, visits=6)
    assert found.std() < 0.5 * alone
    assert pulls(apart=alone)[0].std() < 0.7 * alone


def test_a_single_visit_is_taken_at_its_word() -> None:
    visit = drawn(np.random.default_rng(0), 1.0)
    mean, inflation = combined([visit])
    assert inflation == 1
    np.testing.assert_array_equal(mean.depth, visit.depth)
    np.testing.assert_allclose(mean.noise, visit.noise, rtol=1e-12)
