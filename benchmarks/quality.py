"""Does the network beat the physics it starts from? Scores of transit, wiener and v50.

    python benchmarks/quality.py --train 600 --test 200 --seeds 5

"visits": with priors of the transit fit learnt from the training visits (option `population`), as
v50 has them by default; "plain": with those of the options, as `wiener` has them by default.

Simulated light curves at their realistic setting; each seed draws other planets with other noise,
holds other training planets out for validation, and starts another network. Prints each score, then
mean and spread, and the seconds a training took (transit fits are made once and remembered, so they
are in the first estimator's seconds).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context, Labelled, RulePart
from spectramind_core.contracts import LightCurves, LightCurveSet
from spectramind_core.plugins.registry import Registry
from spectramind_core.scoring import score_arrays

PARTS = {
    "encoders.fgs1": ("mamba", {"d_model": 16, "n_layers": 1}),
    "encoders.airs": ("gat", {"width": 16, "n_layers": 1}),
    "heads.mu": ("residual_mu", {}),
    "heads.sigma": ("scaled_sigma", {}),
}
"""What v50 is made of here, as in examples/quickstart.yaml."""

ESTIMATORS: dict[str, tuple[str, dict[str, Any]]] = {
    "transit": ("transit", {}),
    "wiener": ("wiener", {}),
    "v50": ("v50", {}),
    "v50, plain": ("v50", {"physics": {"population": False}}),
    "wiener, visits": ("wiener", {"population": True}),
}
"""What is compared, by the name it is printed under."""

COMPARED = (
    ("v50", "wiener", "   (wanted +0.02)"),
    ("v50, plain", "wiener", "   (wanted +0.02)"),
    ("v50", "wiener, visits", "   (same priors)"),
    ("v50", "v50, plain", ""),
    ("wiener, visits", "wiener", ""),
)
"""Whose gain over what is printed, and what is wanted of it."""

RULES = {"smoothness": 0.01, "molecular_coherence": 0.01, "bounds": 0.01}
"""Rules and their weights."""


def simulated(train: int, test: int, pairs: int, seed: int = 0) -> tuple[Labelled, Labelled]:
    """Training and test planets, with their light curves in memory."""
    ctx = Context(seed=50 + seed)
    source = SimulatedSource(
        SimulatedOptions(planets=train, test_planets=test, test="light_curves", pairs=pairs)
    )
    visits: dict[str, list[Any]] = {}
    for visit in source.visits(ctx=ctx):
        visits.setdefault(visit.planet_id, []).append(visit)
    truth = source.truth(ctx=ctx)
    assert truth is not None

    def load(planet: str) -> tuple[LightCurves, ...]:
        return tuple(source.open(visit, ctx=ctx) for visit in visits[planet])  # type: ignore[misc]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        light_curves = dict(zip(truth.planet_ids, pool.map(load, truth.planet_ids), strict=True))
    every = LightCurveSet(truth.planet_ids, truth.wavelength, light_curves.__getitem__)
    known, unknown = truth.planet_ids[:train], truth.planet_ids[train:]
    return (
        Labelled(every.of(known), truth.of(known)),
        Labelled(every.of(unknown), truth.of(unknown)),
    )


def component(kind: str, name: str, options: dict[str, Any], parts: Any = None) -> Any:
    """A component by name, as a run builds it."""
    registry = Registry.installed()
    declared = registry.resolve(kind, name)
    return registry.build(declared, declared.options.model_validate(options), parts or {})


def network(
    options: dict[str, Any], without: tuple[str, ...] = (), rules: dict[str, float] | None = None
) -> Any:
    """Estimator v50, without some of its parts."""
    parts: dict[str, Any] = {
        slot: component(slot.partition(".")[0], *choice)
        for slot, choice in PARTS.items()
        if slot not in without
    }
    weights = RULES if rules is None else rules
    parts["rules"] = [
        RulePart(name, component("rules", name, {}), weight) for name, weight in weights.items()
    ]
    return component("estimators", "v50", options, parts)


def held_out(training: Labelled, seed: int, share: float = 0.1) -> tuple[Labelled, Labelled]:
    """Training planets to learn from, and to choose the best weights by."""
    ids = np.random.default_rng(seed).permutation(training.truth.planet_ids).tolist()
    count = max(4, round(share * len(ids)))

    def some(planets: list[str]) -> Labelled:
        return Labelled(training.light_curves.of(planets), training.truth.of(planets))

    return some(ids[count:]), some(ids[:count])


def score_of(estimator: Any, test: Labelled, naive: F8, ctx: Context) -> float:
    """The 2025 score against the training set's own naive prediction, unclipped."""
    made = estimator.predict(test.light_curves, ctx=ctx)
    return score_arrays(
        made.mu, made.sigma, test.truth.spectra, mean=float(naive.mean()), std=float(naive.std())
    ).raw


def trained(estimator: Any, training: Labelled, validation: Labelled, seed: int) -> float:
    """Fit, and return the seconds it took."""
    with tempfile.TemporaryDirectory() as folder:
        ctx = Context(seed=seed, folder=Path(folder), workers=os.cpu_count() or 1)
        began = time.perf_counter()
        estimator.fit(training, validation=validation, ctx=ctx)
        return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--train", type=int, default=600)
    parser.add_argument("--test", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=5625, help="AIRS ramps a visit")
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    ctx = Context(workers=os.cpu_count() or 1)
    scores: dict[str, list[float]] = {name: [] for name in ESTIMATORS}
    for seed in range(given.seeds):
        training, test = simulated(given.train, given.test, given.pairs, seed)
        naive = training.truth.spectra
        learnt, validation = held_out(training, seed)
        for name, (kind, options) in ESTIMATORS.items():
            made = network(options) if kind == "v50" else component("estimators", kind, options)
            seconds = trained(made, learnt, validation, seed)
            scores[name].append(score_of(made, test, naive, ctx))
            print(
                f"seed {seed}  {name:15s} {scores[name][-1]:.4f}   fitted in {seconds:.0f} s",
                flush=True,
            )
    for name, found in scores.items():
        print(f"{name:15s} {np.mean(found):.4f} +- {np.std(found):.4f}")
    for better, than, note in COMPARED:
        gain = np.array(scores[better]) - scores[than]
        print(f"{better} over {than} {gain.mean():+.4f} +- {gain.std():.4f}{note}")


if __name__ == "__main__":
    main()
