"""The work on every sample, compiled: counts to ramps, and ramps to fluxes.

Equal to `calibration.reduce` and `calibration.sums` to single precision; every count is read once.
Module-level kernels, so that numba's on-disk cache serves the second start. A pixel's ramps are
corrected, searched for cosmic rays and averaged while they are in the processor's cache.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from spectramind_calib.detector.adc import FULL_SCALE
from spectramind_calib.detector.calibration import Backend, Ramps, calibrate, responds
from spectramind_calib.detector.cosmic import TO_SIGMA
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, Observation, RawInstrument
from spectramind_core.errors import DataError

ORDERS = 6
"""Coefficients of the linearity polynomial, as the challenge gives them."""

CHUNK = 1024
"""Pairs worked on at a time: what fits into a core's first cache."""


class NumbaCalibration:
    """The detector calibration `numba`: as `numpy`, compiled."""

    def __init__(self, options: CalibrationOptions) -> None:
        self._options = options

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        """Calibrate both instruments of one visit; errors as of `numpy`."""
        return calibrate(observation, self._options, NUMBA)


def reduce(raw: RawInstrument, columns: slice, options: InstrumentOptions, pairs: int) -> Ramps:
    """Counts of a block of columns to electrons per pair."""
    counts = np.ascontiguousarray(raw.frames.read(columns))
    frames, shape = raw.calibration, counts.shape[:2]
    coefficients = _six_orders(raw, columns, linear=not options.linearity)
    response = np.ones(shape)
    if options.flat:
        given = frames.flat[:, columns]
        response = np.where(responds(given), given, 1.0)
    dark = frames.dark[:, columns] if options.dark else np.zeros(shape)
    single = np.float32
    signal, mean, hits, saturated = ramp_signal(
        counts,
        pairs,
        single(1 / raw.adc.gain),
        single(raw.adc.offset),
        coefficients,
        dark.astype(single),
        (1 / response).astype(single),
        np.diff(raw.integration_time[: 2 * pairs])[::2].astype(single),
        np.where(frames.dead[:, columns], 0.0, options.cosmic_rays * TO_SIGMA),
    )
    return Ramps(signal, mean, hits, int(saturated))


def _six_orders(raw: RawInstrument, columns: slice, *, linear: bool) -> npt.NDArray[np.float32]:
    """The correction polynomial ``[row, column, 6]``; the identity if `linear`."""
    given = raw.calibration.linear_corr[:, :, columns]
    if len(given) > ORDERS:
        raise DataError(
            f"linear_corr has {len(given)} coefficients, the compiled calibration takes {ORDERS}",
            where=str(raw.instrument),
            hint="use the detector calibration 'numpy', which takes any number",
        )
    coefficients = np.zeros((*given.shape[1:], ORDERS), np.float32)
    if linear:
        coefficients[..., 1] = 1.0
    else:
        coefficients[..., : len(given)] = np.moveaxis(given, 0, -1)
    return coefficients


def sums(signal: npt.NDArray[Any], weights: F8, core: Bool, first: int) -> tuple[F8, F8]:
    """As `calibration.sums`."""
    found: tuple[F8, F8] = weighted_sums(signal, np.ascontiguousarray(weights), core.copy(), first)
    return found


NUMBA = Backend(reduce, sums, block_samples=72_000_000)


@numba.njit(parallel=True, cache=True, nogil=True)
def ramp_signal(counts, pairs, scale, offset, coefficients, dark, gain, elapsed, threshold):  # type: ignore[no-untyped-def]
    """Electrons per pair, their mean, cosmic rays per pair, and how many samples are saturated.

    Parameters
    ----------
    counts
        ``[row, column, frame]`` uint16.
    pairs
        How many of its pairs count.
    scale, offset
        Electrons per count, and at no count.
    coefficients
        ``[row, column, 6]`` float32, lowest order first.
    dark, gain
        ``[row, column]`` float32: electron/s, and one over the flat.
    elapsed
        ``[pair]`` float32: seconds between the two reads.
    threshold
        ``[row, column]``: a hit's height in mean absolute differences; zero leaves a pixel alone.
    """
    rows, columns = counts.shape[:2]
    signal = np.empty((rows, columns, pairs), np.float32)
    mean = np.empty((rows, columns))
    hits = np.zeros((rows, pairs), np.int32)
    saturated = np.zeros(rows, np.int64)
    for row in numba.prange(rows):
        for column in range(columns):
            pixel = signal[row, column]
            reads = counts[row, column, : 2 * pairs]
            saturated[row] += _saturated(reads)
            _electrons(reads, scale, offset, coefficients[row, column], pixel)
            _dark_and_flat(pixel, elapsed, dark[row, column], gain[row, column])
            if threshold[row, column] > 0.0 and pairs > 2:
                limit = np.float32(threshold[row, column] * _mean_difference(pixel))
                if limit > 0.0 and _exceed(pixel, limit):
                    _repair(pixel, limit, hits[row])
            mean[row, column] = _mean(pixel)
    return signal, mean, hits.sum(0), saturated.sum()


