"""What a wandering image leaves in calibrated light, beside light whose image stands still.

    python benchmarks/jitter.py --planets 64 --wander 0.05

Every planet is calibrated from raw frames, with jitter removed and with jitter left in, and its
light curves are made at once, without any. Prints the scatter of white light in sixths of a visit,
which is what transit depths are made of, about the same light without photons and reads: in ppm,
and relative to light curves made at once.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from unittest.mock import patch

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.simulator import scene
from spectramind_calib.simulator.observe import simulate_frames, simulate_light_curves
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurve

SIXTHS, BINS = 6, 25
"""Stretches of a visit, and the time bins in each."""

LEFT = InstrumentOptions(jitter=False)
WAYS = {
    "jitter removed": CalibrationOptions(),
    "jitter left in": CalibrationOptions(fgs1=LEFT, airs=LEFT),
}
STILL = "made at once"


def slow(curve: LightCurve, quiet: LightCurve) -> F8:
    """White light's relative noise in each sixth of the visit."""
    level = quiet.flux.mean(0)
    relative = curve.flux / curve.flux.mean(0) / (quiet.flux / level) - 1
    white = relative @ level / level.sum()
    result: F8 = white[: SIXTHS * BINS].reshape(SIXTHS, BINS).mean(1)
    return result


def visit(number: int, *, planets: int, wander: float, seed: int) -> dict[tuple[str, str], F8]:
    """Of one planet, by instrument and way."""
    options = SimulatedOptions(planets=planets, test_planets=0)
    effects = options.effects.model_copy(update={"photon_noise": False, "read_noise": False})
    ctx, source = Context(seed=seed), SimulatedSource(options)
    names = list(dict.fromkeys(each.planet_id for each in source.visits(ctx=ctx)))
    planet = source._planet(names[number], ctx)
    own = ctx.child("visit", planet.planet_id)
    with patch.object(scene, "WANDER", wander):
        frames = simulate_frames(planet, 0, options, own)
    found = {name: NumbaCalibration(way).calibrate(frames, ctx=own) for name, way in WAYS.items()}
    found[STILL] = simulate_light_curves(planet, 0, options, own)
    quiet = simulate_light_curves(planet, 0, options.model_copy(update={"effects": effects}), own)
    return {
        (instrument, name): slow(getattr(curves, instrument), getattr(quiet, instrument))
        for instrument in ("fgs1", "airs")
        for name, curves in found.items()
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planets", type=int, default=64)
    parser.add_argument("--wander", type=float, default=scene.WANDER, help="amplitude in pixels")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    one = partial(visit, planets=given.planets, wander=given.wander, seed=given.seed)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(one, range(given.planets)))
    print(f"{given.planets} planets, the image wanders by {given.wander} pixels; ppm")
    for instrument in ("fgs1", "airs"):
        size = {
            name: float(np.sqrt(np.mean([each[instrument, name] ** 2 for each in found])))
            for name in (*WAYS, STILL)
        }
        for name, value in size.items():
            print(f"  {instrument} {name:15s} {1e6 * value:7.1f}  {value / size[STILL]:.2f}")


if __name__ == "__main__":
    main()
