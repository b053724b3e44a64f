"""What simulating costs: light curves at once, and raw frames of a visit.

    OMP_WAIT_POLICY=PASSIVE python benchmarks/simulator.py --planets 1000 --frames 375 5625

Prints seconds of one process, and peak memory. The goal for light curves of full-size visits is
1,000 planets in 120 seconds on two cores.
"""

from __future__ import annotations

import argparse
import os
import resource
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context
from spectramind_core.contracts import Observation

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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory {peak:.1f} GB")


if __name__ == "__main__":
    main()
