"""The finite-sample promise, as statistics: 500 draws of exchangeable planets at four levels.

Each draw has its own calibration planets and new planets; the mean coverage over draws must lie in
``[1 - alpha, 1 - alpha + 1 / (n + 1)]``, give or take four of its own standard errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_calib.uncertainty.limits import bin_limits, pooled_limits
from spectramind_calib.uncertainty.options import (
    ConformalOptions,
    CorelOptions,
    SimultaneousOptions,
)
from spectramind_calib.uncertainty.simultaneous import Simultaneous
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction, Truth
from spectramind_core.testing import synthetic

LEVELS = (0.5, 0.68, 0.9, 0.95)
SPLITS, CALIBRATION, NEW, BINS = 500, 57, 20, 6

BASES = {
    "right": lambda scale: scale,
    "constant": lambda scale: np.full_like(scale, 1.0),
    "ten times too small": lambda scale: scale / 10,
    "ten times too large": lambda scale: scale * 10,
    "inverted": lambda scale: 1 / scale,
}


def residuals(rng: np.random.Generator, planets: int, base: str) -> F8:
    """Skewed, heavy-tailed errors that bins share, in units of a base sigma that may be wrong."""
    scale = np.exp(rng.normal(0, 0.7, (planets, 1)) + rng.normal(0, 0.2, (planets, BINS)))
    shape = rng.standard_gamma(2, (planets, BINS)) - 2 + rng.standard_t(4, (planets, 1))
    return scale * shape / BASES[base](scale)


def promise_holds(coverages: F8, level: float, planets: int) -> None:
    """``coverages [split]``: share of new planets covered in each draw."""
    mean, error = coverages.mean(), coverages.std() / np.sqrt(len(coverages))
    assert level - 4 * error <= mean <= level + 1 / (planets + 1) + 4 * error


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("kind", ["symmetric", "asymmetric", "pooled"])
def test_split_conformal_covers_what_it_promises(kind: str, base: str) -> None:
    rng = np.random.default_rng([1, len(kind), len(base)])
    inside = np.empty((SPLITS, len(LEVELS), BINS))
    for split in range(SPLITS):
        known, new = residuals(rng, CALIBRATION, base), residuals(rng, NEW, base)
        if kind == "pooled":
            lower, upper = pooled_limits(known, LEVELS, np.ones(BINS), symmetric=True)
        else:
            lower, upper = bin_limits(known, LEVELS, symmetric=kind == "symmetric")
        held = (lower <= new[:, None]) & (new[:, None] <= upper)
        inside[split] = held.mean(axis=0)
    for i, level in enumerate(LEVELS):
        if kind == "pooled":  # promised for each instrument: FGS1, and AIRS on average
            promise_holds(inside[:, i, 0], level, CALIBRATION)
            promise_holds(inside[:, i, 1:].mean(axis=1), level, CALIBRATION)
        else:
            for wave in range(BINS):
                promise_holds(inside[:, i, wave], level, CALIBRATION)


def predicted(rng: np.random.Generator, planets: int, base: str) -> tuple[Prediction, Truth]:
    truth = synthetic.truth(rng, planets, BINS)
    scale = np.exp(rng.normal(0, 0.7, (planets, 1))) * np.ones(BINS)
    sigma = 1e-4 * BASES[base](scale)
    error = (
        1e-4 * scale * (rng.standard_normal((planets, BINS)) + rng.standard_normal((planets, 1)))
    )
    prediction = Prediction(
        planet_ids=truth.planet_ids,
        wavelength=truth.wavelength,
        mu=truth.spectra + error,
        sigma=sigma,
        planet_features={"scatter": scale[:, 0] * np.exp(rng.normal(0, 0.1, planets))},
    )
    return prediction, truth


@pytest.mark.parametrize("base", ["constant", "ten times too small", "right"])
@pytest.mark.parametrize("weight", [1.0, 3.0])
def test_bands_hold_a_whole_spectrum_as_often_as_they_promise(
    base: str, weight: float, ctx: Context
) -> None:
    rng = np.random.default_rng([2, len(base)])
    held = np.empty((SPLITS, len(LEVELS)))
    for split in range(SPLITS):
        prediction, truth = predicted(rng, CALIBRATION + NEW, base)
        ids = prediction.planet_ids
        calibrator = Simultaneous(SimultaneousOptions(molecule_weight=weight))
        known = ids[:CALIBRATION]
        calibrator.fit(prediction.of(known), truth.of(known), ctx=ctx)
        new = truth.of(ids[CALIBRATION:])
        bands = calibrator.apply(prediction.of(new.planet_ids), ctx=ctx).bands
        assert bands is not None
        y = new.spectra[:, None]
        held[split] = ((bands.lower <= y) & (y <= bands.upper)).all(axis=2).mean(axis=0)
    for i, level in enumerate(LEVELS):
        promise_holds(held[:, i], level, CALIBRATION)


@pytest.mark.parametrize("base", ["constant", "ten times too small", "right"])
def test_the_conformal_step_on_a_network_covers_what_it_promises(base: str, ctx: Context) -> None:
    """The network is trained once, on planets of its own; the step is drawn 500 times."""
    pytest.importorskip("torch_geometric")
    from spectramind_calib.uncertainty.corel.correction import (
        Quantiles,
        correction,
        scores_of,
        widened,
    )
    from spectramind_calib.uncertainty.corel.graph import known_graph
    from spectramind_calib.uncertainty.corel.inputs import Inputs
    from spectramind_calib.uncertainty.corel.training import Sample, predict, trained

    rng = np.random.default_rng([3, len(base)])
    options = CorelOptions(epochs=6, width=8, embedding=3, neighbours=3)
    prediction, truth = predicted(rng, 120, base)
    inputs = Inputs.learn(prediction, ctx=ctx)
    z = (truth.spectra - prediction.mu) / prediction.sigma
    sample = Sample(inputs.planets(prediction), inputs.bins(prediction), z)
    network = trained(sample, known_graph(truth.wavelength), np.ones(BINS), options, ctx=ctx)

    prediction, truth = predicted(rng, SPLITS * (CALIBRATION + NEW), base)
    z = (truth.spectra - prediction.mu) / prediction.sigma
    found = Quantiles(
        *predict(network, inputs.planets(prediction), inputs.bins(prediction), batch=4096)
    )
    inside = np.empty((SPLITS, len(LEVELS), BINS))
    for split, rows in enumerate(np.arange(len(z)).reshape(SPLITS, -1)):
        known, new = rows[:CALIBRATION], rows[CALIBRATION:]
        scores = scores_of(found.of(known), z[known])
        factor = correction(scores, LEVELS, np.ones(BINS), per_bin=True, ctx=ctx)
        lower, upper = widened(found.of(new), factor)
        inside[split] = ((lower <= z[new, None]) & (z[new, None] <= upper)).mean(axis=0)
    for i, level in enumerate(LEVELS):
        for wave in range(BINS):
            promise_holds(inside[:, i, wave], level, CALIBRATION)


@pytest.mark.parametrize("score", ["symmetric", "asymmetric", "absolute"])
def test_the_calibrators_intervals_are_those_limits(score: str, ctx: Context) -> None:
    from spectramind_calib.uncertainty.conformal import Conformal

    rng = np.random.default_rng(4)
    prediction, truth = predicted(rng, 3000, "constant")
    ids = prediction.planet_ids
    calibrator = Conformal(ConformalOptions(score=score))
    calibrator.fit(prediction.of(ids[:1500]), truth.of(ids[:1500]), ctx=ctx)
    new = truth.of(ids[1500:])
    found = calibrator.apply(prediction.of(new.planet_ids), ctx=ctx).intervals
    assert found is not None
    y = new.spectra[:, None]
    inside = ((found.lower <= y) & (y <= found.upper)).mean(axis=(0, 2))
    np.testing.assert_allclose(inside, LEVELS, atol=0.03)
