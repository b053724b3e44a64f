"""The corrections from counts to electrons per pair as one compiled pass over the frames.

Equal to `calibration.reduce` to single precision; one sample is read once and written half.
Module-level kernels, so that numba's on-disk cache serves the second start.
"""

from __future__ import annotations

import numba
import numpy as np

from spectramind_calib.detector.adc import FULL_SCALE
from spectramind_calib.detector.calibration import Ramps, calibrate, repaired, responds
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, Observation, RawInstrument


class NumbaCalibration:
    """The detector calibration `numba`: as `numpy`, compiled."""

    def __init__(self, options: CalibrationOptions) -> None:
        self._options = options

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        """Calibrate both instruments of one visit; errors as of `numpy`."""
        return calibrate(observation, self._options, reduce)


def reduce(raw: RawInstrument, columns: slice, options: InstrumentOptions) -> Ramps:
    """Counts of a block of columns to electrons per pair."""
    counts = np.ascontiguousarray(raw.frames.read(columns))
    counts = counts[..., : counts.shape[-1] // 2 * 2]
    frames = raw.calibration
    coefficients = frames.linear_corr[:, :, columns]
    if not options.linearity:
        coefficients = np.zeros_like(coefficients)
        coefficients[1] = 1.0
    response = np.ones(counts.shape[:2])
    if options.flat:
        given = frames.flat[:, columns]
        response = np.where(responds(given), given, 1.0)
    dark = frames.dark[:, columns] if options.dark else np.zeros(counts.shape[:2])
    signal, saturated = ramp_signal(
        counts,
        1 / raw.adc.gain,
        raw.adc.offset,
        np.ascontiguousarray(np.moveaxis(coefficients, 0, -1)),
        dark,
        response,
        raw.integration_time[: counts.shape[-1]],
    )
    return repaired(signal, frames.dead[:, columns], int(saturated), options)


@numba.njit(parallel=True, cache=True, nogil=True)
def ramp_signal(counts, electrons_per_count, offset, coefficients, dark, response, times):  # type: ignore[no-untyped-def]
    """Electrons per pair ``[row, column, pair]`` float32, and how many samples are saturated.

    Parameters
    ----------
    counts
        ``[row, column, frame]`` uint16.
    coefficients
        ``[row, column, coefficient]``, lowest order first.
    dark, response
        ``[row, column]``.
    times
        ``[frame]`` seconds since reset.
    """
    rows, columns, frames = counts.shape
    signal = np.empty((rows, columns, frames // 2), np.float32)
    saturated = np.zeros(rows * columns, np.int64)
    for pixel in numba.prange(rows * columns):
        row, column = pixel // columns, pixel % columns
        polynomial = coefficients[row, column]
        rate, scale = dark[row, column], 1 / response[row, column]
        full = 0
        for pair in range(frames // 2):
            first, last = counts[row, column, 2 * pair], counts[row, column, 2 * pair + 1]
            full += (first == FULL_SCALE) + (last == FULL_SCALE)
            before = _polynomial(first * electrons_per_count + offset, polynomial)
            after = _polynomial(last * electrons_per_count + offset, polynomial)
            elapsed = times[2 * pair + 1] - times[2 * pair]
            signal[row, column, pair] = (after - before - rate * elapsed) * scale
        saturated[pixel] = full
    return signal, saturated.sum()


@numba.njit(cache=True, inline="always")
def _polynomial(x, coefficients):  # type: ignore[no-untyped-def]
    value = coefficients[-1]
    for order in range(coefficients.size - 2, -1, -1):
        value = value * x + coefficients[order]
    return value