@numba.njit(cache=True, nogil=True)
def _electrons(counts, scale, offset, polynomial, pixel):  # type: ignore[no-untyped-def]
    """Difference of a pixel's true electrons over each ramp, into `pixel`.

    The polynomial is written out, because a loop over its orders costs four times as much; its
    constant term drops out of the difference.
    """
    c1, c2, c3, c4, c5 = polynomial[1], polynomial[2], polynomial[3], polynomial[4], polynomial[5]
    for k in range(pixel.size):
        x = np.float32(counts[2 * k]) * scale + offset
        y = np.float32(counts[2 * k + 1]) * scale + offset
        before = ((((c5 * x + c4) * x + c3) * x + c2) * x + c1) * x
        after = ((((c5 * y + c4) * y + c3) * y + c2) * y + c1) * y
        pixel[k] = after - before


@numba.njit(cache=True, nogil=True)
def _saturated(counts):  # type: ignore[no-untyped-def]
    found = 0
    for k in range(counts.size):
        found += counts[k] == FULL_SCALE
    return found


@numba.njit(cache=True, nogil=True)
def _dark_and_flat(pixel, elapsed, dark, gain):  # type: ignore[no-untyped-def]
    for k in range(pixel.size):
        pixel[k] = (pixel[k] - dark * elapsed[k]) * gain


@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})
def _mean(pixel):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(pixel.size):
        total += np.float64(pixel[k])
    return total / pixel.size


@numba.njit(cache=True, nogil=True, fastmath={"reassoc"})
def _mean_difference(pixel):  # type: ignore[no-untyped-def]
    total = 0.0
    for k in range(pixel.size - 1):
        total += np.float64(abs(pixel[k + 1] - pixel[k]))
    return total / (pixel.size - 1)


@numba.njit(cache=True, nogil=True)
def _exceed(pixel, limit):  # type: ignore[no-untyped-def]
    """Whether any sample exceeds its neighbours: the quick look that nearly always says no."""
    found = pixel[0] - max(pixel[1], pixel[2]) > limit
    found |= pixel[-1] - max(pixel[-2], pixel[-3]) > limit
    above = 0
    for k in range(1, pixel.size - 1):
        above += pixel[k] - max(pixel[k - 1], pixel[k + 1]) > limit
    return found or above > 0


@numba.njit(cache=True, nogil=True)
def _repair(pixel, limit, hits):  # type: ignore[no-untyped-def]
    """As `cosmic.find` and `cosmic.undo`."""
    given = pixel.copy()
    last = pixel.size - 1
    for k in range(pixel.size):
        before = given[2] if k == 0 else given[k - 1]
        after = given[last - 2] if k == last else given[k + 1]
        if given[k] - max(before, after) > limit:
            pixel[k] = (before + after) / np.float32(2)
            hits[k] += 1


@numba.njit(parallel=True, cache=True, nogil=True)
def weighted_sums(signal, weights, core, first):  # type: ignore[no-untyped-def]
    """As `calibration.sums`: summed in double precision."""
    rows, columns, pairs = signal.shape
    flux = np.zeros((columns, pairs))
    moments = np.zeros((3, pairs))
    for chunk in numba.prange((pairs + CHUNK - 1) // CHUNK):
        span = slice(chunk * CHUNK, min(pairs, (chunk + 1) * CHUNK))
        light, along, across = moments[0, span], moments[1, span], moments[2, span]
        for column in range(columns):
            total = flux[column, span]
            for row in range(rows):
                weight, part = weights[row, column], signal[row, column, span]
                if weight != 0.0:
                    for k in range(part.size):
                        total[k] += weight * part[k]
                if core[row, column]:
                    for k in range(part.size):
                        light[k] += part[k]
                        along[k] += row * part[k]
                        across[k] += (first + column) * part[k]
    return flux, moments
