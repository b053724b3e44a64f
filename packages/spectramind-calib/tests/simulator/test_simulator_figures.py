"""How light and noise are spread over the detector, against figures of real frames."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from spectramind_calib.detector import adc, dark, flat, linearity, ramps
from spectramind_calib.detector.ariel import ArielSource
from spectramind_calib.detector.options import ArielOptions
from spectramind_calib.simulator import scene
from spectramind_calib.simulator.observe import simulate_frames
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Observation, RawInstrument

CTX = Context(seed=3)
REAL = Path(__file__).resolve().parents[5] / "shared" / "real" / "adc2025_sample"
LEVELS = {"fgs1": (1e3, 1e4), "airs": (1e3, 3e3, 1e4, 3e4)}
"""Electrons a pair: edges of the classes of pixels, of which FGS1 has few."""


AS_BRIGHT = {"fgs1": 1.0, "airs": 1.45}
"""As the star of the real sample, relative to the one whose figures the simulator is built on."""


def observed(brightness: float | None = None) -> Observation:
    """A planet's frames; of its own brightness unless told otherwise."""
    options = SimulatedOptions(planets=1, pairs=64)
    planet = SimulatedSource(options)._planet("100001", CTX)
    chosen = planet if brightness is None else replace(planet, brightness=brightness)
    return simulate_frames(chosen, 0, options, CTX)


@pytest.fixture(scope="module")
def simulated() -> Observation:
    return observed()


def signal(raw: RawInstrument) -> F8:
    """Electrons of each ramp, ``[row, column, pair]``; zero where a pixel is dead."""
    frames, columns = raw.calibration, slice(39, 321) if raw.bin_columns is not None else slice(32)
    counts = raw.frames.read(columns)[..., :50]
    electrons = adc.undo(counts, raw.adc.gain, raw.adc.offset)
    electrons = linearity.undo(electrons, frames.linear_corr[:, :, columns])
    electrons = dark.undo(electrons, frames.dark[:, columns], raw.integration_time[:50])
    alive = ~frames.dead[:, columns]
    return flat.undo(ramps.undo(electrons), np.where(alive, frames.flat[:, columns], 0.0))


def excess(raw: RawInstrument, levels: tuple[float, ...]) -> list[float]:
    """Variance over that of photons and two reads, median over pixels of each class of light."""
    columns = slice(39, 321) if raw.bin_columns is not None else slice(32)
    light = signal(raw)
    mean, variance = light.mean(-1), np.diff(light).var(-1) / 2
    ratio = variance / (np.maximum(mean, 0) + 2 * raw.calibration.read[:, columns] ** 2)
    return [float(np.median(ratio[(mean > low) & (mean < high)])) for low, high in pairwise(levels)]


def test_light_is_shared_among_rows_as_measured() -> None:
    rows = 100 * scene.pixel_shares(np.array([15.5]), 32)[:, 0]
    measured = np.array([1.9, 4.1, 11.1, 26.6, 29.6, 13.0, 3.9, 2.4])
    # The real image lies a little off the middle between two rows.
    np.testing.assert_allclose(rows[12:16], (measured + measured[::-1])[:4] / 2, atol=2)
    # The outer 8 + 8 rows hold 6e-4 of the column's light in each pixel.
    outer = rows[:8].sum() + rows[24:].sum()
    assert outer / 16 == pytest.approx(0.06, abs=0.01)


def test_bright_pixels_scatter_more_than_photons_since_the_image_moves(
    simulated: Observation,
) -> None:
    assert simulated.airs is not None
    faint, middle, bright = excess(simulated.airs, LEVELS["airs"])
    assert 1.0 < faint < middle < bright < 4.0
    assert bright > 1.4


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real sample at {REAL}")
@pytest.mark.parametrize("instrument", ["fgs1", "airs"])
def test_noise_of_pixels_is_that_of_real_frames(instrument: str) -> None:
    source = ArielSource(ArielOptions(root=str(REAL)))
    real = source.open(source.visits(ctx=CTX)[0], ctx=CTX)
    theirs, ours = (
        np.array(excess(getattr(of, instrument), LEVELS[instrument]))
        for of in (real, observed(AS_BRIGHT[instrument]))
    )
    assert np.all(np.abs(np.log(ours / theirs)) < np.log(1.5))


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real sample at {REAL}")
def test_faint_pixels_hold_reads_and_background_alone_as_in_real_frames(
    simulated: Observation,
) -> None:
    source = ArielSource(ArielOptions(root=str(REAL)))
    for of in (simulated, source.open(source.visits(ctx=CTX)[0], ctx=CTX)):
        assert of.airs is not None
        (ratio,) = excess(of.airs, (-100.0, 300.0))
        assert ratio == pytest.approx(1, abs=0.1)
