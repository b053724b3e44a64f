"""From fluxes of columns and ramps to a light curve: jitter, bins of time and wavelength, noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import binning, jitter, ramps, systematic
from spectramind_calib.detector.extracted import Extracted
from spectramind_calib.detector.noise import scatter
from spectramind_calib.detector.options import InstrumentOptions
from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import LightCurve, RawInstrument, Step

TELLING = 100_000
"""Samples, of all bins together, that tell whether the stated noise is honest."""


def light_curve(
    raw: RawInstrument,
    options: InstrumentOptions,
    frames: slice,
    extracted: Extracted,
    counts: dict[str, int],
) -> LightCurve:
    """Bins of time from pairs; `frames` are those that counted."""
    flux, lost, stated = extracted.flux, extracted.lost, extracted.variance
    pairs = flux.shape[-1]
    per_bin = binning.pairs_per_bin(pairs, options.time_bins)
    if lost.any():
        flux = _bridge(flux, lost)
    starts = binning.edges(pairs, per_bin)
    following = _following(flux, extracted, max(9, per_bin), options)
    doubt = np.zeros((1, 1)) if following is None else following.doubt(starts)
    binned, kept = _binned(flux, following, lost, starts)
    valid = (kept > 0) & (stated > 0)[:, None]
    variance = np.where(valid, stated[:, None] / np.maximum(kept, 1) + doubt, 0.0)
    share_of_jitter = np.broadcast_to(doubt, variance.shape)[valid] / variance[valid]
    time = ramps.mid_exposure(raw.time[frames], raw.integration_time[frames])
    return LightCurve(
        instrument=raw.instrument,
        time=binning.mean(time, starts),
        flux=binned.T,
        variance=variance.T,
        valid=valid.T,
        wavelength=raw.bin_wavelength,
        calibration_errors=systematic.depth_errors(raw, extracted, options),
        housekeeping={
            "centroid_row": binning.mean(extracted.movement[0], starts),
            "centroid_column": binning.mean(extracted.movement[1], starts),
            "width_row": binning.mean(extracted.width[0], starts),
            "width_column": binning.mean(extracted.width[1], starts),
            "background": np.full(len(starts), extracted.background.level),
            "cosmic_rays": np.add.reduceat(extracted.cosmic_rays, starts),
        },
        counts={
            **counts,
            "cosmic_rays": int(extracted.cosmic_rays.sum()),
            "lost_to_saturation": int(lost.sum()),
        },
        steps=(
            Step(name="calibrate", options=options.model_dump(mode="json")),
            Step(
                name="calibration files",
                options={"error_of_level": systematic.level_error(raw, extracted, options)},
            ),
            Step(
                name="noise check",
                options={
                    "scatter_over_stated": _scatter_ratio(flux, following, stated),
                    "share_of_jitter": _median(share_of_jitter),
                },
            ),
        ),
    )


def _following(
    flux: F8, extracted: Extracted, window: int, options: InstrumentOptions
) -> jitter.Following | None:
    """What of the flux follows the image; None where nothing does, or none is asked."""
    if not options.jitter:
        return None
    # The spectrometer's image along its dispersion is the spectrum, which a transit changes.
    axes = slice(0, 2) if extracted.follows is None else slice(0, 1)
    width = extracted.width[axes] if options.jitter_width else extracted.width[:0]
    return jitter.following(flux, extracted.movement[axes], width, window, extracted.follows)


def _bridge(flux: F8, lost: Bool) -> F8:
    """Lost samples interpolated in time: nothing but the fit of the jitter sees them."""
    flux, pairs = flux.copy(), np.arange(flux.shape[-1])
    for column in np.flatnonzero(lost.any(-1) & ~lost.all(-1)):
        gone = lost[column]
        flux[column, gone] = np.interp(pairs[gone], pairs[~gone], flux[column, ~gone])
    return flux


def _binned(
    flux: F8, following: jitter.Following | None, lost: Bool, starts: npt.NDArray[np.int64]
) -> tuple[F8, npt.NDArray[np.int64]]:
    """Means over time bins of the samples not lost, without what follows the image, and how many
    samples those are: ``[column, bin]``."""
    sizes = binning.sizes(flux.shape[-1], starts)
    if not lost.any():
        # What is taken away on average is what the mean movements take: far fewer numbers.
        binned = binning.mean(flux, starts)
        if following is not None:
            binned -= following.mean(starts)
        return binned, np.broadcast_to(sizes, binned.shape)
    if following is not None:
        flux = flux - following.flux()
    kept = np.add.reduceat(~lost, starts, axis=-1, dtype=np.int64)
    total = np.add.reduceat(np.where(lost, 0.0, flux), starts, axis=-1)
    return total / np.maximum(kept, 1), kept


def _median(values: F8) -> float | None:
    return float(np.median(values)) if values.size else None


def _scatter_ratio(flux: F8, following: jitter.Following | None, variance: F8) -> float | None:
    """Median over bins of the scatter from pair to pair over the stated one; 1 if that is honest.

    Some of a long visit's pairs tell it. None where there are too few pairs or no usable bin.
    """
    good, some = variance > 0, slice(0, max(jitter.TELLING, TELLING // len(flux)))
    flux = flux[:, some]
    if flux.shape[-1] < 3:
        return None
    if following is not None:
        flux = flux - following.flux(some)
    return _median(scatter(flux[good]) / np.sqrt(variance[good]))
