"""Detector calibration in plain numpy: each correction in turn, the reference for faster code.

The order is the hosts': converter, linearity, dark, correlated double sampling, flat; then cosmic
rays, background, extraction, jitter and time bins. Frames are worked on in blocks of detector
columns, so that intermediate results stay small; only the electrons per pair are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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
    noise,
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

CORE = 0.01
"""Share of its column's brightest pixel from which a pixel tells where the image is."""

Reduce = Callable[[RawInstrument, slice, InstrumentOptions, int], "Ramps"]
"""Counts of a block of columns, of so many pairs, to its ramps."""

Sums = Callable[[npt.NDArray[Any], F8, Bool, int], tuple[F8, F8]]
"""Ramps of a block to fluxes and moments; see `sums`."""


@dataclass(frozen=True)
class Backend:
    """What touches every sample, and so is worth having in two versions."""

    reduce: Reduce
    sums: Sums
    block_samples: int
    """Samples read at a time."""


@dataclass(frozen=True)
class Ramps:
    """Electrons per pair of a block of detector columns."""

    signal: npt.NDArray[Any]
    """``[row, column, pair]``."""
    mean: F8
    """``[row, column]``."""
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
        return calibrate(observation, self._options, NUMPY)


def calibrate(
    observation: Observation, options: CalibrationOptions, backend: Backend
) -> LightCurves:
    """One visit's light curves; `backend` does the work on pixels."""
    curves = {}
    for name, raw, chosen in (
        ("fgs1", observation.fgs1, options.fgs1),
        ("airs", observation.airs, options.airs),
    ):
        if raw is not None:
            where = f"planet {observation.planet_id} visit {observation.visit} {raw.instrument}"
            curves[name] = calibrate_instrument(raw, chosen, backend, where)
    return LightCurves(
        planet_id=observation.planet_id,
        visit=observation.visit,
        system=observation.system,
        **curves,
    )


