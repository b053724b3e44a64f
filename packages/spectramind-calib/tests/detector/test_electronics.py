"""Each detector effect against its inverse, and against independent figures."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spectramind_calib.detector import (
    adc,
    binning,
    cosmic,
    dark,
    extraction,
    flat,
    linearity,
    noise,
    pixels,
    ramps,
)
from spectramind_core.errors import DataError

REAL_POLYNOMIAL = np.array([0.14, 0.9999, -6e-9, 1.2e-11, -6e-17, 1.3e-22])
seeds = st.integers(0, 2**32 - 1)


def polynomials(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    stack = REAL_POLYNOMIAL[:, None, None] * np.ones((rows, columns))
    stack[1] *= 1 + 0.005 * rng.standard_normal((rows, columns))
    return stack


@given(seeds)
@settings(max_examples=25, deadline=None)
def test_linearity_is_solved_to_1e_9_up_to_saturation(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coefficients = polynomials(rng, 3, 4)
    true = rng.uniform(0, 149_000, (3, 4, 20))
    back = linearity.undo(linearity.apply(true, coefficients), coefficients)
    np.testing.assert_allclose(back, true, rtol=1e-9, atol=1e-6)


def test_linearity_follows_the_measured_figure() -> None:
    coefficients = REAL_POLYNOMIAL[:, None, None]
    assert linearity.undo(np.full((1, 1, 1), 60_000.0), coefficients).item() == pytest.approx(
        61_850, rel=3e-3
    )


def test_linearity_without_an_inverse_is_refused() -> None:
    coefficients = np.array([0.0, 1.0, -1e-3])[:, None, None]
    with pytest.raises(DataError, match="no inverse"):
        linearity.apply(np.full((1, 1, 1), 1e6), coefficients)


@given(seeds, st.floats(0.4, 1.6), st.floats(-1000, 0))
@settings(max_examples=25, deadline=None)
def test_the_converter_is_undone_to_one_count(seed: int, gain: float, offset: float) -> None:
    electrons = np.random.default_rng(seed).uniform(0, 30_000, 50)
    lost = electrons - adc.undo(adc.apply(electrons, gain, offset), gain, offset)
    assert np.all(lost >= -1e-6)
    assert np.all(lost < 1 / gain + 1e-6)


def test_the_converter_saturates_where_the_instrument_does() -> None:
    counts = adc.apply(np.array([-2000.0, 148_000.0, 150_000.0]), 0.4369, -1000.0)
    assert counts[0] == 0
    assert counts[1] < adc.FULL_SCALE
    assert counts[2] == adc.FULL_SCALE


def test_dark_and_flat_come_back() -> None:
    rng = np.random.default_rng(1)
    light = rng.uniform(0, 1e4, (3, 4, 6))
    rate, response = rng.uniform(0, 12, (3, 4)), rng.uniform(0.9, 1.1, (3, 4))
    seconds = np.tile([0.1, 4.6], 3)
    np.testing.assert_allclose(dark.undo(dark.apply(light, rate, seconds), rate, seconds), light)
    np.testing.assert_allclose(flat.undo(flat.apply(light, response), response), light)


@given(st.integers(1, 9))
def test_ramps_come_back_and_an_unpaired_frame_is_dropped(pairs: int) -> None:
    signal = np.arange(2.0 * pairs).reshape(1, 2, pairs)
    reads = ramps.apply(signal, np.tile([0.1, 4.6], pairs))
    np.testing.assert_allclose(ramps.undo(reads), signal)
    np.testing.assert_allclose(reads[..., 1::2], 46 * reads[..., 0::2])
    np.testing.assert_allclose(ramps.undo(np.concatenate([reads, reads[..., :1]], -1)), signal)


def test_a_pair_s_light_is_centred_between_its_two_reads() -> None:
    start, seconds = np.array([0.0, 0.1, 4.8, 4.9]), np.array([0.1, 4.6, 0.1, 4.6])
    middle = ramps.mid_exposure(start / 3600, seconds) * 3600
    np.testing.assert_allclose(middle, [2.35, 7.15])


def test_only_pixels_with_outstanding_dark_current_are_hot() -> None:
    rng = np.random.default_rng(2)
    rate = 0.0065 + 0.001 * rng.standard_normal((32, 32))
    rate[3, 4], rate[5, 6] = 1.0, 12.0
    dead = np.zeros((32, 32), bool)
    dead[5, 6] = True
    found = pixels.hot(rate, dead)
    assert found[3, 4]
    assert not found[5, 6]
    assert found.sum() <= 2


def test_masked_pixels_are_filled_along_the_trace() -> None:
    image = np.outer([1.0, 4.0], np.arange(6.0))
    masked = np.zeros(image.shape, bool)
    masked[1, 2] = True
    np.testing.assert_allclose(pixels.fill_along_rows(np.where(masked, -9.0, image), masked), image)


@given(seeds, st.floats(15, 200), st.integers(0, 199))
@settings(max_examples=40, deadline=None)
def test_a_cosmic_ray_is_found_where_it_struck(seed: int, height: float, pair: int) -> None:
    rng = np.random.default_rng(seed)
    signal = 1000 + 20 * rng.standard_normal((2, 2, 200))
    signal[1, 0, pair] = 1000 + 20 * height
    found = cosmic.find(signal, 7.0)
    assert found[1, 0, pair]
    assert found.sum() == 1
    assert abs(cosmic.undo(signal, found)[1, 0, pair] - 1000) < 100


def test_white_noise_and_a_transit_hold_no_cosmic_rays() -> None:
    rng = np.random.default_rng(3)
    signal = 1e4 + 100 * rng.standard_normal((8, 8, 3000))
    signal[..., 1000:2000] *= 0.976
    assert cosmic.find(signal, 7.0).sum() == 0


def test_optimal_extraction_returns_the_flux_whatever_pixel_is_missing() -> None:
    rows = np.arange(32)[:, None] - 15.5
    share = np.exp(-0.5 * (rows / 1.4) ** 2) * np.ones((32, 5))
    share /= share.sum(0)
    usable = np.ones(share.shape, bool)
    usable[15, 2] = False
    level = np.array([5e3, 1e4, 3e4, 6e4, 1e5])
    noise = share * level + 2 * 13.0**2
    for weights in (
        extraction.optimal_weights(share, usable, noise),
        extraction.sum_weights(share, usable),
    ):
        flux = extraction.extract((share * level * usable)[..., None], weights)
        np.testing.assert_allclose(flux[:, 0], level, rtol=1e-12)
    best = extraction.variance(extraction.optimal_weights(share, usable, noise), noise)
    plain = extraction.variance(extraction.sum_weights(share, usable), noise)
    assert np.all(best < plain)
    # Faint columns gain most: reading 32 rows costs more than their photons.
    assert plain[0] / best[0] > 1.8


@given(st.integers(2, 400), st.integers(1, 60))
def test_time_bins_cover_every_pair_once(pairs: int, per_bin: int) -> None:
    starts = binning.edges(pairs, per_bin)
    sizes = binning.sizes(pairs, starts)
    assert sizes.sum() == pairs
    assert starts[0] == 0
    values = np.arange(pairs, dtype=float)
    assert (binning.mean(values, starts) * sizes).sum() == pytest.approx(values.sum())


def test_scatter_sees_white_noise_and_neither_transit_nor_drift() -> None:
    rng = np.random.default_rng(5)
    time = np.linspace(-1, 1, 5000)
    slow = 1e5 * (1 + 0.01 * time**2) * np.where(np.abs(time) < 0.3, 0.976, 1.0)
    assert noise.scatter(slow + 30 * rng.standard_normal(5000)) == pytest.approx(30, rel=0.05)
