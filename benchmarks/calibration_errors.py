"""What calibration can have wrong for a whole visit, beside what visits disagree by anyway.

    python benchmarks/calibration_errors.py ../shared/real/adc2025_sample

Calibrates the first visit of a challenge folder and prints, for each instrument and cause, the
relative error of a depth in the median and in the worst bin, beside `visit_scatter`, the relative
error that the transit fit allows every visit.
"""

from __future__ import annotations

import argparse
import os

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

import numpy as np

from spectramind_calib.detector.ariel import ArielSource
from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import ArielOptions, CalibrationOptions
from spectramind_core.components import Context
from spectramind_models.transit.options import TransitOptions


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("root", help="a challenge folder")
    given = parser.parse_args()
    ctx, source = Context(), ArielSource(ArielOptions(root=given.root))
    observation = source.open(source.visits(ctx=ctx)[0], ctx=ctx)
    curves = NumbaCalibration(CalibrationOptions()).calibrate(observation, ctx=ctx)
    print(f"{'':20}{'median bin':>12}{'worst bin':>12}")
    for curve in (curves.fgs1, curves.airs):
        if curve is None:
            continue
        for cause, error in curve.calibration_errors.items():
            print(f"{curve.instrument:10}{cause:10}{np.median(error):12.1e}{error.max():12.1e}")
        for step in curve.steps:
            for name, value in step.options.items() if step.name == "calibration files" else ():
                print(f"{curve.instrument:10}{name} {value:.2%}, which cancels in a depth")
    allowed = TransitOptions().visit_scatter
    print(f"{'visit_scatter':20}{allowed:12.1e}{allowed:12.1e}")


if __name__ == "__main__":
    main()
