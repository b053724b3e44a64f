"""Light curves at once: what calibrated frames would give, without making the frames."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import binning, extraction
from spectramind_calib.simulator.detector import Detector
from spectramind_calib.simulator.options import Effects
from spectramind_calib.simulator.scene import Light, pixel_shares
from spectramind_core.arrays import F8
from spectramind_core.contracts import Instrument, LightCurve, Step


def light_curve(
    instrument: Instrument,
    light: Light,
    detector: Detector,
    columns: npt.NDArray[np.int64],
    wavelength: F8,
    effects: Effects,
    time_bins: int,
    rng: np.random.Generator,
) -> LightCurve:
    """Binned flux with the noise that optimal extraction leaves.

    Parameters
    ----------
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
    variance = pair_variance(light, detector)[columns] / sizes[:, None]
    noisy = effects.photon_noise or effects.read_noise
    noise = np.sqrt(variance) * rng.standard_normal(clean.shape) if noisy else 0.0
    hours = light.hours[:pairs]
    return LightCurve(
        instrument=instrument,
        time=binning.mean(hours, starts),
        flux=clean + noise,
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


def pair_variance(light: Light, detector: Detector) -> F8:
    """Variance ``[column]`` of the optimally extracted flux of one pair, electrons^2."""
    rows, width = detector.dark.shape
    share = pixel_shares(np.array([(rows - 1) / 2]), rows)
    level = light.flux.mean(0)
    if level.size == 1:
        across = pixel_shares(np.array([(width - 1) / 2]), width)
        share = (share * across.T).reshape(-1, 1)
        read, usable = detector.read.reshape(-1, 1), ~detector.dead.reshape(-1, 1)
    else:
        read, usable = detector.read, ~detector.dead
    share = share * np.ones(read.shape)
    noise = extraction.pixel_variance(share * level + light.background, read)
    weights = extraction.optimal_weights(share, usable, noise)
    return extraction.variance(weights, noise)
