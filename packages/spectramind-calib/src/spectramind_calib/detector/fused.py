"""The work on every sample, compiled: counts to weighted sums in one pass.

Equal to `calibration.sums` to single precision. `kernels` works on the counts where they were
decoded to: no frame is copied, and no corrected frame is kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import flat
from spectramind_calib.detector.cosmic import TO_SIGMA
from spectramind_calib.detector.kernels import gather, weighted_sums
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.detector.parquet import ParquetFrames
from spectramind_calib.detector.pointers import address_of
from spectramind_calib.detector.visit import calibrate
from spectramind_calib.detector.work import Backend, Sums, Weighing, middle
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, Observation, RawInstrument
from spectramind_core.errors import DataError

ORDERS = 6
"""Coefficients of the linearity polynomial, as the challenge gives them."""


class NumbaCalibration:
    """The detector calibration `numba`: as `numpy`, compiled."""

    def __init__(self, options: CalibrationOptions) -> None:
        self._options = options

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        """Calibrate both instruments of one visit; errors as of `numpy`."""
        return calibrate(observation, self._options, NUMBA)


@dataclass(frozen=True)
class Pixels:
    """Where the counts of each pixel lie, one after the other in time."""

    addresses: npt.NDArray[np.int64]
    """``[row, column]``."""
    like: npt.NDArray[Any]
    """Some of the counts: tells their type."""
    pairs: int
    owner: object
    """What the memory belongs to."""


def load(raw: RawInstrument, columns: slice, frames: slice) -> Pixels:
    """Addresses of the counts of a range of columns and frames."""
    pairs = (frames.stop - frames.start) // 2
    if isinstance(raw.frames, ParquetFrames):
        pixels = raw.frames.pixels(columns)
        addresses = np.array([address_of(pixel) for pixel in pixels], np.int64)
        addresses = addresses.reshape(raw.frames.shape[1], -1)
        start = pixels[0].itemsize * frames.start
        return Pixels(addresses + start, pixels[0][:0], pairs, pixels)
    return _pixels(np.ascontiguousarray(raw.frames.read(columns)[..., frames]))


def _pixels(counts: npt.NDArray[Any]) -> Pixels:
    rows, columns, frames = counts.shape
    offsets = np.arange(rows * columns).reshape(rows, columns) * counts.strides[1]
    return Pixels(address_of(counts) + offsets, counts[0, 0, :0], frames // 2, counts)


def sample(counts: Pixels, pairs: npt.NDArray[np.int64]) -> Pixels:
    """Some of the pairs."""
    return _pixels(gather(counts.addresses, counts.like, counts.pairs, pairs))


def sums(
    raw: RawInstrument,
    counts: Pixels,
    columns: slice,
    seconds: F8,
    options: InstrumentOptions,
    weighing: Weighing,
) -> Sums:
    """As `calibration.sums`."""
    frames, single = raw.calibration, np.float32
    response = frames.flat[:, columns] if options.flat else np.ones(weighing.usable.shape)
    dark = frames.dark[:, columns] if options.dark else np.zeros(weighing.usable.shape)
    flux, moments, mean, hits, saturated, lost = weighted_sums(
        counts.addresses,
        counts.like,
        counts.pairs,
        columns.start,
        (middle(raw.frames.shape[1]), middle(raw.frames.shape[2])),
        single(1 / raw.adc.gain),
        single(raw.adc.offset),
        _six_orders(raw, columns, linear=not options.linearity),
        dark.astype(single),
        (1 / np.where(flat.responds(response), response, 1.0)).astype(single),
        np.diff(seconds)[::2].astype(single),
        options.cosmic_rays * TO_SIGMA,
        weighing.usable,
        weighing.weights.astype(single),
        weighing.core,
    )
    return Sums(flux, moments.sum(0), mean, hits.sum(0), saturated, lost)


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


NUMBA = Backend(load, sample, sums)
