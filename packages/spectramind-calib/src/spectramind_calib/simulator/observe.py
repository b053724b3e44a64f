"""One visit of one planet, as raw frames or as light curves; every random number has a name."""

from __future__ import annotations

from functools import partial

import numpy as np

from spectramind_calib.simulator import detector, direct, grid, scene
from spectramind_calib.simulator.frames import SimulatedFrames
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.population import Planet
from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.contracts import Instrument, LightCurves, Observation, RawInstrument
from spectramind_core.contracts.light_curves import LightCurve

INTEGRATION = {Instrument.FGS1: (0.1, 0.2), Instrument.AIRS: (0.1, 4.6)}
"""Seconds since reset of the two reads of a ramp."""


def simulate_frames(
    planet: Planet, visit: int, options: SimulatedOptions, ctx: Context
) -> Observation:
    """Raw frames of both instruments; they are made when first read."""
    return Observation(
        planet_id=planet.planet_id,
        visit=visit,
        system=planet.catalogued if options.edition == 2025 else None,
        fgs1=_raw(Instrument.FGS1, planet, options, ctx),
        airs=_raw(Instrument.AIRS, planet, options, ctx),
    )


def simulate_light_curves(
    planet: Planet, visit: int, options: SimulatedOptions, ctx: Context
) -> LightCurves:
    """What calibrated frames of the same visit would give, up to the noise's realisation."""
    return LightCurves(
        planet_id=planet.planet_id,
        visit=visit,
        system=planet.catalogued if options.edition == 2025 else None,
        fgs1=_curve(Instrument.FGS1, planet, options, ctx),
        airs=_curve(Instrument.AIRS, planet, options, ctx),
    )


def light_of(
    instrument: Instrument, planet: Planet, options: SimulatedOptions, ctx: Context
) -> scene.Light:
    """The noise-free light of a visit: what calibration should find."""
    rng = ctx.child("orbit").rng()
    partial_transit = rng.random() < options.partial
    centre = scene.mid_transit(rng, partial=partial_transit)
    if instrument is Instrument.FGS1:
        centre += 0.002 * rng.standard_normal()
    make = scene.fgs1_light if instrument is Instrument.FGS1 else scene.airs_light
    own = ctx.child("light", instrument).rng()
    return make(planet, options.pairs, centre, options.effects, own)


def detector_of(
    instrument: Instrument, options: SimulatedOptions, ctx: Context
) -> detector.Detector:
    """The true detector of a visit."""
    airs = (options.airs_rows, grid.AIRS_COLUMNS)
    rows, columns = airs if instrument is Instrument.AIRS else (options.fgs1_size,) * 2
    rng = ctx.child("detector", instrument).rng()
    return detector.draw(rng, rows, columns, options.effects)


def _raw(
    instrument: Instrument, planet: Planet, options: SimulatedOptions, ctx: Context
) -> RawInstrument:
    light = light_of(instrument, planet, options, ctx)
    pixels = detector_of(instrument, options, ctx)
    times = INTEGRATION[instrument]
    frames = SimulatedFrames(
        light,
        pixels,
        planet.converters[instrument],
        times,
        options.effects,
        partial(_block_rng, ctx.child("frames", instrument)),
    )
    # Stamps are starts of integrations: the pair's light is centred half the long one later.
    middle = light.hours - times[1] / 2 / 3600
    spectral = instrument is Instrument.AIRS
    return RawInstrument(
        instrument=instrument,
        frames=frames,
        adc=planet.converters[instrument],
        calibration=detector.calibration_frames(
            pixels, ctx.child("calibration", instrument).rng(), options.effects
        ),
        time=np.stack([middle - times[0] / 7200, middle + times[0] / 7200], axis=1).ravel(),
        integration_time=np.tile(times, light.hours.size),
        wavelength=grid.detector_wavelength() if spectral else None,
        bin_columns=grid.bin_columns() if spectral else None,
        bin_wavelength=_bins(instrument, options),
    )


def _curve(
    instrument: Instrument, planet: Planet, options: SimulatedOptions, ctx: Context
) -> LightCurve:
    return direct.light_curve(
        instrument,
        light_of(instrument, planet, options, ctx),
        detector_of(instrument, options, ctx),
        planet.converters[instrument],
        INTEGRATION[instrument][1] - INTEGRATION[instrument][0],
        grid.bin_columns() if instrument is Instrument.AIRS else np.array([0]),
        _bins(instrument, options),
        options.effects,
        options.time_bins,
        ctx.child("noise", instrument).rng(),
    )


def _bins(instrument: Instrument, options: SimulatedOptions) -> F8:
    wavelength = grid.bin_wavelength(options.edition)
    return wavelength[1:] if instrument is Instrument.AIRS else wavelength[:1]


def _block_rng(ctx: Context, block: int) -> np.random.Generator:
    return ctx.child(str(block)).rng()
