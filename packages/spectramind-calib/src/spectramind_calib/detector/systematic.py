"""What the calibration files' own errors can do: constant over a visit, so no noise in time.

The files come without errors. The scatter of a file's pixels holds both its error and how pixels
truly differ, and so bounds its error from above.
"""

from __future__ import annotations

import numpy as np

from spectramind_calib.detector.flat import responds
from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.arrays import F8
from spectramind_core.contracts import RawInstrument

MAD_TO_SIGMA = 1.4826


def sizes(
    raw: RawInstrument, weights: F8, share: F8, flux: F8, options: InstrumentOptions
) -> dict[str, float]:
    """Bounds, each the median over columns of a relative error of one standard deviation.

    Parameters
    ----------
    weights, share
        ``[pixel of column, column]``: weights of the flux, and how the light is shared.
    flux
        ``[column]`` mean electrons of one ramp.

    Returns
    -------
    ``dark_on_depth``: an error of the dark adds light that does not transit, and so scales depths.
    ``flat_on_level``: an error of the flat scales a column's flux, which cancels in its depth.
    """
    found: dict[str, float] = {}
    lit = flux > 0
    if not lit.any():
        return found
    if options.dark:
        seconds = float(np.median(np.diff(raw.integration_time)[::2]))
        electrons = _scatter(raw.calibration.dark[~raw.calibration.dead]) * seconds
        added = electrons * np.sqrt((weights**2).sum(0))
        found["dark_on_depth"] = float(np.median(added[lit] / flux[lit]))
    if options.flat:
        good = responds(raw.calibration.flat) & ~raw.calibration.dead
        scaled = _scatter(raw.calibration.flat[good]) * np.sqrt(((weights * share) ** 2).sum(0))
        found["flat_on_level"] = float(np.median(scaled[lit]))
    return found


def _scatter(values: F8) -> float:
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))
