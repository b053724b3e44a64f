"""A visit from frames to light curves: which pixels count, how much, and what they add up to.

The counts are passed over once. How pixels are weighted is decided by a first look at a sample of
the ramps; whatever the weights, the flux is unbiased, since they are normalised by the mean image
of all ramps, which comes out of the same pass.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import background, extraction, flat, jitter, noise, pixels, response
from spectramind_calib.detector.background import Background
from spectramind_calib.detector.curve import light_curve
from spectramind_calib.detector.extracted import Extracted
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.detector.work import Backend, Sums, Weighing
from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import LightCurve, LightCurves, Observation, RawInstrument
from spectramind_core.errors import DataError

Counts = TypeVar("Counts")

CORE = 0.01
"""Share of its column's brightest pixel from which a pixel tells where the image is."""

SAMPLE_BLOCKS, SAMPLE_PAIRS = 8, 32
"""The first look: so many stretches, spread over the visit, of so many neighbouring ramps."""

SATURATED = 0.01
"""Share of saturated ramps from which a pixel is left out altogether."""


def calibrate(
    observation: Observation, options: CalibrationOptions, backend: Backend[Counts]
) -> LightCurves:
    """One visit's light curves; `backend` does the work on samples.

    While one instrument is worked on, the other's file is decoded.
    """
    chosen = {
        name: (raw, option)
        for name, raw, option in (
            ("airs", observation.airs, options.airs),
            ("fgs1", observation.fgs1, options.fgs1),
        )
        if raw is not None
    }
    visit = f"planet {observation.planet_id} visit {observation.visit}"
    frames = {
        name: _frames(raw, option, f"{visit} {raw.instrument}")
        for name, (raw, option) in chosen.items()
    }
    curves = {}
    with ThreadPoolExecutor(1) as reader:
        loaded = {
            name: reader.submit(backend.load, raw, used_columns(raw), frames[name])
            for name, (raw, _) in chosen.items()
        }
        try:
            for name, (raw, option) in chosen.items():
                where = f"{visit} {raw.instrument}"
                counts = loaded.pop(name).result()
                curves[name] = _calibrate(raw, counts, frames[name], option, backend, where)
                del counts
        finally:
            reader.shutdown(wait=False, cancel_futures=True)
    return LightCurves(
        planet_id=observation.planet_id,
        visit=observation.visit,
        system=observation.system,
        **curves,
    )


