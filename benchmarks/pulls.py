"""Are depths from raw frames as good as they claim? Simulate, calibrate, fit, and compare.

    python benchmarks/pulls.py --planets 200

Every planet is written as raw detector frames, calibrated with every step on, and fitted by the
physics estimate. Pulls (error over stated error) of all bins should have mean 0 +- 0.15 and
standard deviation 1 +- 0.1; light curves should scatter at most 1.15 times what photons and read
noise allow. Light curves made at once, without frames, are compared in the same run.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, Observation
from spectramind_models.transit.estimate import estimate_planet
from spectramind_models.transit.options import TransitOptions


@dataclass(frozen=True)
class Compared:
    """One planet's estimate against the truth."""

    pulls: F8
    """``[wave]``"""
    white: float
    """Pull of the mean AIRS depth."""
    scatter: dict[str, float]
    """By instrument, scatter from ramp to ramp over the stated one; empty without frames."""


def compared(index: int, *, planets: int, pairs: int, frames: bool, seed: int) -> Compared:
    """Simulate, calibrate and fit the planet of an index."""
    ctx = Context(seed=seed)
    how = "frames" if frames else "light_curves"
    source = SimulatedSource(
        SimulatedOptions(planets=0, test_planets=planets, test=how, pairs=pairs)  # type: ignore[arg-type]
    )
    truth = source.truth(ctx=ctx)
    assert truth is not None
    planet = truth.planet_ids[index]
    visits = tuple(
        _calibrated(source.open(visit, ctx=ctx), ctx)
        for visit in source.visits(ctx=ctx)
        if visit.planet_id == planet
    )
    depths = estimate_planet(visits, truth.wavelength, options=TransitOptions())
    error = depths.depth - truth.spectra[index]
    weight = np.where(depths.measured, depths.noise**-2.0, 0.0)
    weight[0] = 0.0
    white = float(error @ weight / weight.sum()) / depths.features["depth_error_airs"]
    return Compared(error / depths.sigma, white, dict(_scatter(visits[0])))


def _calibrated(opened: Observation | LightCurves, ctx: Context) -> LightCurves:
    if isinstance(opened, LightCurves):
        return opened
    return NumbaCalibration(CalibrationOptions()).calibrate(opened, ctx=ctx)


def _scatter(visit: LightCurves) -> Iterator[tuple[str, float]]:
    for curve in (visit.fgs1, visit.airs):
        for step in curve.steps if curve is not None else ():
            if step.name == "noise check":
                yield str(curve.instrument), float(step.options["scatter_over_stated"])  # type: ignore[union-attr]


def report(name: str, found: list[Compared]) -> None:
    """Print one way's figures beside what is asked."""
    pulls = np.stack([each.pulls for each in found])
    white = np.array([each.white for each in found])
    print(f"\n{name}: {len(found)} planets")
    for label, values in (
        ("all bins", pulls),
        ("FGS1", pulls[:, 0]),
        ("AIRS bins", pulls[:, 1:]),
        ("AIRS white light", white),
    ):
        met = abs(values.mean()) <= 0.15 and abs(values.std() - 1) <= 0.1
        verdict = "as asked" if met else "outside 0 +- 0.15, 1 +- 0.1"
        print(f"  {label:18s} mean {values.mean():+.3f}  sd {values.std():.3f}   {verdict}")
    for instrument in found[0].scatter:
        ratio = float(np.median([each.scatter[instrument] for each in found]))
        verdict = "as asked" if ratio <= 1.15 else "above 1.15"
        print(f"  {instrument:18s} scatter {ratio:.3f} of what photons and reads allow   {verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--planets", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=375, help="AIRS ramps a visit")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    for frames in (True, False):
        one = partial(
            compared, planets=given.planets, pairs=given.pairs, frames=frames, seed=given.seed
        )
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            found = list(pool.map(one, range(given.planets), chunksize=4))
        report("raw frames" if frames else "light curves at once", found)


if __name__ == "__main__":
    main()
