"""What the physics estimate costs and how true it is, on simulated light curves.

    python benchmarks/transit.py --train 300 --test 100

Prints seconds a planet, errors and pulls of the depths, and the challenge score of one depth for
all bins, of `transit` and of `wiener`.
"""

from __future__ import annotations

import argparse
import os
import time

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context, Labelled
from spectramind_core.contracts import LightCurveSet, Truth
from spectramind_core.scoring import score_arrays
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.estimate import estimate_set
from spectramind_models.transit.estimators import Transit, Wiener
from spectramind_models.transit.options import TransitOptions, WienerOptions


def simulated(train: int, test: int, pairs: int, seed: int) -> tuple[Labelled, Labelled]:
    """Light curves and truth of training and test planets."""
    ctx = Context(seed=seed)
    source = SimulatedSource(
        SimulatedOptions(planets=train, test_planets=test, test="light_curves", pairs=pairs)
    )
    visits = source.visits(ctx=ctx)
    truth = source.truth(ctx=ctx)
    assert truth is not None
    opened = [source.open(visit, ctx=ctx) for visit in visits]
    every = LightCurveSet.from_visits(opened, truth.wavelength)  # type: ignore[arg-type]
    parts = (truth.planet_ids[:train], truth.planet_ids[train:])
    return tuple(Labelled(every.of(part), truth.of(part)) for part in parts)  # type: ignore[return-value]


def one_depth(depths: tuple[PlanetDepths, ...], truth: F8, measured: F8, true: F8) -> F8:
    """Score of each planet's mean depth in every bin, with the best sigma of the training set."""
    flat = np.array([[np.average(d.depth, weights=d.sigma**-2)] for d in depths])
    spread = np.sqrt(np.mean((true - measured) ** 2, axis=0))
    mu = np.broadcast_to(flat, truth.shape)
    return np.stack([mu, np.broadcast_to(spread, truth.shape)])


def score_of(mu: F8, sigma: F8, truth: F8, training: Truth) -> float:
    """The 2025 score against the simulated training set's own naive prediction."""
    naive = {"mean": float(training.spectra.mean()), "std": float(training.spectra.std())}
    return score_arrays(mu, sigma, truth, **naive).raw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5625, help="AIRS ramps a visit")
    parser.add_argument("--seed", type=int, default=50)
    given = parser.parse_args()
    training, test = simulated(given.train, given.test, given.pairs, given.seed)
    ctx, options = Context(workers=os.cpu_count() or 1), TransitOptions()
    estimate_set(test.light_curves.of(test.truth.planet_ids[:1]), options=options, ctx=ctx)
    began = time.perf_counter()
    depths = estimate_set(test.light_curves, options=options, ctx=ctx)
    seconds = (time.perf_counter() - began) / max(given.test - 1, 1)
    print(f"seconds a planet, {ctx.workers} workers   {seconds:.3f}   (allowed 0.3)")

    truth = test.truth.spectra
    error = np.stack([d.depth for d in depths]) - truth
    pull = error / np.stack([d.sigma for d in depths])
    weight = np.stack([d.noise[1:] ** -2.0 for d in depths])
    white = np.sum(error[:, 1:] * weight, axis=1) / weight.sum(axis=1)
    promised = np.array([d.features["depth_error_airs"] for d in depths])
    own = (error[:, 1:] - white[:, None]) / np.stack([d.noise[1:] for d in depths])
    rows = {
        "FGS1": (error[:, 0], pull[:, 0]),
        "AIRS white": (white, white / promised),
        "AIRS bin": (error[:, 1:], pull[:, 1:]),
        "AIRS bin less white": (error[:, 1:] - white[:, None], own),
    }
    print("                       median |error|      rms, ppm   pull mean     sd   robust sd")
    for name, (e, p) in rows.items():
        middle, rms = np.median(np.abs(e)) * 1e6, np.sqrt(np.mean(e**2)) * 1e6
        robust = 1.4826 * np.median(np.abs(p))
        print(
            f"{name:20s} {middle:14.1f} {rms:14.1f} {p.mean():11.2f} {p.std():6.2f} {robust:10.2f}"
        )

    known = estimate_set(training.light_curves, options=options, ctx=ctx)
    level = np.array([[np.average(d.depth, weights=d.sigma**-2)] for d in known])
    mu, sigma = one_depth(depths, truth, level, training.truth.spectra)
    print(f"score, one depth    {score_of(mu, sigma, truth, training.truth):.4f}")
    for estimator in (Transit(TransitOptions()), Wiener(WienerOptions())):
        estimator.fit(training, validation=None, ctx=ctx)
        made = estimator.predict(test.light_curves, ctx=ctx)
        value = score_of(made.mu, made.sigma, truth, training.truth)
        rms = np.sqrt(np.mean((made.mu - truth) ** 2)) * 1e6
        name = type(estimator).__name__.lower()
        print(f"score, {name:12s} {value:.4f}   rms {rms:.1f} ppm")


if __name__ == "__main__":
    main()
