"""What the physics estimate costs and how true it is, on simulated light curves.

    python benchmarks/transit.py --train 300 --test 100

Prints seconds a planet, errors and pulls of the depths under three sets of priors, and the
challenge score of one depth for all bins, of `transit` and of `wiener` with either set of its own:

- those of the options;
- those learnt from the training visits (option `population`);
- those learnt where limb darkening is known besides, which nobody has.
"""

from __future__ import annotations

import argparse
import os
import time
from unittest.mock import patch

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np
from quality import simulated

from spectramind_calib.simulator import transit_light
from spectramind_core.arrays import F8
from spectramind_core.components import Context, Labelled
from spectramind_core.contracts import Truth
from spectramind_core.scoring import score_arrays
from spectramind_models.transit import limb_darkening
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.estimate import estimate_set, learnt_population
from spectramind_models.transit.estimators import Transit, Wiener
from spectramind_models.transit.options import TransitOptions, WienerOptions

KNOWN = 0.003
"""Standard deviation of limb darkening that is known."""


def simulators_own(temperature: float, wavelength: F8) -> F8:
    """Limb darkening ``[2, wave]`` as it is drawn."""
    return transit_light.limb_darkening(wavelength, temperature).T


def learnt_from(
    training: Labelled, test: Labelled, options: WienerOptions, ctx: Context
) -> tuple[PlanetDepths, ...]:
    """Depths of test planets under priors learnt from training visits."""
    known = learnt_population(training.light_curves, options=options, ctx=ctx)
    return estimate_set(test.light_curves, options=options, ctx=ctx, population=known)


def report(name: str, depths: tuple[PlanetDepths, ...], truth: F8) -> None:
    """Print errors and pulls."""
    error = np.stack([d.depth for d in depths]) - truth
    pull = error / np.stack([d.sigma for d in depths])
    weight = np.stack([d.noise[1:] ** -2.0 for d in depths])
    white = np.sum(error[:, 1:] * weight, axis=1) / weight.sum(axis=1)
    true = np.sum(truth[:, 1:] * weight, axis=1) / weight.sum(axis=1)
    promised = np.array([d.features["depth_error_airs"] for d in depths])
    own = (error[:, 1:] - white[:, None]) / np.stack([d.noise[1:] for d in depths])
    rows = {
        "FGS1": (error[:, 0], truth[:, 0], pull[:, 0]),
        "AIRS white": (white, true, white / promised),
        "AIRS bin": (error[:, 1:], truth[:, 1:], pull[:, 1:]),
        "AIRS bin less white": (error[:, 1:] - white[:, None], truth[:, 1:], own),
    }
    print(f"\n{name}")
    print("                     median |error|  of depth   rms, ppm   pull mean     sd   robust sd")
    for label, (e, y, p) in rows.items():
        middle, rms = np.median(np.abs(e)) * 1e6, np.sqrt(np.mean(e**2)) * 1e6
        share, robust = np.median(np.abs(e / y)), 1.4826 * np.median(np.abs(p))
        print(
            f"{label:20s} {middle:10.1f} ppm {share:9.3%} {rms:10.1f} "
            f"{p.mean():11.2f} {p.std():6.2f} {robust:10.2f}"
        )


def one_depth(depths: tuple[PlanetDepths, ...], truth: F8, measured: F8, true: F8) -> F8:
    """Score of each planet's mean depth in every bin, with the best sigma of the training set."""
    flat = np.array([[np.average(d.depth, weights=d.sigma**-2)] for d in depths])
    spread = np.sqrt(np.mean((true - measured) ** 2, axis=0))
    mu = np.broadcast_to(flat, truth.shape)
    return np.stack([mu, np.broadcast_to(spread, truth.shape)])


def score_of(mu: F8, sigma: F8, truth: F8, training: Truth) -> float:
    """The 2025 score against the simulated training set's own naive prediction."""
    mean, std = float(training.spectra.mean()), float(training.spectra.std())
    return score_arrays(mu, sigma, truth, mean=mean, std=std).raw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=300)
    parser.add_argument("--test", type=int, default=100)
    parser.add_argument("--pairs", type=int, default=5625, help="AIRS ramps a visit")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    training, test = simulated(given.train, given.test, given.pairs, given.seed)
    ctx, options = Context(workers=os.cpu_count() or 1), TransitOptions()
    estimate_set(test.light_curves.of(test.truth.planet_ids[:1]), options=options, ctx=ctx)
    began = time.perf_counter()
    depths = estimate_set(test.light_curves, options=options, ctx=ctx)
    seconds = (time.perf_counter() - began) / max(given.test - 1, 1)
    print(f"seconds a planet, {ctx.workers} workers   {seconds:.3f}   (allowed 0.3)")

    truth = test.truth.spectra
    learning = WienerOptions(population=True)
    report("priors of the options", depths, truth)
    report("learnt from visits", learnt_from(training, test, learning, ctx), truth)
    with patch.object(limb_darkening, "expected", simulators_own):
        told = learning.model_copy(update={"limb_darkening_sd": KNOWN})
        report("and limb darkening known", learnt_from(training, test, told, ctx), truth)

    print()
    known = estimate_set(training.light_curves, options=options, ctx=ctx)
    level = np.array([[np.average(d.depth, weights=d.sigma**-2)] for d in known])
    mu, sigma = one_depth(depths, truth, level, training.truth.spectra)
    print(f"score, one depth                   {score_of(mu, sigma, truth, training.truth):.4f}")
    estimators: dict[str, Transit | Wiener] = {
        "transit": Transit(options),
        "wiener": Wiener(WienerOptions()),
        "wiener, learnt from visits": Wiener(learning),
    }
    for name, estimator in estimators.items():
        estimator.fit(training, validation=None, ctx=ctx)
        made = estimator.predict(test.light_curves, ctx=ctx)
        value = score_of(made.mu, made.sigma, truth, training.truth)
        rms = np.sqrt(np.mean((made.mu - truth) ** 2)) * 1e6
        print(f"score, {name:27s} {value:.4f}   rms {rms:.1f} ppm")


if __name__ == "__main__":
    main()
