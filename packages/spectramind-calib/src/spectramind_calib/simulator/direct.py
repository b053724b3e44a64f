"""Light curves at once: what calibrated frames would give, without making the frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import binning, extraction, noise
from spectramind_calib.simulator.detector import Detector
from spectramind_calib.simulator.options import Effects
from spectramind_calib.simulator.scene import Light, pixel_shares
from spectramind_core.arrays import F8
from spectramind_core.contracts import Adc, Instrument, LightCurve, Step


def light_curve(
    instrument: Instrument,
    light: Light,
    detector: Detector,
    converter: Adc,
    seconds: float,
    columns: npt.NDArray[np.int64],
    wavelength: F8,
    effects: Effects,
    time_bins: int,
    rng: np.random.Generator,
) -> LightCurve:
    """Binned flux with the noise that optimal extraction leaves.

    Parameters
    ----------
    converter
        Electrons to counts, which rounds.
    seconds
        Between the two reads of a ramp.
    columns
        Detector column of each bin, ``[wave]``; zero alone for the photometer.
    wavelength
        ``[wave]`` micron.
    """
    flux = light.flux[:-1, columns]
    pairs = flux.shape[0]
    per_bin = binning.pairs_per_bin(pairs, time_bins)
    starts = binning.edges(pairs, per_bin)
    sizes = binning.sizes(pairs, starts)
    clean = binning.mean(flux.T, starts).T
    variance = pair_variance(light, detector, seconds, converter.gain)[columns] / sizes[:, None]
    noisy = effects.photon_noise or effects.read_noise
    drawn = np.sqrt(variance) * rng.standard_normal(clean.shape) if noisy else 0.0
    hours = light.hours[:pairs]
    return LightCurve(
        instrument=instrument,
        time=binning.mean(hours, starts),
        flux=clean + drawn,
        variance=variance,
        valid=np.ones(clean.shape, bool),
        wavelength=wavelength,
        housekeeping={
            "centroid_row": binning.mean(light.movement[0][:pairs], starts),
            "background": np.full(len(starts), light.background),
        },
        counts={"dead": int(detector.dead.sum())},
        steps=(Step(name="simulate", options={"time_bins": time_bins}),),
    )


def pair_variance(light: Light, detector: Detector, seconds: float, gain: float) -> F8:
    """Variance ``[column]`` of the optimally extracted flux of one pair, electrons^2."""
    rows, width = detector.dark.shape
    share = pixel_shares(np.array([(rows - 1) / 2]), rows) * np.ones(width)
    level = light.flux.mean(0)
    photometer = level.size == 1
    if photometer:
        share = share * pixel_shares(np.array([(width - 1) / 2]), width).T
    spread = noise.pixel_variance(
        share * level + light.background,
        detector.read,
        detector.dark * seconds,
        detector.flat,
        gain,
    )
    shape = (-1, 1) if photometer else share.shape
    share, spread, usable = share.reshape(shape), spread.reshape(shape), ~detector.dead
    weights = extraction.optimal_weights(share, usable.reshape(shape), spread)
    return extraction.variance(weights, spread)
