"""Detector calibration in plain numpy: each correction in turn, the reference for faster code.

The order is the hosts': converter, linearity, dark, correlated double sampling, flat; then cosmic
rays and sums over pixels. Worked on in blocks of detector columns, so that intermediate results
stay small.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import adc, cosmic, dark, extraction, flat, linearity, ramps
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.detector.visit import calibrate
from spectramind_calib.detector.work import Backend, Sums, Weighing, middle
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import LightCurves, Observation, RawInstrument

BLOCK_SAMPLES = 8_000_000
"""Samples worked on at a time."""

Counts = npt.NDArray[np.uint16]


class NumpyCalibration:
    """The detector calibration `numpy`."""

    def __init__(self, options: CalibrationOptions) -> None:
        self._options = options

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        """Calibrate both instruments of one visit.

        Raises
        ------
        DataError
            If an instrument's frames cannot give a light curve; names planet, visit, instrument.
        """
        return calibrate(observation, self._options, NUMPY)


def load(raw: RawInstrument, columns: slice, frames: slice) -> Counts:
    """Counts ``[row, column, frame]``."""
    return raw.frames.read(columns)[..., frames]


def sample(counts: Counts, pairs: npt.NDArray[np.int64]) -> Counts:
    """Some of the pairs."""
    return counts[..., np.stack([2 * pairs, 2 * pairs + 1], axis=1).ravel()]


def sums(
    raw: RawInstrument,
    counts: Counts,
    columns: slice,
    seconds: F8,
    options: InstrumentOptions,
    weighing: Weighing,
) -> Sums:
    """Correct and sum; see `Sums`."""
    width = counts.shape[1]
    number = min(width, max(1, -(-counts.size // BLOCK_SAMPLES)))
    edges = [width * i // number for i in range(number + 1)]
    parts = []
    for block in map(slice, edges[:-1], edges[1:]):
        here = slice(columns.start + block.start, columns.start + block.stop)
        part = Weighing(
            weighing.usable[:, block], weighing.weights[:, block], weighing.core[:, block]
        )
        parts.append(_block(raw, counts[:, block], here, seconds, options, part))
    return Sums(
        flux=np.concatenate([part.flux for part in parts]),
        moments=np.sum([part.moments for part in parts], axis=0),
        mean=np.concatenate([part.mean for part in parts], axis=1),
        cosmic_rays=np.sum([part.cosmic_rays for part in parts], axis=0),
        saturated=np.concatenate([part.saturated for part in parts], axis=1),
        lost=np.concatenate([part.lost for part in parts]),
    )


def _block(
    raw: RawInstrument,
    counts: Counts,
    columns: slice,
    seconds: F8,
    options: InstrumentOptions,
    weighing: Weighing,
) -> Sums:
    usable = weighing.usable
    signal = _ramps(raw, counts, columns, seconds, options)
    signal = np.where(usable[..., None], signal, 0.0)
    full = (counts[..., 0::2] == adc.FULL_SCALE) | (counts[..., 1::2] == adc.FULL_SCALE)
    full &= usable[..., None]
    if full.any():
        # Neither the mean image nor the search for cosmic rays is to see what was cut off.
        kept = np.maximum((~full).sum(-1), 1)
        level = np.where(full, 0.0, signal).sum(-1) / kept
        signal = np.where(full, level[..., None], signal)
    hits = np.zeros(signal.shape[-1], int)
    if options.cosmic_rays:
        found = cosmic.find(signal, options.cosmic_rays)
        signal = cosmic.undo(signal, found) if found.any() else signal
        hits = found.sum(axis=(0, 1))
    light = signal[weighing.core]
    row, column = np.nonzero(weighing.core)
    column = column + columns.start
    _, rows, width = raw.frames.shape
    powers = [row**0, row, column, (row - middle(rows)) ** 2, (column - middle(width)) ** 2]
    return Sums(
        flux=extraction.extract(signal, weighing.weights),
        moments=np.stack(powers) @ light,
        mean=signal.mean(-1),
        cosmic_rays=hits,
        saturated=full.sum(-1),
        lost=np.any(full & (weighing.weights != 0)[..., None], axis=0),
    )


def _ramps(
    raw: RawInstrument, counts: Counts, columns: slice, seconds: F8, options: InstrumentOptions
) -> npt.NDArray[Any]:
    """Counts to electrons of each ramp, ``[row, column, pair]``: the corrections in their order."""
    frames = raw.calibration
    electrons = adc.undo(counts, raw.adc.gain, raw.adc.offset)
    if options.linearity:
        electrons = linearity.undo(electrons, frames.linear_corr[:, :, columns])
    if options.dark:
        electrons = dark.undo(electrons, frames.dark[:, columns], seconds)
    signal = ramps.undo(electrons)
    if options.flat:
        response = frames.flat[:, columns]
        signal = flat.undo(signal, np.where(flat.responds(response), response, 0.0))
    return signal


NUMPY = Backend(load, sample, sums)
