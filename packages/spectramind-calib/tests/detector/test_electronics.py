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
    jitter,
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


def test_what_jitter_adds_to_the_flux_is_removed_and_the_transit_stays() -> None:
    rng = np.random.default_rng(4)
    movement = 0.1 * rng.standard_normal((2, 4000))
    transit = np.where(np.abs(np.arange(4000) - 2000) < 700, 0.976, 1.0)
    clean = 1e5 * transit + 50 * rng.standard_normal(4000)
    shaken = (clean + 4000 * movement[0] - 2000 * movement[1])[None]
    still = jitter.decorrelate(shaken, movement, movement[:0], window=30)[0]
    assert np.std(still - clean) < 0.25 * np.std(shaken[0] - clean)
    depth = 1 - still[1500:2500].mean() / np.r_[still[:1000], still[3000:]].mean()
    assert depth == pytest.approx(0.024, abs=2e-4)


def test_place_and_width_of_an_image_come_from_its_moments() -> None:
    size, place, sigma = 21, np.array([9.3, 11.1]), np.array([1.5, 2.5])
    row, column = np.indices((size, size))
    image = np.exp(
        -0.5 * ((row - place[0]) / sigma[0]) ** 2 - 0.5 * ((column - place[1]) / sigma[1]) ** 2
    )
    powers = [row**0, row, column, (row - 10) ** 2, (column - 10) ** 2]
    moments = np.array([[(image * power).sum()] for power in powers])
    np.testing.assert_allclose(jitter.centroids(moments)[:, 0], place, atol=1e-3)
    np.testing.assert_allclose(jitter.widths(moments, (size, size))[:, 0], sigma**2, rtol=1e-2)
    np.testing.assert_array_equal(jitter.widths(0 * moments, (1, 1)), 0)


def test_what_an_image_that_breathes_adds_is_removed_only_if_its_width_is_followed() -> None:
    rng = np.random.default_rng(6)
    still, width = np.zeros((1, 4000)), 2 + 0.1 * rng.standard_normal((1, 4000))
    transit = np.where(np.abs(np.arange(4000) - 2000) < 700, 0.976, 1.0)
    clean = 1e5 * transit + 50 * rng.standard_normal(4000)
    breathing = clean[None] * (1 - 0.05 * (width - 2))
    found = jitter.decorrelate(breathing, still, width, window=30)[0]
    assert np.std(found - clean) < 0.2 * np.std(breathing[0] - clean)
    depth = 1 - found[1500:2500].mean() / np.r_[found[:1000], found[3000:]].mean()
    assert depth == pytest.approx(0.024, abs=1e-4)
    np.testing.assert_array_equal(jitter.decorrelate(breathing, still, width[:0], 30), breathing)


def test_scatter_sees_white_noise_and_neither_transit_nor_drift() -> None:
    rng = np.random.default_rng(5)
    time = np.linspace(-1, 1, 5000)
    slow = 1e5 * (1 + 0.01 * time**2) * np.where(np.abs(time) < 0.3, 0.976, 1.0)
    assert noise.scatter(slow + 30 * rng.standard_normal(5000)) == pytest.approx(30, rel=0.05)


def test_responses_lean_on_what_is_common_and_bad_pixels_keep_their_own() -> None:
    rng = np.random.default_rng(4)
    light = np.geomspace(1e5, 5e3, 282)
    spread, noise = 0.002, 0.01
    true = 0.05 + 0.05 * np.linspace(-1, 1, 282) ** 3 + spread * rng.standard_normal(282)
    true[140] += 0.5
    error, nothing = np.full((1, 282), noise), np.zeros((1, 282))
    seen = true + noise * rng.standard_normal(282)
    found = jitter.shrunk(seen[None] * light, error * light, light, nothing)[0] / light
    assert np.delete(found - true, 140).std() < 0.6 * noise
    # The ends have neighbours on one side alone, and are no worse for it.
    assert np.abs((found - true)[[0, 1, 2, -3, -2, -1]]).max() < 1.5 * noise
    assert found[140] == pytest.approx(seen[140])
    few = slice(0, 20)
    own = jitter.shrunk(
        seen[None, few] * light[few], error[:, few] * light[few], light[few], nothing[:, few]
    )
    np.testing.assert_array_equal(own[0], seen[few] * light[few])


def test_a_hole_s_response_to_movement_is_told_from_the_image() -> None:
    rows, noise = np.arange(32)[:, None], 0.02
    rng = np.random.default_rng(7)

    def image(place: float) -> np.ndarray:
        share = np.exp(-0.5 * ((rows - place) / 1.3) ** 2) * np.ones((32, 282))
        return np.asarray(share / share.sum(0))

    usable = np.ones((32, 282), bool)
    holes = rng.integers(0, 282, 12)
    usable[rng.integers(13, 19, 12), holes] = False
    weights = extraction.sum_weights(image(15.5), usable)
    true = ((image(15.51) - image(15.49)) * weights).sum(0) / 0.02
    assert np.abs(true[holes]).max() > 5 * noise
    expected = jitter.expected(weights, image(15.5))
    assert np.corrcoef(expected[0], true)[0, 1] > 0.99
    seen, light = true + noise * rng.standard_normal(282), np.full(282, 1e4)
    found = jitter.shrunk(seen[None] * light, np.full((1, 282), noise) * light, light, expected[:1])
    error = found[0] / light - true
    assert error.std() < 0.4 * noise
    assert error[holes].std() < 0.7 * noise
