"""What calibration can have wrong for a whole visit: no noise in time, but errors of depths.

The files come without errors. The scatter of a file's pixels holds both its error and how pixels
truly differ, and so bounds its error from above.
"""

from __future__ import annotations

import numpy as np

from spectramind_calib.detector.extracted import Extracted
from spectramind_calib.detector.flat import responds
from spectramind_calib.detector.noise import MAD_TO_SIGMA
from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.arrays import F8
from spectramind_core.contracts import RawInstrument

LEVELS = 8
"""Signals, up to the brightest pixel's, at which pixels' linearity is compared."""


def depth_errors(
    raw: RawInstrument, extracted: Extracted, options: InstrumentOptions
) -> dict[str, F8]:
    """Relative standard deviations ``[column]`` of any depth, by what can be wrong.

    Returns
    -------
    ``background``: light wrongly left or taken does not transit, and so dilutes depths; by the
    background fit's own error.
    ``dark``: as well; at most, by the scatter of the file.
    ``linearity``: a pixel whose response falls off otherwise scales what a transit takes away; at
    most, by the scatter of the polynomials' slopes at the light of each pixel.
    """
    weights, flux = extracted.weights, extracted.light
    lit = flux > 0
    light = np.where(lit, flux, 1.0)
    found: dict[str, F8] = {}
    if options.background:
        found["background"] = extracted.background.error * np.abs(weights.sum(0)) / light
    if options.dark:
        seconds = float(np.median(np.diff(raw.integration_time)[::2]))
        electrons = _scatter(raw.calibration.dark[~raw.calibration.dead]) * seconds
        found["dark"] = electrons * np.sqrt((weights**2).sum(0)) / light
    if options.linearity:
        slopes = _slope_scatter(raw, extracted.image)
        found["linearity"] = np.sqrt(((weights * extracted.share * slopes) ** 2).sum(0))
    return {name: np.where(lit, error, 0.0) for name, error in found.items()}


def level_error(raw: RawInstrument, extracted: Extracted, options: InstrumentOptions) -> float:
    """Relative standard deviation of a column's flux, at most, by errors of the flat: they scale
    it at all times, which cancels in a depth. Median over the columns with light."""
    lit = extracted.light > 0
    if not options.flat or not lit.any():
        return 0.0
    good = responds(raw.calibration.flat) & ~raw.calibration.dead
    scaled = np.sqrt(((extracted.weights * extracted.share) ** 2).sum(0))
    return float(_scatter(raw.calibration.flat[good]) * np.median(scaled[lit]))


def _slope_scatter(raw: RawInstrument, image: F8) -> F8:
    """How much pixels of such light ``[...]`` differ in ``d log(true) / d log(measured)``."""
    coefficients = raw.calibration.linear_corr[:, ~raw.calibration.dead]
    levels = np.linspace(0.0, max(float(image.max()), 1.0), LEVELS + 1)[1:]
    scatter = []
    for level in levels:
        # Double sampling takes the constant out; what is left is the level times a polynomial.
        factor, slope = np.zeros(coefficients.shape[1]), np.zeros(coefficients.shape[1])
        for coefficient in coefficients[:0:-1]:
            slope = slope * level + factor
            factor = factor * level + coefficient
        scatter.append(_scatter(1 + level * slope / np.where(factor != 0, factor, 1.0)))
    result: F8 = np.interp(image, levels, scatter)
    return result


def _scatter(values: F8) -> float:
    return float(MAD_TO_SIGMA * np.median(np.abs(values - np.median(values))))
