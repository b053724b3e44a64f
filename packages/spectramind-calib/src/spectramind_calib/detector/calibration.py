"""Detector calibration in plain numpy: each correction in turn, the reference for faster code.

The order is the hosts': converter, linearity, dark, correlated double sampling, flat; then cosmic
rays, background, extraction, jitter and time bins. Frames are worked on in blocks of detector
columns, so that intermediate results stay small; only the electrons per pair are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import (
    adc,
    background,
    binning,
    cosmic,
    dark,
    extraction,
    flat,
    jitter,
    linearity,
    pixels,
    ramps,
)
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context
from spectramind_core.contracts import (
    LightCurve,
    LightCurves,
    Observation,
    RawInstrument,
    Step,
)
from spectramind_core.errors import DataError

BLOCK_SAMPLES = 8_000_000
"""Samples of a block of columns: 64 MB in double precision."""

Reduce = Callable[[RawInstrument, slice, InstrumentOptions], "Ramps"]
"""Counts of a block of columns to its ramps."""


@dataclass(frozen=True)
class Ramps:
    """Electrons per pair of a block of detector columns."""

    signal: F8
    """``[row, column, pair]``."""
    cosmic_rays: npt.NDArray[np.int64]
    """Samples repaired, ``[pair]``."""
    saturated: int
    """Samples at the converter's limit."""


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
        return calibrate(observation, self._options, reduce)


def calibrate(observation: Observation, options: CalibrationOptions, reduce: Reduce) -> LightCurves:
    """One visit's light curves; `reduce` does the work on pixels."""
    curves = {}
    for name, raw, chosen in (
        ("fgs1", observation.fgs1, options.fgs1),
        ("airs", observation.airs, options.airs),
    ):
        if raw is not None:
            where = f"planet {observation.planet_id} visit {observation.visit} {raw.instrument}"
            curves[name] = calibrate_instrument(raw, chosen, reduce, where)
    return LightCurves(
        planet_id=observation.planet_id,
        visit=observation.visit,
        system=observation.system,
        **curves,
    )


def calibrate_instrument(
    raw: RawInstrument, options: InstrumentOptions, reduce: Reduce, where: str
) -> LightCurve:
    """One instrument's light curve. Raises DataError, which begins with `where`."""
    pairs = raw.frames.shape[0] // 2 - options.drop_last
    if pairs < 2:
        raise DataError(
            f"{raw.frames.shape[0]} frames are too few",
            where=where,
            hint="a ramp is two frames; at least two ramps are needed after drop_last",
        )
    usable, hot = usable_pixels(raw, options)
    if not usable.any():
        raise DataError(
            "no pixel is usable", where=where, hint="check the files dead.parquet and flat.parquet"
        )
    _check_rows(usable, where)
    extracted = _extract(raw, options, reduce, usable, pairs, where)
    return _light_curve(raw, options, extracted, usable, hot, pairs)


def _check_rows(usable: Bool, where: str) -> None:
    """Refuse a row without any usable pixel: nothing says how much light it should hold."""
    empty = np.flatnonzero(~usable.any(1))
    if empty.size:
        raise DataError(
            f"no pixel of detector row {empty[0]} is usable ({empty.size} such rows)",
            where=where,
            hint="check the files dead.parquet and flat.parquet",
        )


def usable_pixels(raw: RawInstrument, options: InstrumentOptions) -> tuple[Bool, Bool]:
    """Pixels that are summed, and hot pixels, both ``[row, column]``."""
    frames = raw.calibration
    hot = pixels.hot(frames.dark, frames.dead)
    usable = ~frames.dead
    if options.flat:
        usable &= responds(frames.flat)
    if options.mask_hot:
        usable &= ~hot
    return usable, hot


