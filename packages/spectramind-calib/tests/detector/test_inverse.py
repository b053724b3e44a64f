"""Calibration is the simulator's inverse: without noise the light comes back, to 1e-5.

Through the real path: frames are simulated, calibrated with every step on, and held beside the
light that fell on the detector. What is random in time is noise (photons, reads, flicker, rounding
to whole counts) and switched off; pixels are said to be read with 13 electrons of noise all the
same, so that optimal weights are not those of a plain sum.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

from spectramind_calib.detector.calibration import NumpyCalibration
from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import CalibrationOptions, InstrumentOptions
from spectramind_calib.simulator.observe import light_of, simulate_frames
from spectramind_calib.simulator.options import Effects, SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context
from spectramind_core.contracts import Instrument, LightCurve, Observation, RawInstrument

CTX = Context(seed=3)
NOISE = ("photon_noise", "read_noise", "common_mode", "calibration_noise", "digitisation")
EFFECTS = tuple(name for name in Effects.model_fields if name not in NOISE)
PAIRS, BINS = 375, 75
EXACT = 1e-5

BOTH = pytest.mark.parametrize("calibration", [NumbaCalibration, NumpyCalibration])
SUM_OR_OPTIMAL = pytest.mark.parametrize("extraction", ["optimal", "sum"])


@lru_cache(maxsize=2)
def observed(*effects: str, pairs: int = PAIRS) -> tuple[Observation, dict[str, F8]]:
    """A visit with these effects, and the light ``[pair, wave]`` that calibration should find."""
    on = {name: name in effects for name in Effects.model_fields}
    options = SimulatedOptions(planets=1, pairs=pairs, effects=Effects(**on))
    planet = SimulatedSource(options)._planet("100001", CTX)
    raw = simulate_frames(planet, 0, options, CTX)
    light = {}
    for name, instrument in (("fgs1", Instrument.FGS1), ("airs", Instrument.AIRS)):
        one: RawInstrument = getattr(raw, name)
        columns = [0] if one.bin_columns is None else one.bin_columns
        light[name] = light_of(instrument, planet, options, CTX).flux[:, columns]
        read = np.full_like(one.calibration.read, 13.0)
        noisy = one.replace(calibration=one.calibration.replace(read=read))
        raw = raw.replace(**{name: noisy})
    return raw, light


def errors(
    calibration: type,
    raw: Observation,
    light: dict[str, F8],
    **options: object,
) -> dict[str, tuple[F8, Bool]]:
    """By instrument: relative errors of the flux ``[time, wave]``, and the bins ``[time]`` in which
    nothing was taken for a cosmic ray."""
    one = InstrumentOptions.model_validate({"time_bins": BINS, "drop_last": 0, **options})
    curves = calibration(CalibrationOptions(fgs1=one, airs=one)).calibrate(raw, ctx=CTX)
    found = {}
    for name, truth in light.items():
        curve: LightCurve = getattr(curves, name)
        assert curve.valid.all()
        truth = truth.reshape(curve.time.size, -1, truth.shape[1]).mean(1)
        found[name] = curve.flux / truth - 1, curve.housekeeping["cosmic_rays"] == 0
    return found


def shape(error: F8) -> F8:
    """What of the errors no constant factor explains, ``[time, wave]``."""
    return np.abs(error - error.mean(0))


def test_the_effects_that_are_no_noise_are_all_here() -> None:
    assert set(EFFECTS) == {
        *("reset", "dark", "dead", "flat", "linearity", "jitter", "drift", "background"),
        "cosmic_rays",
    }


@pytest.mark.slow
@BOTH
@SUM_OR_OPTIMAL
@pytest.mark.parametrize("effect", ["nothing", *EFFECTS, "common_mode"])
def test_light_comes_back_through_each_effect_alone(
    effect: str, calibration: type, extraction: str
) -> None:
    raw, light = observed(effect)
    for name, (error, _) in errors(calibration, raw, light, extraction=extraction).items():
        assert shape(error).max() < EXACT, name
        # The light of a dead pixel of the photometer is gone: a factor, which no depth sees.
        if not (name == "fgs1" and effect == "dead"):
            assert np.abs(error).max() < EXACT, name


@pytest.mark.slow
@BOTH
def test_light_comes_back_through_all_effects_together(calibration: type) -> None:
    raw, light = observed(*(effect for effect in EFFECTS if effect != "cosmic_rays"))
    for name, (error, _) in errors(calibration, raw, light).items():
        assert shape(error).max() < EXACT, name
        assert np.abs(error).max() < (EXACT if name == "airs" else 1e-3), name


@pytest.mark.slow
@BOTH
def test_what_a_cosmic_ray_hides_stays_in_its_bin(calibration: type) -> None:
    """A ramp that was struck does not tell what jitter did to its pixel; the others do."""
    raw, light = observed(*EFFECTS)
    for name, (error, clear) in errors(calibration, raw, light).items():
        assert BINS / 2 < clear.sum() < BINS, name
        assert shape(error[clear]).max() < EXACT, name
        assert shape(error).max() < 1e-3, name


@BOTH
def test_ramp_by_ramp_light_comes_back_from_a_still_image(calibration: type) -> None:
    """A time bin a ramp, so that nothing averages an error away."""
    moving = ("jitter", "dead", "cosmic_rays", "drift")
    still = [effect for effect in EFFECTS if effect not in moving]
    raw, light = observed(*still, pairs=24)
    found = errors(calibration, raw, light, extraction="sum", time_bins=100_000)
    for name, (error, _) in found.items():
        assert np.abs(error).max() < EXACT, name


@BOTH
def test_whole_counts_lose_no_more_than_their_rounding(calibration: type) -> None:
    raw, light = observed("digitisation", "reset", pairs=24)
    # Where nothing else is noisy, a count more is an outlier, and background below a count.
    off = {"background": False, "cosmic_rays": 0, "jitter": False}
    found = errors(calibration, raw, light, extraction="sum", time_bins=100_000, **off)
    # Each of 64 (or 2,048) reads loses less than a count of 2.3 electrons, at most uniformly.
    for name, reads in (("airs", 64), ("fgs1", 2048)):
        rounding = np.sqrt(reads / 12) / 0.4369
        lost = (found[name][0] * light[name]).ravel()
        assert 0.5 * rounding < lost.std() < 1.1 * rounding, name
        assert abs(lost.mean()) < 5 * rounding / np.sqrt(lost.size), name


def test_a_step_left_out_is_missed() -> None:
    """The bound bites: without any one of the steps that undo the effects, light is off by more."""
    raw, light = observed("dark", "flat", "linearity", "background", pairs=24)
    for step in ("linearity", "flat", "background", "dark"):
        one = InstrumentOptions.model_validate({"drop_last": 0, "jitter": False, step: False})
        curves = NumpyCalibration(CalibrationOptions(airs=one)).calibrate(raw, ctx=CTX)
        assert curves.airs is not None
        assert np.abs(curves.airs.flux / light["airs"] - 1).max() > 5 * EXACT, step
