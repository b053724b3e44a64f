"""The detector the light falls on: its pixels' true properties, and noisy estimates of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_calib.simulator.options import Effects
from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import Adc, CalibrationFrames

ADC = Adc(gain=0.4369, offset=-1000.0)
READ_NOISE = 13.0
DARK = 0.0065
HOT_SHARE = 0.008
DEAD_SHARE = 0.002
FLAT_SPREAD = 0.012
LINEARITY = (0.14, 0.9999, -6e-9, 1.2e-11, -6e-17, 1.3e-22)
LINEARITY_SPREAD = 0.005
"""Spread of the linear term between pixels."""
COSMIC_SHARE = 5e-6
"""Share of samples that are hit."""
COSMIC_ELECTRONS = (600.0, 6000.0)
RESET_NOISE = 25.0


@dataclass(frozen=True)
class Detector:
    """True properties of every pixel."""

    dark: F8
    """``[row, column]`` electron/s."""
    flat: F8
    read: F8
    dead: Bool
    linear_corr: F8
    """``[6, row, column]``: measured to true electrons."""


def draw(rng: np.random.Generator, rows: int, columns: int, effects: Effects) -> Detector:
    """A detector; effects that are switched off leave a perfect property."""
    shape = (rows, columns)
    dark = DARK * rng.lognormal(0, 0.3, shape)
    hot = rng.random(shape) < HOT_SHARE
    dark[hot] = rng.uniform(0.1, 12.0, int(hot.sum()))
    read = READ_NOISE * rng.lognormal(0, 0.05, shape)
    tail = rng.random(shape) < 0.005
    read[tail] = rng.uniform(20, 150, int(tail.sum()))
    linear = np.array(LINEARITY)[:, None, None] * np.ones(shape)
    linear[1] *= 1 + LINEARITY_SPREAD * rng.standard_normal(shape)
    identity = np.zeros_like(linear)
    identity[1] = 1.0
    flat = 1 + FLAT_SPREAD * rng.standard_normal(shape)
    dead = rng.random(shape) < DEAD_SHARE
    return Detector(
        dark=dark if effects.dark else np.zeros(shape),
        flat=flat if effects.flat else np.ones(shape),
        read=read if effects.read_noise else np.zeros(shape),
        dead=dead if effects.dead else np.zeros(shape, bool),
        linear_corr=linear if effects.linearity else identity,
    )


def calibration_frames(
    detector: Detector, rng: np.random.Generator, effects: Effects
) -> CalibrationFrames:
    """What the calibration files say: estimates with errors of their own."""
    noise = 1.0 if effects.calibration_noise else 0.0
    shape = detector.dark.shape
    flat = detector.flat * (1 + noise * 5e-4 * rng.standard_normal(shape))
    flat[detector.dead] = np.nan
    return CalibrationFrames(
        dark=np.abs(detector.dark * (1 + noise * 0.02 * rng.standard_normal(shape))),
        flat=flat,
        read=detector.read * (1 + noise * 0.01 * rng.standard_normal(shape)),
        dead=detector.dead,
        linear_corr=detector.linear_corr,
    )
