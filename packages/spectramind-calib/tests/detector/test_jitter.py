"""Pointing jitter: where the image is, how the flux follows it, and what is taken away."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtr

from spectramind_calib.detector import binning, extraction, jitter, response
from spectramind_core.arrays import F8

PAIRS = 4000
TRANSIT = np.where(np.abs(np.arange(PAIRS) - PAIRS / 2) < 700, 0.976, 1.0)


def depth(flux: F8) -> float:
    return float(1 - flux[1500:2500].mean() / np.r_[flux[:1000], flux[3000:]].mean())


def taken_away(flux: F8, movement: F8, width: F8) -> F8:
    found = jitter.following(flux, movement, width, window=30)
    assert found is not None
    return np.asarray(flux - found.flux())[0]


def test_what_jitter_adds_to_the_flux_is_removed_and_the_transit_stays() -> None:
    rng = np.random.default_rng(4)
    movement = 0.1 * rng.standard_normal((2, PAIRS))
    clean = 1e5 * TRANSIT + 50 * rng.standard_normal(PAIRS)
    shaken = (clean + 4000 * movement[0] - 2000 * movement[1])[None]
    still = taken_away(shaken, movement, movement[:0])
    assert np.std(still - clean) < 0.25 * np.std(shaken[0] - clean)
    assert depth(still) == pytest.approx(0.024, abs=2e-4)


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
    still, width = np.zeros((1, PAIRS)), 2 + 0.1 * rng.standard_normal((1, PAIRS))
    clean = 1e5 * TRANSIT + 50 * rng.standard_normal(PAIRS)
    breathing = clean[None] * (1 - 0.05 * (width - 2))
    found = taken_away(breathing, still, width)
    assert np.std(found - clean) < 0.2 * np.std(breathing[0] - clean)
    assert depth(found) == pytest.approx(0.024, abs=1e-4)
    assert jitter.following(breathing, still, width[:0], 30) is None


def test_doubt_is_the_variance_of_what_was_taken_away() -> None:
    """Over many visits of the same wander, each with noise of its own."""
    rng = np.random.default_rng(8)
    starts = binning.edges(600, 20)
    wander = 0.05 * np.sin(np.linspace(0, 9, 600))
    errors, doubts = [], []
    for _ in range(400):
        movement = (wander + 0.02 * rng.standard_normal(600))[None]
        added = 3000 * (movement - movement.mean()) + 9000 * (movement - movement.mean()) ** 2
        flux = 1e5 + added + 100 * rng.standard_normal(600)
        found = jitter.following(flux, movement, movement[:0], window=20)
        assert found is not None
        wrong = found.flux() - added
        errors.append(binning.mean(wrong - wrong.mean(), starts)[0] ** 2)
        doubts.append(found.doubt(starts)[0])
    ratio = np.mean(errors, axis=0).sum() / np.mean(doubts, axis=0).sum()
    # 400 visits, of one unknown or two each, tell a variance to 6 %.
    assert ratio == pytest.approx(1, abs=0.18)


ROWS = np.arange(32)[:, None]
EDGES = np.arange(33)[:, None] - 0.5


def image(place: F8 | float) -> F8:
    """Share of a narrow image's light in each row, ``[32, place]``: integrated over pixels."""
    return np.asarray(np.diff(ndtr((EDGES - place) / 1.12), axis=0))


def test_what_the_image_lets_expect_is_what_moving_it_does() -> None:
    """Against the image drawn anew at other places, by weights with holes, off the middle."""
    columns, place = 60, 15.7
    rng = np.random.default_rng(7)
    light = np.geomspace(1e5, 5e3, columns)
    usable = np.ones((32, columns), bool)
    usable[rng.integers(13, 19, 12), rng.integers(0, columns, 12)] = False
    share = image(np.full(columns, place))
    weights = extraction.optimal_weights(share, usable, share * light + 400)
    core = usable & (share > 0.01 * share.max(0))
    expected = response.expected(weights, share, light, share * light + 13, core)

    def moved(by: float) -> tuple[F8, float]:
        there = image(np.full(columns, place + by))
        caught = np.where(core, there * light + 13, 0.0)
        return (weights * there).sum(0), float((ROWS * caught).sum() / caught.sum())

    steps = np.linspace(-0.05, 0.05, 5)
    fluxes, centroids = zip(*(moved(step) for step in steps), strict=True)
    offset = np.array(centroids) - moved(0.0)[1]
    design = np.stack([offset, offset**2], axis=1)
    true, *_ = np.linalg.lstsq(design, np.array(fluxes) - 1, rcond=None)
    np.testing.assert_allclose(expected[0], true[0], atol=0.01 * np.abs(true[0]).max())
    np.testing.assert_allclose(expected[1], true[1], atol=0.03 * np.abs(true[1]).max())