def _frames(raw: RawInstrument, options: InstrumentOptions, where: str) -> slice:
    """The frames that count. Raises DataError if those are no two ramps."""
    total = raw.frames.shape[0]
    frames = slice(2 * options.drop_first, 2 * (total // 2 - options.drop_last))
    if frames.stop - frames.start < 4:
        raise DataError(
            f"{total} frames are too few",
            where=where,
            hint="a ramp is two frames; at least two are needed after drop_first and drop_last",
        )
    return frames


def _calibrate(
    raw: RawInstrument,
    counts: Counts,
    frames: slice,
    options: InstrumentOptions,
    backend: Backend[Counts],
    where: str,
) -> LightCurve:
    """One instrument's light curve. Raises DataError, which begins with `where`."""
    used, seconds = used_columns(raw), raw.integration_time[frames]
    usable, hot = usable_pixels(raw, options)
    _check(usable[:, used], where, "check the files dead.parquet and flat.parquet")
    weighing, full = _look(raw, counts, seconds, options, backend, usable[:, used])
    _check(weighing.usable, where, f"{full} pixels saturate and are left out")
    found = backend.sums(raw, counts, used, seconds, options, weighing)
    if not np.all(np.isfinite(found.mean[weighing.usable])):
        raise DataError(
            "the calibrated frames hold values that are not finite",
            where=where,
            hint="check the calibration files for NaN: dark, flat, linear_corr",
        )
    extracted = _extract(raw, options, found, weighing)
    return light_curve(
        raw,
        options,
        frames,
        extracted,
        {
            "dead": int(raw.calibration.dead.sum()),
            "hot": int(hot.sum()),
            "unusable": int((~usable).sum()),
            "saturated": int(found.saturated.sum()),
            "saturated_pixels": full,
        },
    )


def _check(usable: Bool, where: str, hint: str) -> None:
    """Refuse a row without any usable pixel: nothing says how much light it should hold."""
    if not usable.any():
        raise DataError("no pixel is usable", where=where, hint=hint)
    empty = np.flatnonzero(~usable.any(1))
    if empty.size:
        raise DataError(
            f"no pixel of detector row {empty[0]} is usable ({empty.size} such rows)",
            where=where,
            hint=hint,
        )


def usable_pixels(raw: RawInstrument, options: InstrumentOptions) -> tuple[Bool, Bool]:
    """Pixels that are summed, and hot pixels, both ``[row, column]``."""
    frames = raw.calibration
    hot = pixels.hot(frames.dark, frames.dead)
    usable = ~frames.dead
    if options.flat:
        usable &= flat.responds(frames.flat)
    if options.mask_hot:
        usable &= ~hot
    return usable, hot


def used_columns(raw: RawInstrument) -> slice:
    """The detector columns that spectral bins need; all of the photometer's."""
    if raw.bin_columns is None:
        return slice(0, raw.frames.shape[2])
    return slice(int(raw.bin_columns.min()), int(raw.bin_columns.max()) + 1)


def sampled_pairs(pairs: int) -> npt.NDArray[np.int64]:
    """The ramps of the first look: all of a short visit."""
    if pairs <= SAMPLE_BLOCKS * SAMPLE_PAIRS:
        return np.arange(pairs)
    starts = np.linspace(0, pairs - SAMPLE_PAIRS, SAMPLE_BLOCKS).astype(np.int64)
    return (starts[:, None] + np.arange(SAMPLE_PAIRS)).ravel()


def _look(
    raw: RawInstrument,
    counts: Counts,
    seconds: F8,
    options: InstrumentOptions,
    backend: Backend[Counts],
    usable: Bool,
) -> tuple[Weighing, int]:
    """How to sum the pixels, and how many are left out since they saturate."""
    pairs = sampled_pairs(seconds.size // 2)
    nothing = Weighing(usable, np.zeros(usable.shape), np.zeros(usable.shape, bool))
    found = backend.sums(
        raw,
        backend.sample(counts, pairs),
        used_columns(raw),
        np.stack([seconds[0::2][pairs], seconds[1::2][pairs]], axis=1).ravel(),
        options,
        nothing,
    )
    full = usable & (found.saturated > SATURATED * pairs.size)
    usable = usable & ~full
    share, spread, _ = _image(raw, options, found.mean, usable)
    good = usable.reshape(share.shape)
    if options.extraction == "optimal":
        weights = extraction.optimal_weights(share, good, spread)
    else:
        weights = extraction.sum_weights(share, good)
    core = good & (share > CORE * share.max(0))
    return Weighing(usable, weights.reshape(usable.shape), core.reshape(usable.shape)), int(
        full.sum()
    )


def _image(
    raw: RawInstrument, options: InstrumentOptions, mean: F8, usable: Bool
) -> tuple[F8, F8, Background]:
    """Share of its column's light and variance of each pixel, and the background.

    Both images are ``[row, column]``; the photometer's pixels make up one column.
    """
    stray = _background(raw, options, mean, usable)
    shape = (-1, 1) if raw.bin_columns is None else mean.shape
    share = extraction.profile((mean - stray.level).reshape(shape), usable.reshape(shape))
    frames, used = raw.calibration, used_columns(raw)
    seconds = float(np.median(np.diff(raw.integration_time)[::2]))
    spread = noise.pixel_variance(
        mean,
        frames.read[:, used],
        frames.dark[:, used] * seconds if options.dark else np.zeros(mean.shape),
        np.where(usable, frames.flat[:, used], 1.0) if options.flat else np.ones(mean.shape),
        raw.adc.gain,
    )
    return share, spread.reshape(shape), stray


def _background(
    raw: RawInstrument, options: InstrumentOptions, mean: F8, usable: Bool
) -> Background:
    if not options.background:
        return Background()
    if raw.bin_columns is None:
        return background.fit_photometer(mean, usable, options.background_share)
    return background.fit_spectral(mean, usable, min(options.background_rows, mean.shape[0] // 4))


def _extract(
    raw: RawInstrument, options: InstrumentOptions, found: Sums, weighing: Weighing
) -> Extracted:
    """Fluxes whose weights are normalised by the mean image of all ramps."""
    share, spread, stray = _image(raw, options, found.mean, weighing.usable)
    weights = weighing.weights.reshape(share.shape)
    scale = extraction.normalisation(weights, share)
    weights = weights * scale
    photometer, bins = raw.bin_columns is None, _bins(raw)
    image = found.mean.reshape(share.shape)
    level, lost = stray.level * weights.sum(0), found.lost
    follows = None
    if photometer:
        flux = found.flux.sum(0, dtype=float)[None] * scale[:, None]
        lost = np.any(lost, axis=0, keepdims=True)
    else:
        flux = np.multiply(found.flux[bins], scale[bins, None], dtype=float)
        light = (weights * image).sum(0) - level
        follows = response.expected(weights, share, light, image, weighing.core)[:, bins]
    flux -= level[bins, None]
    return Extracted(
        flux=flux,
        light=flux.mean(axis=-1),
        lost=lost[bins],
        variance=extraction.variance(weights, spread)[bins],
        weights=weights[:, bins],
        share=share[:, bins],
        follows=follows,
        background=stray,
        image=image[:, bins],
        movement=jitter.centroids(found.moments),
        width=jitter.widths(found.moments, raw.frames.shape[1:]),
        cosmic_rays=found.cosmic_rays.astype(float),
    )


def _bins(raw: RawInstrument) -> slice | npt.NDArray[np.int64]:
    """The columns of the spectral bins, in their order, among those used; one of the photometer's.

    A slice where it can be: the bins of a detector lie side by side, and need no copy.
    """
    if raw.bin_columns is None:
        return slice(0, 1)
    columns = raw.bin_columns - int(raw.bin_columns.min())
    for step in (1, -1):
        if np.all(np.diff(columns) == step):
            return slice(None, None, step)
    return columns
