"""Calibration in the run: the simulator's light curves, the wiener estimator, the final chain.

    python benchmarks/uncertainty_run.py [--train 400] [--calibration 220] [--test 200] [--seeds 5]

Prints coverage at 50/68/90/95 % overall, in the worst bin and in the worst stratum, and the
challenge score, after each step. The seeds' coverages are averaged before errors are taken.

What sampling allows: with 200 test planets the coverage of one bin has a standard error of 3.5 % at
50 %, and the calibration planets' quantile about as much again; over five seeds 2 %, so that the
worst of 283 bins is expected 4 to 6 % off even if calibration is perfect. Bins of a planet err
together, so that overall coverage is hardly better known than one bin's.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.calibration_metrics import LEVELS, covered, limits, strata
from spectramind_core.components import Context, Labelled
from spectramind_core.contracts import LightCurveSet, Prediction, Truth
from spectramind_core.plugins.registry import Registry
from spectramind_core.scoring import NAIVE, score_arrays

CHAIN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("temperature", {}),
    ("instance", {}),
    ("corel", {}),
    ("simultaneous", {}),
)


def build(kind: str, name: str, options: dict[str, Any]) -> Any:
    """A component as a spec would choose it."""
    registry = Registry.installed()
    component = registry.resolve(kind, name)
    return registry.build(component, component.options.model_validate(options), {})


def predicted(chosen: argparse.Namespace, ctx: Context) -> tuple[Prediction, Prediction, Truth]:
    """Wiener's predictions of calibration and test planets, and the truth about all planets."""
    source = build(
        "sources",
        "simulated",
        {
            "planets": chosen.train + chosen.calibration,
            "test_planets": chosen.test,
            "train": "light_curves",
            "test": "light_curves",
        },
    )
    visits, truth = source.visits(ctx=ctx), source.truth(ctx=ctx)
    labelled = list(dict.fromkeys(v.planet_id for v in visits if v.partition == "train"))
    train, known = labelled[: chosen.train], set(labelled[chosen.train :])
    wanted = [v for v in visits if v.partition == "test" or v.planet_id in known]
    curves = LightCurveSet.from_visits(
        [source.open(visit, ctx=ctx) for visit in wanted], source.wavelength(ctx=ctx)
    )
    estimator = build("estimators", "wiener", {})
    # wiener learns from the training planets' spectra alone: their light curves are not made
    estimator.fit(Labelled(curves.of([]), truth.of(train)), validation=None, ctx=ctx)
    everything = estimator.predict(curves, ctx=ctx)
    new = [planet for planet in curves.planet_ids if planet not in known]
    return everything.of(sorted(known)), everything.of(new), truth


def measured(prediction: Prediction, base: Prediction, truth: Truth) -> dict[str, F8]:
    """Coverage by ``[level, wave]``, stratum and whole spectra, and the score."""
    y = truth.of(prediction.planet_ids).spectra
    inside = np.stack([covered(*limits(prediction, level), y) for level in LEVELS])
    groups = strata(base)
    mean, std = NAIVE[2025]
    result = {
        "bins": inside.mean(axis=1),
        "score": np.array(score_arrays(prediction.mu, prediction.sigma, y, mean=mean, std=std).raw),
        **{f"in {name}": inside[:, group].mean(axis=(1, 2)) for name, group in groups.items()},
    }
    if prediction.bands is not None:
        b = prediction.bands
        result["bands"] = covered(b.lower, b.upper, y[:, None]).all(axis=2).mean(axis=0)
    return result


def one_seed(seed: int, chosen: argparse.Namespace) -> dict[str, dict[str, F8]]:
    """Each step of the chain, measured on test planets."""
    with TemporaryDirectory() as folder:
        ctx = Context(seed=seed, folder=Path(folder), workers=os.cpu_count() or 1)
        known, new, truth = predicted(chosen, ctx)
        base = new
        found = {"estimator": measured(new, base, truth)}
        for name, options in CHAIN:
            calibrator = build("calibrators", name, options)
            calibrator.fit(known, truth.of(known.planet_ids), ctx=ctx.child(name))
            known, new = calibrator.apply(known, ctx=ctx), calibrator.apply(new, ctx=ctx)
            found[name] = measured(new, base, truth)
        return found


def report(seeds: Sequence[dict[str, dict[str, F8]]]) -> None:
    """Print the table and the verdicts."""
    levels = np.array(LEVELS)
    print(f"{'':14}{'coverage at ' + str(LEVELS):>36}{'bin':>7}{'stratum':>9}{'score':>8}")
    rows = {}
    for step in seeds[0]:
        shared = set.intersection(*(set(seed[step]) for seed in seeds))
        mean = {name: np.mean([seed[step][name] for seed in seeds], axis=0) for name in shared}
        overall = mean["bins"].mean(axis=1)
        worst = {n: np.abs(v - levels).max() for n, v in mean.items() if n.startswith("in ")}
        bins = np.abs(mean["bins"] - levels[:, None]).max()
        rows[step] = (np.abs(overall - levels).max(), bins, max(worst.values()), mean["score"])
        shown = " ".join(f"{value:8.3f}" for value in overall)
        print(f"{step:14}{shown:>36}{bins:7.3f}{max(worst.values()):9.3f}{mean['score']:8.4f}")
        if "bands" in mean:
            print(f"{'whole spectra':14}" + " ".join(f"{v:8.3f}" for v in mean["bands"]))
    before, after = rows["estimator"], list(rows.values())[-1]
    for what, value, limit in zip(("overall", "bin", "stratum"), after, (0.01, 0.05, 0.05)):  # noqa: B905
        print(f"{what}: {value:.3f}, {'within' if value <= limit else 'NOT within'} {limit}")
    print(f"score {before[3]:.4f} -> {after[3]:.4f}: {'kept' if after[3] >= before[3] else 'LOST'}")


def main() -> None:
    """Run all seeds and report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("train", 400), ("calibration", 220), ("test", 200), ("seeds", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    chosen = parser.parse_args()
    print(f"{chosen.calibration} calibration, {chosen.test} test planets, {chosen.seeds} seeds")
    report([one_seed(seed, chosen) for seed in range(chosen.seeds)])


if __name__ == "__main__":
    main()
