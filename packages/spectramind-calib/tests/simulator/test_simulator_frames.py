"""Raw frames: each effect alone, and what the numbers of a real detector ask for."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from spectramind_calib.detector.calibration import NumpyCalibration
from spectramind_calib.detector.options import CalibrationOptions
from spectramind_calib.simulator import detector, frames
from spectramind_calib.simulator.observe import simulate_frames
from spectramind_calib.simulator.options import Effects, SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context
from spectramind_core.contracts import Instrument, Observation, RawInstrument

CTX = Context(seed=3)
NONE = dict.fromkeys(Effects.model_fields, False)
IN_FRAMES = [name for name in Effects.model_fields if name != "calibration_noise"]


def observed(
    pairs: int = 16, *, seed: int = 3, on: tuple[str, ...] = (), **more: Any
) -> Observation:
    ctx = Context(seed=seed)
    effects = {**NONE, **dict.fromkeys(on, True)}
    options = SimulatedOptions.model_validate({"pairs": pairs, "effects": effects, **more})
    return simulate_frames(SimulatedSource(options)._planet("100001", ctx), 0, options, ctx)


def airs(observation: Observation) -> RawInstrument:
    assert observation.airs is not None
    return observation.airs


def counts(observation: Observation) -> npt.NDArray[np.uint16]:
    frames = airs(observation).frames
    return frames.read(slice(0, frames.shape[2]))


def ramps(observation: Observation) -> npt.NDArray[np.float64]:
    """Electrons that each ramp gained, ``[row, column, pair]``."""
    found = counts(observation).astype(float) / airs(observation).adc.gain
    return found[..., 1::2] - found[..., 0::2]


@pytest.mark.parametrize("effect", IN_FRAMES)
def test_each_effect_changes_the_frames_when_it_is_on(effect: str) -> None:
    pairs = 400 if effect == "cosmic_rays" else 16
    assert not np.array_equal(counts(observed(pairs, on=(effect,))), counts(observed(pairs)))


def test_calibration_noise_changes_the_calibration_frames_alone() -> None:
    on = ("dark", "flat", "read_noise", "linearity")
    true, estimated = observed(on=on), observed(on=(*on, "calibration_noise"))
    np.testing.assert_array_equal(counts(true), counts(estimated))
    for name in ("dark", "flat", "read", "linear_corr"):
        a, b = (getattr(airs(o).calibration, name) for o in (true, estimated))
        assert 0 < np.abs(a - b).max() < 0.2 * np.abs(a).max(), name


def test_a_perfect_detector_has_no_dark_and_a_flat_of_one() -> None:
    frames = airs(observed()).calibration
    assert not frames.dark.any()
    assert not frames.dead.any()
    np.testing.assert_array_equal(frames.flat, 1.0)


def test_read_noise_is_that_of_two_reads() -> None:
    noisy = observed(300, on=("read_noise",))
    quiet = ramps(observed(300))
    scatter = (ramps(noisy) - quiet).std(-1)
    # Two roundings of a count (1 / 0.4369 electrons) in either come on top.
    expected = np.sqrt(2 * airs(noisy).calibration.read ** 2 + 4 / 12 / 0.4369**2)
    assert np.median(scatter / expected) == pytest.approx(1, abs=0.02)


def test_photons_scatter_by_the_root_of_their_number() -> None:
    difference = ramps(observed(300, on=("photon_noise",))) - ramps(observed(300))
    light = ramps(observed(300)).mean(-1)
    bright = light > 2000
    ratio = difference[bright].var(-1) / light[bright]
    assert bright.sum() > 500
    assert ratio.mean() == pytest.approx(1, abs=0.03)


def test_reset_moves_both_reads_of_a_ramp_alike() -> None:
    with_reset, without = observed(64, on=("reset",)), observed(64)
    start = counts(with_reset)[..., 0::2].astype(float) - counts(without)[..., 0::2]
    assert start.std() / 0.4369 == pytest.approx(detector.RESET_NOISE, rel=0.05)
    assert np.abs(ramps(with_reset) - ramps(without)).max() < 2.1 / 0.4369


def test_flicker_is_common_to_all_wavelengths_and_of_the_measured_size() -> None:
    flickering = ramps(observed(400, on=("common_mode",))).sum(0)
    relative = flickering / ramps(observed(400)).sum(0) - 1
    assert np.all(np.corrcoef(relative[39:321:20]) > 0.9)
    # In bins of 5 pairs: light scatters by 152 ppm where independent bins would by 136.
    assert relative[39:321].mean(0).std() / np.sqrt(5) == pytest.approx(68e-6, rel=0.15)


def test_gain_drift_multiplies_whatever_is_read() -> None:
    still, drifting = observed(64), observed(64, on=("drift",))
    ratio = counts(drifting).astype(float) - (-1000) * 0.4369 * -1
    ratio /= counts(still).astype(float) - (-1000) * 0.4369 * -1
    bright = ramps(still).mean(-1) > 1e4
    starts, ends = ratio[bright][:, 0::2], ratio[bright][:, 1::2]
    assert np.abs(ends - 1).max() > 1e-4
    assert np.corrcoef(starts.mean(0), ends.mean(0))[0, 1] > 0.9


def test_some_cosmic_rays_reach_a_neighbouring_pixel() -> None:
    rng = np.random.default_rng(1)
    electrons = np.zeros((32, 300, 2 * 4000))
    frames._hit(electrons, rng)
    struck = electrons[..., 1::2] > 0
    assert not electrons[..., 0::2].any()
    pairs_of_rows = np.count_nonzero(struck[1:] & struck[:-1])
    hits = np.count_nonzero(struck) - pairs_of_rows
    assert hits == pytest.approx(detector.COSMIC_SHARE * struck.size, abs=5 * np.sqrt(200))
    assert pairs_of_rows / hits == pytest.approx(0.11, abs=0.07)


def test_every_planet_of_2024_has_its_own_converter_and_none_of_2025() -> None:
    def converters(edition: int) -> list[tuple[float, float]]:
        source = SimulatedSource(SimulatedOptions(planets=60, test_planets=0, edition=edition))
        adc = [
            source._planet(name, CTX).converters[Instrument.AIRS]
            for name in (v.planet_id for v in source.visits(ctx=CTX))
        ]
        return [(each.gain, each.offset) for each in adc]

    assert set(converters(2025)) == {(0.4369, -1000.0)}
    gain, offset = np.array(sorted(set(converters(2024)))).T
    assert gain.size == 60
    # Two stars, of 0.93 and 1.51 counts per electron.
    assert np.all((np.abs(gain - 0.93) < 0.03) | (np.abs(gain - 1.508) < 0.05))
    assert 15 < np.count_nonzero(gain < 1.2) < 45
    assert offset.mean() == pytest.approx(-855, abs=40)
    assert offset.std() == pytest.approx(72, rel=0.4)


def test_no_bin_of_the_brightest_star_of_2024_saturates() -> None:
    for number in range(1, 13):
        ctx = Context(seed=number)
        options = SimulatedOptions(pairs=8, edition=2024)
        raw = simulate_frames(SimulatedSource(options)._planet("100001", ctx), 0, options, ctx)
        assert airs(raw).frames.read(slice(39, 321)).max() < 65_535


def test_dead_hot_and_noisy_pixels_are_as_many_as_in_the_real_detector() -> None:
    found = airs(observed(on=("dark", "dead", "read_noise", "flat"))).calibration
    assert 0.001 < found.dead.mean() < 0.003
    assert 0.007 < (found.dark > 0.05).mean() < 0.010
    assert np.median(found.dark) == pytest.approx(0.0065, rel=0.1)
    assert np.median(found.read) == pytest.approx(13, rel=0.02)
    low, high = np.nanpercentile(found.flat, [1, 99])
    assert low == pytest.approx(0.972, abs=0.013)
    assert high == pytest.approx(1.028, abs=0.015)


def test_the_spectrum_falls_from_blue_to_red_as_measured() -> None:
    raw = observed(8)
    assert raw.airs is not None
    assert raw.airs.bin_columns is not None
    brightness = SimulatedSource(SimulatedOptions())._planet("100001", CTX).brightness
    column = ramps(raw).sum(0).mean(-1)[raw.airs.bin_columns] / brightness
    assert column[0] == pytest.approx(1.0e5, rel=0.15)
    assert column[-1] == pytest.approx(5.5e3, rel=0.35)


def test_no_pixel_of_an_ordinary_star_saturates() -> None:
    assert counts(observed(on=tuple(Effects.model_fields))).max() < 65_535


def test_columns_are_the_same_whatever_is_read_beside_them() -> None:
    on = tuple(Effects.model_fields)
    whole = counts(observed(on=on))
    part = airs(observed(on=on)).frames.read(slice(100, 131))
    np.testing.assert_array_equal(part, whole[:, 100:131])


def test_the_light_of_a_pair_is_centred_after_its_stamps() -> None:
    raw = airs(observed(8))
    stamps = raw.time.reshape(-1, 2).mean(1)
    middle = (np.arange(8) + 0.5) * 7.5 / 8
    np.testing.assert_allclose((middle - stamps) * 3600, 4.6 / 2)


@pytest.mark.parametrize(("rows", "size"), [(12, 20), (24, 28), (32, 32)])
def test_fewer_rows_are_calibrated_all_the_same(rows: int, size: int) -> None:
    options = {"airs_rows": rows, "fgs1_size": size}
    raw = observed(16, on=("photon_noise", "read_noise", "background"), **options)
    assert raw.fgs1 is not None
    assert airs(raw).frames.shape == (32, rows, 356)
    assert raw.fgs1.frames.shape == (16 * 24, size, size)
    found = NumpyCalibration(CalibrationOptions()).calibrate(raw, ctx=CTX)
    whole = NumpyCalibration(CalibrationOptions()).calibrate(
        observed(16, on=("photon_noise", "read_noise", "background")), ctx=CTX
    )
    for a, b in ((found.fgs1, whole.fgs1), (found.airs, whole.airs)):
        assert a is not None
        assert b is not None
        assert a.flux.sum() / b.flux.sum() == pytest.approx(1, abs=0.03)