def test_where_there_is_no_image_nothing_is_expected() -> None:
    flat, everywhere = np.full((32, 90), 1 / 32), np.ones((32, 90), bool)
    light = np.full(90, 1e4)
    for image_ in (flat * light, 0 * flat):
        found = response.expected(flat, flat, light, image_, everywhere)
        np.testing.assert_array_equal(found, 0)


LIGHT = np.geomspace(1e5, 5e3, 282)
NOISE = 0.01
PER_NOISE = np.array([1 / 400])


def white(rng: np.random.Generator, size: float, flicker: float = 0.0) -> F8:
    """Noise ``[282, 400]`` of the fluxes from which responses with errors of `size` are learnt."""
    own = rng.standard_normal((282, 400))
    common = rng.standard_normal(400)
    return np.asarray((size * own + flicker * common) / np.sqrt(PER_NOISE))


def test_responses_lean_on_what_is_common_and_bad_pixels_keep_their_own() -> None:
    errors, stated, bad = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        true = 0.05 + 0.05 * np.linspace(-1, 1, 282) ** 3 + 0.004 * rng.standard_normal(282)
        true[140] += 0.5
        seen = true + NOISE * rng.standard_normal(282)
        noise = white(rng, NOISE)
        found, variance = response.shrunk(seen[None], np.zeros((1, 282)), noise, PER_NOISE)
        assert found[0, 140] == pytest.approx(seen[140])
        bad.append(variance[0, 140])
        errors.append(np.delete(found[0] - true, 140))
        stated.append(np.delete(variance[0], 140))
    # 400 pairs tell a variance to a tenth.
    assert np.mean(bad) == pytest.approx(NOISE**2, rel=0.1)
    error2 = np.mean(np.square(errors), axis=0)
    assert error2.mean() < (0.5 * NOISE) ** 2
    # The ends have neighbours on one side alone, and are little worse for it.
    assert error2[[0, 1, 2, -3, -2, -1]].mean() < (0.7 * NOISE) ** 2
    assert error2.mean() / np.mean(stated) == pytest.approx(1, abs=0.3)


def test_what_columns_see_together_is_not_taken_for_a_response() -> None:
    """Flicker common to all moves every response alike: less is left of it than was seen."""
    left = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        common = NOISE * rng.standard_normal()
        seen = (common + 0.3 * NOISE * rng.standard_normal(282))[None]
        noise = white(rng, 0.3 * NOISE, flicker=NOISE)
        found, _ = response.shrunk(seen, np.zeros((1, 282)), noise, PER_NOISE)
        left.append(found.mean() / common)
    assert np.mean(np.abs(left)) < 0.1


def test_a_hole_s_response_to_movement_is_told_from_the_image() -> None:
    rng = np.random.default_rng(7)
    noise = 0.02
    usable = np.ones((32, 282), bool)
    holes = rng.integers(0, 282, 12)
    usable[rng.integers(13, 19, 12), holes] = False
    share = image(np.full(282, 15.5))
    weights = extraction.sum_weights(share, usable)
    true = ((image(np.full(282, 15.51)) - image(np.full(282, 15.49))) * weights).sum(0) / 0.02
    assert np.abs(true[holes]).max() > 5 * noise
    everywhere = np.ones((32, 282), bool)
    expected = response.expected(weights, share, LIGHT, share * LIGHT, everywhere)[:1]
    assert np.corrcoef(expected[0], true)[0, 1] > 0.999
    seen = (true + noise * rng.standard_normal(282))[None]
    found, _ = response.shrunk(seen, expected, white(rng, noise), PER_NOISE)
    error = found[0] - true
    assert error.std() < 0.4 * noise
    assert error[holes].std() < 0.7 * noise


def test_few_columns_follow_as_each_shows() -> None:
    rng = np.random.default_rng(9)
    movement = 0.1 * rng.standard_normal((1, PAIRS))
    flux = 1e4 * (1 + 0.1 * movement) + rng.standard_normal((20, PAIRS))
    own = jitter.following(flux, movement, movement[:0], 30)
    told = jitter.following(flux, movement, movement[:0], 30, expected=np.ones((2, 20)))
    assert own is not None
    assert told is not None
    np.testing.assert_array_equal(own.response, told.response)
