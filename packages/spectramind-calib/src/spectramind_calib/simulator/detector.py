"""The detector the light falls on: its pixels' true properties, and noisy estimates of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spectramind_calib.simulator.options import Effects
from spectramind_core.arrays import F8, Bool
from spectramind_core.contracts import Adc, CalibrationFrames, Instrument

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
COSMIC_NEIGHBOURS = 0.11
"""Share of hits that reach a neighbouring pixel, too."""
RESET_NOISE = 25.0

ESTIMATES = {"flat": 5e-4, "dark": 0.02, "read": 0.01, "linear_corr": 2e-4}
"""Relative errors of calibration files; of the polynomials, that of their linear terms."""

ADC = Adc(gain=0.4369, offset=-1000.0)
"""The converter of 2025: one for all."""
GAINS_2024 = (
    {Instrument.FGS1: 1.025, Instrument.AIRS: 1.508},
    {Instrument.FGS1: 0.843, Instrument.AIRS: 0.930},
)
"""Counts per electron in 2024: of the planets of one star, and of the other."""
GAIN_SPREAD_2024 = 0.007
OFFSETS_2024 = {Instrument.FGS1: (-357.0, 22.0), Instrument.AIRS: (-855.0, 72.0)}
"""Electrons that read as zero in 2024: mean and standard deviation."""


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


def converters(edition: int, rng: np.random.Generator) -> dict[Instrument, Adc]:
    """A planet's converters, by instrument."""
    if edition == 2025:
        return dict.fromkeys(Instrument, ADC)
    star = int(rng.random() < 0.5)
    relative = 1 + GAIN_SPREAD_2024 * rng.standard_normal()
    return {
        instrument: Adc(gain=gain * relative, offset=rng.normal(*OFFSETS_2024[instrument]))
        for instrument, gain in GAINS_2024[star].items()
    }


def calibration_frames(
    detector: Detector, rng: np.random.Generator, effects: Effects
) -> CalibrationFrames:
    """What the calibration files say: estimates with errors of their own."""

    def estimate(name: str, true: F8) -> F8:
        error = ESTIMATES[name] if effects.calibration_noise else 0.0
        return true * (1 + error * rng.standard_normal(true.shape))

    flat = estimate("flat", detector.flat)
    flat[detector.dead] = np.nan
    dark, read = estimate("dark", detector.dark), estimate("read", detector.read)
    linear = detector.linear_corr.copy()
    linear[1] = estimate("linear_corr", linear[1])
    return CalibrationFrames(
        dark=np.abs(dark), flat=flat, read=read, dead=detector.dead, linear_corr=linear
    )
