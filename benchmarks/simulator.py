"""What simulating costs: light curves at once, and raw frames of a visit; what spectra are like.

    python benchmarks/simulator.py --planets 1000 --frames 375 5625

Prints seconds of one process, and peak memory. The goal for light curves of full-size visits is
1,000 planets in 120 seconds on two cores. Figures of spectra stand beside those of the real ones.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context
from spectramind_core.contracts import Observation

REAL = {
    2024: "spread 22 ppm, components 76, 94, 97.6, 98.9, 99.4 %, neighbours 11, FGS1 63 ppm rms",
    2025: "seven components over 99.5 %",
}
"""Of 673 and 1,100 planets."""

FULL = 5625
"""AIRS ramps of a real visit."""


def light_curves(planets: int, pairs: int, ctx: Context) -> str:
    """Every visit of a training set."""
    source = SimulatedSource(SimulatedOptions(planets=planets, test_planets=0, pairs=pairs))
    start = time.perf_counter()
    visits = source.visits(ctx=ctx)
    for visit in visits:
        source.open(visit, ctx=ctx)
    took = time.perf_counter() - start
    return (
        f"light curves, {pairs} pairs: {planets} planets, {len(visits)} visits in {took:.1f} s; "
        f"1,000 planets: {took * 1000 / planets:.0f} s"
    )


def frames(pairs: int, ctx: Context) -> str:
    """Both instruments' counts of one visit."""
    source = SimulatedSource(SimulatedOptions(planets=1, pairs=pairs, train="frames"))
    observation = source.open(source.visits(ctx=ctx)[0], ctx=ctx)
    assert isinstance(observation, Observation)
    parts = []
    for raw in (observation.fgs1, observation.airs):
        assert raw is not None
        start = time.perf_counter()
        counts = raw.frames.read(slice(0, raw.frames.shape[2]))
        took = time.perf_counter() - start
        parts.append(f"{raw.instrument} {took:.1f} s ({counts.nbytes / 1e6:.0f} MB)")
    return f"raw frames, {pairs} pairs: " + ", ".join(parts)


def spectra(edition: int, planets: int, ctx: Context) -> str:
    """Spread over bins, principal components and differences of neighbouring bins."""
    options = SimulatedOptions(planets=planets, test_planets=0, edition=edition)  # type: ignore[arg-type]
    truth = SimulatedSource(options).truth(ctx=ctx)
    assert truth is not None
    found = truth.spectra
    within = found - found.mean(1, keepdims=True)
    power = np.linalg.svd(within - within.mean(0), compute_uv=False) ** 2
    explained = 100 * np.cumsum(power) / power.sum()
    steps = 1e6 * np.sqrt(np.mean(np.diff(found, axis=1) ** 2, axis=0))
    return (
        f"spectra of {edition}, seed {ctx.seed}: median spread {1e6 * np.median(found.std(1)):.0f} "
        f"ppm, components {', '.join(f'{each:.2f}' for each in explained[:7])} %, neighbours "
        f"{np.sqrt(np.mean(steps[1:] ** 2)):.1f}, FGS1 {steps[0]:.0f} ppm rms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planets", type=int, default=100)
    parser.add_argument("--frames", type=int, nargs="*", default=[375])
    arguments = parser.parse_args()
    ctx = Context(seed=50)
    for pairs in (375, FULL):
        print(light_curves(arguments.planets, pairs, ctx), flush=True)
    for pairs in arguments.frames:
        print(frames(pairs, ctx), flush=True)
    for edition, real in REAL.items():
        for seed in range(50, 54):
            print(spectra(edition, 673, Context(seed=seed)), flush=True)
        print(f"real: {real}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.1f} GB")


if __name__ == "__main__":
    main()