def calibrate_instrument(
    raw: RawInstrument, options: InstrumentOptions, backend: Backend, where: str
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
    _check_rows(usable[:, used_columns(raw)], where)
    extracted = _extract(raw, options, backend, usable, pairs, where)
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


def reduce(raw: RawInstrument, columns: slice, options: InstrumentOptions, pairs: int) -> Ramps:
    """Counts of a block of columns to electrons per pair: the corrections in their order."""
    counts = raw.frames.read(columns)[..., : 2 * pairs]
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
    hits = np.zeros(pairs, int)
    if options.cosmic_rays:
        found = cosmic.find(signal, options.cosmic_rays) & ~frames.dead[:, columns, None]
        signal = cosmic.undo(signal, found) if found.any() else signal
        hits = found.sum(axis=(0, 1))
    saturated = int(np.count_nonzero(counts == adc.FULL_SCALE))
    return Ramps(signal, signal.mean(-1), hits, saturated)


def responds(response: F8) -> Bool:
    """Pixels whose flat can be divided by, ``[row, column]``."""
    result: Bool = np.isfinite(response) & (response > 0)
    return result


def sums(signal: npt.NDArray[Any], weights: F8, core: Bool, first: int) -> tuple[F8, F8]:
    """Weighted sums over rows, and what tells where the image is.

    Parameters
    ----------
    signal
        ``[row, column, pair]`` electrons.
    weights
        ``[row, column]``.
    core
        ``[row, column]``: pixels that hold the star's light.
    first
        Number of the first of these columns on the detector.

    Returns
    -------
    ``[column, pair]`` flux, and ``[3, pair]``: light of the core, and it times row and column.
    """
    light = signal[core]
    row, column = np.nonzero(core)
    moments = np.stack([light.sum(0), row @ light, (column + first) @ light])
    return extraction.extract(signal, weights), moments


NUMPY = Backend(reduce, sums, block_samples=8_000_000)


@dataclass(frozen=True)
class Extracted:
    """Flux of every detector column, and what was learnt on the way."""

    flux: F8
    """``[column, pair]``; one column for the photometer."""
    variance: F8
    """``[column]`` of one pair."""
    background: float
    movement: F8
    """``[2, pair]``: centroids along rows and columns, pixels."""
    cosmic_rays: F8
    """``[pair]``."""
    saturated: int


def _extract(
    raw: RawInstrument,
    options: InstrumentOptions,
    backend: Backend,
    usable: Bool,
    pairs: int,
    where: str,
) -> Extracted:
    """The frames are read once; the mean image then decides the weights of the sums."""
    used = used_columns(raw)
    usable = usable[:, used]
    slices = list(_blocks(raw, backend.block_samples))
    blocks = [backend.reduce(raw, columns, options, pairs) for columns in slices]
    mean = np.concatenate([block.mean for block in blocks], axis=1)
    if not np.all(np.isfinite(mean[usable])):
        raise DataError(
            "the calibrated frames hold values that are not finite",
            where=where,
            hint="check the calibration files for NaN: dark, flat, linear_corr",
        )
    level = _background(raw, options, mean, usable)
    shape = (-1, 1) if raw.bin_columns is None else mean.shape
    good = usable.reshape(shape)
    share = extraction.profile((mean - level).reshape(shape), good)
    spread = extraction.pixel_variance(mean, raw.calibration.read[:, used]).reshape(shape)
    weigh = extraction.optimal_weights if options.extraction == "optimal" else _plain_weights
    weights = weigh(share, good, spread)
    core = (good & (share > CORE * share.max(0))).reshape(mean.shape)
    flux, moments = _sums(backend, slices, blocks, weights.reshape(mean.shape), core)
    return Extracted(
        flux=(flux.sum(0)[None] if raw.bin_columns is None else flux)
        - level * weights.sum(0)[:, None],
        variance=extraction.variance(weights, spread),
        background=level,
        movement=jitter.centroids(moments),
        cosmic_rays=np.sum([block.cosmic_rays for block in blocks], axis=0).astype(float),
        saturated=sum(block.saturated for block in blocks),
    )


def _plain_weights(share: F8, usable: Bool, spread: F8) -> F8:
    return extraction.sum_weights(share, usable)


def used_columns(raw: RawInstrument) -> slice:
    """The detector columns that spectral bins need; all of the photometer's."""
    if raw.bin_columns is None:
        return slice(0, raw.frames.shape[2])
    return slice(int(raw.bin_columns.min()), int(raw.bin_columns.max()) + 1)


def _blocks(raw: RawInstrument, samples: int) -> Iterator[slice]:
    """The used columns in blocks small enough to work on, as equal as they can be."""
    frames, rows, _ = raw.frames.shape
    used = used_columns(raw)
    width = used.stop - used.start
    number = min(width, max(1, -(-width * frames * rows // samples)))
    edges = [used.start + width * i // number for i in range(number + 1)]
    yield from map(slice, edges[:-1], edges[1:])


def _background(raw: RawInstrument, options: InstrumentOptions, mean: F8, usable: Bool) -> float:
    if not options.background:
        return 0.0
    if raw.bin_columns is None:
        return background.fit_photometer(mean, usable, options.background_distance)
    return background.fit_spectral(mean, usable, min(options.background_rows, mean.shape[0] // 4))


def _sums(
    backend: Backend, slices: list[slice], blocks: list[Ramps], weights: F8, core: Bool
) -> tuple[F8, F8]:
    """`sums` over all blocks."""
    first = slices[0].start
    flux, moments = [], []
    for columns, block in zip(slices, blocks, strict=True):
        here = slice(columns.start - first, columns.stop - first)
        found = backend.sums(block.signal, weights[:, here], core[:, here], columns.start)
        flux.append(found[0])
        moments.append(found[1])
    return np.concatenate(flux), np.sum(moments, axis=0)


def _light_curve(
    raw: RawInstrument,
    options: InstrumentOptions,
    extracted: Extracted,
    usable: Bool,
    hot: Bool,
    pairs: int,
) -> LightCurve:
    """Bins of time and wavelength from columns and pairs."""
    columns = (
        np.array([0]) if raw.bin_columns is None else raw.bin_columns - used_columns(raw).start
    )
    flux = extracted.flux[columns]
    per_bin = binning.pairs_per_bin(pairs, options.time_bins)
    if options.jitter:
        # The spectrometer's image along its dispersion is the spectrum, which a transit changes.
        moves = extracted.movement if raw.bin_columns is None else extracted.movement[:1]
        flux = jitter.decorrelate(flux, moves, window=max(9, per_bin))
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
                for name, vector in zip(names, extracted.movement, strict=True)
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
        steps=(
            Step(name="calibrate", options=options.model_dump(mode="json")),
            Step(
                name="noise check",
                options={"scatter_over_stated": _scatter_ratio(flux, extracted.variance[columns])},
            ),
        ),
    )


def _scatter_ratio(flux: F8, variance: F8) -> float | None:
    """Median over bins of the scatter from pair to pair over the stated one; 1 if that is honest.

    None where there are too few pairs or no usable bin.
    """
    good = variance > 0
    if flux.shape[-1] < 3 or not good.any():
        return None
    return float(np.median(noise.scatter(flux[good]) / np.sqrt(variance[good])))
