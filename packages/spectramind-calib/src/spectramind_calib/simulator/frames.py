"""Raw frames: light on pixels, through everything the detector does to it, to counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from spectramind_calib.detector import adc, dark, flat, linearity
from spectramind_calib.simulator.detector import (
    COSMIC_ELECTRONS,
    COSMIC_NEIGHBOURS,
    COSMIC_SHARE,
    RESET_NOISE,
    Detector,
)
from spectramind_calib.simulator.options import Effects
from spectramind_calib.simulator.scene import Light, pixel_shares
from spectramind_core.arrays import F8
from spectramind_core.contracts import Adc

BLOCK = 8
"""Detector columns made at a time."""


class SimulatedFrames:
    """Counts of one instrument in one visit, made when they are first read.

    Parameters
    ----------
    light
        What falls on the detector; one column of ``flux`` a detector column, or one in all for
        the photometer.
    detector
        The true detector.
    converter
        Electrons to counts.
    integration_time
        Seconds since reset of the two reads of a ramp.
    rng
        Called with the number of a block of columns: its own random numbers, so that a column is
        the same whatever is read beside it.
    """

    def __init__(
        self,
        light: Light,
        detector: Detector,
        converter: Adc,
        integration_time: tuple[float, float],
        effects: Effects,
        rng: Callable[[int], np.random.Generator],
    ) -> None:
        self._light, self._detector, self._converter = light, detector, converter
        self._times, self._effects, self._rng = integration_time, effects, rng

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns."""
        rows, columns = self._detector.dark.shape
        return 2 * self._light.hours.size, rows, columns

    def read(self, columns: slice) -> npt.NDArray[Any]:
        """Counts ``[row, column, frame]``; float32 if nothing is digitised."""
        return self._counts[:, columns]

    @cached_property
    def _counts(self) -> npt.NDArray[Any]:
        width = self.shape[2]
        starts = range(0, width, BLOCK)
        blocks = [self._block(i, slice(s, min(s + BLOCK, width))) for i, s in enumerate(starts)]
        return np.concatenate(blocks, axis=1)

    def _block(self, number: int, columns: slice) -> npt.NDArray[Any]:
        rng, effects, detector = self._rng(number), self._effects, self._detector
        early, late = self._times
        rate = flat.apply(self._pixels(columns), detector.flat[:, columns]) / (late - early)
        shape = (*rate.shape[:2], 2 * rate.shape[2])
        electrons = np.empty(shape)
        with_dark = dark.apply(np.zeros_like(rate), detector.dark[:, columns], np.ones(1))
        electrons[..., 0::2] = self._arrived((rate + with_dark) * early, rng)
        electrons[..., 1::2] = electrons[..., 0::2] + self._arrived(
            (rate + with_dark) * (late - early), rng
        )
        if effects.cosmic_rays:
            _hit(electrons, rng)
        if effects.reset:
            offset = RESET_NOISE * rng.standard_normal(rate.shape)
            electrons += np.repeat(offset, 2, axis=-1)
        electrons[detector.dead[:, columns]] = 0.0
        electrons = linearity.apply(electrons, detector.linear_corr[:, :, columns])
        if effects.read_noise:
            electrons += detector.read[:, columns, None] * rng.standard_normal(shape)
        electrons *= np.repeat(self._gain(columns), 2, axis=-1)
        converter = self._converter
        if effects.digitisation:
            return adc.apply(electrons, converter.gain, converter.offset)
        return adc.exact(electrons, converter.gain, converter.offset)

    def _pixels(self, columns: slice) -> F8:
        """Electrons a pair on each pixel, ``[row, column, pair]``, before the detector."""
        light = self._light
        _, rows, width = self.shape
        vertical = pixel_shares((rows - 1) / 2 + light.movement[0], rows)
        if light.star.shape[1] == 1:
            across = pixel_shares((width - 1) / 2 + light.movement[1], width)[columns]
            across = across * light.star[:, 0]
        else:
            across = light.star.T[columns]
        pixels: F8 = vertical[:, None, :] * across[None, :, :] + light.background
        return pixels

    def _gain(self, columns: slice) -> F8:
        """``[column, pair]``; one row for the photometer."""
        gain = self._light.gain.T
        return gain if len(gain) == 1 else gain[columns]

    def _arrived(self, expected: F8, rng: np.random.Generator) -> F8:
        if not self._effects.photon_noise:
            return expected
        return rng.poisson(np.maximum(expected, 0)).astype(float)


def _hit(electrons: F8, rng: np.random.Generator) -> None:
    """Cosmic rays: free electrons in the second half of single ramps, in place."""
    ramps = electrons[..., 1::2]
    number = rng.poisson(COSMIC_SHARE * ramps.size)
    row, column, pair = (rng.integers(0, size, number) for size in ramps.shape)
    low, high = np.log(COSMIC_ELECTRONS)
    charge = np.exp(rng.uniform(low, high, number))
    ramps[row, column, pair] += charge
    spills = rng.random(number) < COSMIC_NEIGHBOURS
    beside = row + rng.choice([-1, 1], number)
    spills &= (beside >= 0) & (beside < len(ramps))
    ramps[beside[spills], column[spills], pair[spills]] += rng.uniform(0.2, 1.0) * charge[spills]
