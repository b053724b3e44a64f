"""The finite-sample promise, as statistics: 500 draws of exchangeable planets at four levels.

Each draw has its own calibration planets and new planets, and a calibrator that is built, fitted
and applied as a run does it; the mean coverage over draws must lie in
``[1 - alpha, 1 - alpha + 1 / (n + 1)]``, give or take four of its own standard errors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from spectramind_calib.uncertainty.conformal import Conformal
from spectramind_calib.uncertainty.folds import is_held_out
from spectramind_calib.uncertainty.options import (
    ConformalOptions,
    CorelOptions,
    SimultaneousOptions,
)
from spectramind_calib.uncertainty.simultaneous import Simultaneous
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Calibrator, Context
from spectramind_core.contracts import Intervals, Prediction, Truth
from spectramind_core.testing import synthetic

LEVELS = (0.5, 0.68, 0.9, 0.95)
SPLITS, CALIBRATION, NEW, BINS = 500, 57, 20, 6
LEARNERS = 20
"""About how many planets more corel is given, for its network."""

BASES: dict[str, Callable[[F8], F8]] = {
    "right": lambda scale: scale,
    "constant": np.ones_like,
    "ten times too small": lambda scale: scale / 10,
    "ten times too large": lambda scale: scale * 10,
    "inverted": lambda scale: 1 / scale,
}
"""Sigma that an estimator may claim, given the true scale ``[planet, wave]`` of its errors."""


def predicted(rng: np.random.Generator, planets: int, base: str) -> tuple[Prediction, Truth]:
    """Heteroscedastic, skewed, heavy-tailed errors that bins share, and a sigma that may be wrong.

    One planet feature tells the scale of a planet's errors.
    """
    truth = synthetic.truth(rng, planets, BINS)
    own = rng.normal(0, 0.7, (planets, 1))
    scale = 1e-4 * np.exp(own + rng.normal(0, 0.2, (planets, BINS)))
    shape = rng.standard_gamma(2, (planets, BINS)) - 2 + rng.standard_t(4, (planets, 1))
    prediction = Prediction(
        planet_ids=truth.planet_ids,
        wavelength=truth.wavelength,
        mu=truth.spectra + scale * shape,
        sigma=BASES[base](scale / 1e-4) * 1e-4,
        planet_features={"scatter": np.exp(own[:, 0] + rng.normal(0, 0.1, planets))},
    )
    return prediction, truth


def draws(
    build: Callable[[], Calibrator], calibration: int, base: str, ctx: Context
) -> Iterator[tuple[Prediction, Truth]]:
    """New planets as a freshly fitted calibrator leaves them, with their truth, 500 times."""
    rng = np.random.default_rng([len(base), calibration])
    for _ in range(SPLITS):
        prediction, truth = predicted(rng, calibration + NEW, base)
        known, new = truth.planet_ids[:calibration], truth.planet_ids[calibration:]
        calibrator = build()
        calibrator.fit(prediction.of(known), truth.of(known), ctx=ctx)
        yield calibrator.apply(prediction.of(new), ctx=ctx), truth.of(new)


def held(limits: Intervals | None, truth: Truth) -> Bool:
    """``[planet, level, wave]``"""
    assert limits is not None
    y = truth.spectra[:, None]
    return (limits.lower <= y) & (y <= limits.upper)


def promise_holds(coverages: F8, excess: float) -> None:
    """``coverages [split, level]``: share of new planets covered in each draw."""
    mean = coverages.mean(axis=0)
    error = coverages.std(axis=0) / np.sqrt(len(coverages))
    for i, level in enumerate(LEVELS):
        assert level - 4 * error[i] <= mean[i] <= level + excess + 4 * error[i]


def promise_holds_in_bins(inside: F8, excess: float, *, each: bool) -> None:
    """``inside [split, level, wave]``: in each bin, or on average over an instrument's bins."""
    if each:
        for wave in range(BINS):
            promise_holds(inside[:, :, wave], excess)
    else:
        promise_holds(inside[:, :, 0], excess)
        promise_holds(inside[:, :, 1:].mean(axis=2), excess)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("pool", ["bin", "instrument"])
@pytest.mark.parametrize("score", ["symmetric", "asymmetric", "absolute"])
def test_split_conformal_covers_what_it_promises(
    score: Any, pool: Any, base: str, ctx: Context
) -> None:
    options = ConformalOptions(score=score, pool=pool)
    found = draws(lambda: Conformal(options), CALIBRATION, base, ctx)
    inside = np.stack([held(new.intervals, truth).mean(axis=0) for new, truth in found])
    ends = 2 if (score, pool) == ("asymmetric", "instrument") else 1
    promise_holds_in_bins(inside, ends / (CALIBRATION + 1), each=pool == "bin")


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_bands_hold_a_whole_spectrum_as_often_as_they_promise(
    weight: float, base: str, ctx: Context
) -> None:
    options = SimultaneousOptions(molecule_weight=weight)
    found = draws(lambda: Simultaneous(options), CALIBRATION, base, ctx)
    whole = [held(new.bands, truth).all(axis=2).mean(axis=0) for new, truth in found]
    promise_holds(np.stack(whole), 1 / (CALIBRATION + 1))


@pytest.mark.parametrize(
    ("correction", "base"),
    [
        ("bin", "constant"),
        ("bin", "ten times too small"),
        ("bin", "right"),
        ("instrument", "constant"),
        ("instrument", "ten times too large"),
        ("instrument", "inverted"),
    ],
)
def test_corel_split_once_covers_what_it_promises(correction: Any, base: str, ctx: Context) -> None:
    """Each draw trains its own network: a hurried one, as the promise is about any."""
    pytest.importorskip("torch_geometric")
    from spectramind_calib.uncertainty.corel.calibrator import Corel

    options = CorelOptions(
        folds=0, held_out=0.7, correction=correction,
        members=1, epochs=1, width=4, embedding=2, neighbours=2, batch=128,
    )  # fmt: skip
    planets = CALIBRATION + LEARNERS
    found = draws(lambda: Corel(options), planets, base, ctx)
    inside = np.stack([held(new.intervals, truth).mean(axis=0) for new, truth in found])
    kept = sum(is_held_out(planet, options.held_out) for planet in synthetic.planet_ids(planets))
    promise_holds_in_bins(inside, 1 / (kept + 1), each=correction == "bin")