def reduce(raw: RawInstrument, columns: slice, options: InstrumentOptions) -> Ramps:
    """Counts of a block of columns to electrons per pair: the corrections in their order."""
    counts = raw.frames.read(columns)
    counts = counts[..., : counts.shape[-1] // 2 * 2]
    frames = raw.calibration
    electrons = adc.undo(counts, raw.adc.gain, raw.adc.offset)
    if options.linearity:
        electrons = linearity.undo(electrons, frames.linear_corr[:, :, columns])
    if options.dark:
        times = raw.integration_time[: counts.shape[-1]]
        electrons = dark.undo(electrons, frames.dark[:, columns], times)
    signal = ramps.undo(electrons)
    if options.flat:
        response = frames.flat[:, columns]
        signal = flat.undo(signal, np.where(responds(response), response, 0.0))
    saturated = int(np.count_nonzero(counts == adc.FULL_SCALE))
    return repaired(signal, frames.dead[:, columns], saturated, options)


def responds(response: F8) -> Bool:
    """Pixels whose flat can be divided by, ``[row, column]``."""
    result: Bool = np.isfinite(response) & (response > 0)
    return result


def repaired(signal: F8, dead: Bool, saturated: int, options: InstrumentOptions) -> Ramps:
    """Ramps without cosmic rays. Shapes as in `Ramps`."""
    hits = np.zeros(signal.shape[-1], int)
    if options.cosmic_rays:
        found = cosmic.find(signal, options.cosmic_rays) & ~dead[..., None]
        if found.any():
            signal = cosmic.undo(signal, found)
            hits = found.sum(axis=(0, 1))
    return Ramps(signal, hits, saturated)


@dataclass(frozen=True)
class Extracted:
    """Flux of every detector column, and what was learnt on the way."""

    flux: F8
    """``[column, pair]``; one column for the photometer."""
    variance: F8
    """``[column]`` of one pair."""
    background: float
    movement: F8
    """``[vector, pair]``: centroids along rows and, for the photometer, columns."""
    cosmic_rays: F8
    """``[pair]``."""
    saturated: int


def _extract(
    raw: RawInstrument,
    options: InstrumentOptions,
    reduce: Reduce,
    usable: Bool,
    pairs: int,
    where: str,
) -> Extracted:
    """Two passes over the frames: mean image first, then the weighted sums it decides."""
    blocks = [(c, reduce(raw, c, options)) for c in _blocks(raw)]
    mean = np.concatenate([ramps.signal[..., :pairs].mean(-1) for _, ramps in blocks], axis=1)
    if not np.all(np.isfinite(mean[usable])):
        raise DataError(
            "the calibrated frames hold values that are not finite",
            where=where,
            hint="check the calibration files for NaN: dark, flat, linear_corr",
        )
    level = _background(raw, options, mean, usable)
    photometer = raw.bin_columns is None
    shape = (-1, 1) if photometer else mean.shape
    share = extraction.profile((mean - level).reshape(shape), usable.reshape(shape))
    noise = extraction.pixel_variance(mean, raw.calibration.read).reshape(shape)
    weights = (
        extraction.optimal_weights(share, usable.reshape(shape), noise)
        if options.extraction == "optimal"
        else extraction.sum_weights(share, usable.reshape(shape))
    )
    image = weights.reshape(mean.shape)
    flux, movement = _sums(blocks, image, usable, pairs, photometer=photometer)
    flux -= level * (weights.sum(0)[:, None])
    hits = np.sum([ramps.cosmic_rays[:pairs] for _, ramps in blocks], axis=0).astype(float)
    return Extracted(
        flux=flux,
        variance=extraction.variance(weights, noise),
        background=level,
        movement=movement,
        cosmic_rays=hits,
        saturated=sum(ramps.saturated for _, ramps in blocks),
    )


def _blocks(raw: RawInstrument) -> Iterator[slice]:
    """Blocks of columns small enough to work on."""
    frames, rows, columns = raw.frames.shape
    width = max(1, BLOCK_SAMPLES // (frames * rows))
    for first in range(0, columns, width):
        yield slice(first, min(first + width, columns))


def _background(raw: RawInstrument, options: InstrumentOptions, mean: F8, usable: Bool) -> float:
    if not options.background:
        return 0.0
    if raw.bin_columns is None:
        return background.fit_photometer(mean, usable, options.background_rows)
    return background.fit_spectral(mean, usable, min(options.background_rows, mean.shape[0] // 4))


def _sums(
    blocks: list[tuple[slice, Ramps]], weights: F8, usable: Bool, pairs: int, *, photometer: bool
) -> tuple[F8, F8]:
    """Weighted sums ``[column, pair]`` and the image's movement ``[vector, pair]``."""
    flux, by_row, by_column = [], [], []
    for columns, ramps_ in blocks:
        signal = ramps_.signal[..., :pairs]
        flux.append(extraction.extract(signal, weights[:, columns]))
        light = np.where(usable[:, columns, None], signal, 0.0)
        by_row.append(light.sum(1))
        by_column.append(light.sum(0))
    vertical = jitter.centroid(np.sum(by_row, axis=0))
    if not photometer:
        return np.concatenate(flux), vertical[None]
    horizontal = jitter.centroid(np.concatenate(by_column))
    whole = np.sum([block.sum(0) for block in flux], axis=0)
    return whole[None], np.stack([vertical, horizontal])


def _light_curve(
    raw: RawInstrument,
    options: InstrumentOptions,
    extracted: Extracted,
    usable: Bool,
    hot: Bool,
    pairs: int,
) -> LightCurve:
    """Bins of time and wavelength from columns and pairs."""
    columns = np.array([0]) if raw.bin_columns is None else raw.bin_columns
    flux = extracted.flux[columns]
    per_bin = binning.pairs_per_bin(pairs, options.time_bins)
    if options.jitter:
        flux = jitter.decorrelate(flux, extracted.movement, window=max(9, per_bin))
    starts = binning.edges(pairs, per_bin)
    binned = binning.mean(flux, starts).T
    variance = extracted.variance[columns] / binning.sizes(pairs, starts)[:, None]
    valid = np.broadcast_to(extracted.variance[columns] > 0, binned.shape)
    time = ramps.mid_exposure(raw.time, raw.integration_time)[:pairs]
    names = ("centroid_row", "centroid_column")
    return LightCurve(
        instrument=raw.instrument,
        time=binning.mean(time, starts),
        flux=binned,
        variance=np.where(valid, variance, 0.0),
        valid=valid,
        wavelength=raw.bin_wavelength,
        housekeeping={
            **{
                name: binning.mean(vector, starts)
                for name, vector in zip(names, extracted.movement, strict=False)
            },
            "background": np.full(len(starts), extracted.background),
            "cosmic_rays": binning.mean(extracted.cosmic_rays, starts)
            * binning.sizes(pairs, starts),
        },
        counts={
            "dead": int(raw.calibration.dead.sum()),
            "hot": int(hot.sum()),
            "unusable": int((~usable).sum()),
            "cosmic_rays": int(extracted.cosmic_rays.sum()),
            "saturated": extracted.saturated,
        },
        steps=(Step(name="calibrate", options=options.model_dump(mode="json")),),
    )
