"""Small made-up nouns for tests: quick, seeded, and with a known answer.

This is no simulator (see spectramind-calib for one): shapes are trapezoids, noise is white.
"""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import (
    N_BINS,
    Adc,
    ArrayFrames,
    CalibrationFrames,
    Instrument,
    LightCurve,
    LightCurves,
    LightCurveSet,
    Observation,
    Prediction,
    RawInstrument,
    System,
    Truth,
)

SYSTEM = System(
    star_radius=1.1,
    star_mass=1.05,
    star_temperature=5700.0,
    planet_mass=0.9,
    period=4.0,
    semi_major_axis=9.5,
    inclination=89.0,
)


def wavelength_grid(bins: int = N_BINS) -> F8:
    """``[bins]`` micron: FGS1's 0.705, then AIRS from 1.95 to 3.9."""
    return np.concatenate([[0.705], np.linspace(1.95, 3.9, bins - 1)])


def planet_ids(planets: int) -> tuple[str, ...]:
    """Names that sort as they count."""
    return tuple(f"{1000 + i}" for i in range(planets))


def truth(rng: np.random.Generator, planets: int = 12, bins: int = N_BINS) -> Truth:
    """Smooth spectra of very different depths."""
    grid = wavelength_grid(bins)
    depth = 0.004 + 0.02 * rng.random((planets, 1))
    phase = rng.uniform(0, 2 * np.pi, (planets, 1))
    shape = np.sin(2.5 * grid[None, :] + phase) + 0.4 * np.sin(6 * grid[None, :] - phase)
    return Truth(
        planet_ids=planet_ids(planets), wavelength=grid, spectra=depth * (1 + 0.01 * shape)
    )


def prediction(
    rng: np.random.Generator, truth: Truth, *, error: float = 1e-4, claimed: float = 1e-4
) -> Prediction:
    """Truth plus Gaussian errors of size `error`, which claim to be of size `claimed`.

    Errors are heteroscedastic over planets by a factor of up to three, in `claimed` as well.
    """
    planets, bins = truth.spectra.shape
    scale = rng.uniform(1, 3, (planets, 1)) * np.ones(bins)
    return Prediction(
        planet_ids=truth.planet_ids,
        wavelength=truth.wavelength,
        mu=truth.spectra + error * scale * rng.standard_normal((planets, bins)),
        sigma=claimed * scale,
        latents=rng.standard_normal((planets, 4)),
        planet_features={
            "snr": 1 / scale[:, 0],
            "visits": np.ones(planets),
            "star_temperature": rng.uniform(4300, 6900, planets),
        },
        bin_features={
            "physics_depth": truth.spectra + error * rng.standard_normal((planets, bins)),
            "physics_sigma": claimed * scale,
        },
    )


def visit(
    rng: np.random.Generator,
    planet_id: str,
    spectrum: F8,
    wavelength: F8,
    *,
    number: int = 0,
    times: int = 90,
    noise: float = 3e-4,
) -> LightCurves:
    """Calibrated light curves of one visit: a trapezoidal transit in the middle of 7.5 hours."""
    hours = (np.arange(times) + 0.5) * 7.5 / times
    shape = np.clip((1.6 - np.abs(hours - 3.75)) / 0.3, 0, 1)

    def curve(instrument: Instrument, bins: slice, level: float) -> LightCurve:
        clean = level * (1 - shape[:, None] * spectrum[None, bins])
        error = np.full(clean.shape, level * noise)
        return LightCurve(
            instrument=instrument,
            time=hours,
            flux=clean + error * rng.standard_normal(clean.shape),
            variance=error**2,
            valid=np.ones(clean.shape, bool),
            wavelength=wavelength[bins],
        )

    return LightCurves(
        planet_id=planet_id,
        visit=number,
        system=SYSTEM,
        fgs1=curve(Instrument.FGS1, slice(0, 1), 2.2e5),
        airs=curve(Instrument.AIRS, slice(1, None), 3e4),
    )


def light_curves(rng: np.random.Generator, truth: Truth, *, times: int = 90) -> LightCurveSet:
    """One visit of every planet of `truth`."""
    return LightCurveSet.from_visits(
        [
            visit(rng, planet, spectrum, truth.wavelength, times=times)
            for planet, spectrum in zip(truth.planet_ids, truth.spectra, strict=True)
        ],
        truth.wavelength,
    )


def observation(*, electrons: float = 2000.0, frames: int = 48, bins: int = 6) -> Observation:
    """Raw frames of a constant star on a perfect detector: linear, dark-free, flat, noiseless.

    Parameters
    ----------
    electrons
        Electrons per ramp in the brightest pixel; the trace falls off over the rows.
    """

    def raw(instrument: Instrument, rows: int, columns: int, scale: int) -> RawInstrument:
        row = np.arange(rows)[:, None] - (rows - 1) / 2
        stamp = electrons * np.exp(-0.5 * (row / 1.2) ** 2) * np.ones((rows, columns))
        if instrument is Instrument.FGS1:
            column = np.arange(columns)[None, :] - (columns - 1) / 2
            stamp = stamp * np.exp(-0.5 * (column / 1.2) ** 2)
        # Zero electrons lie half way between two counts, so that rounding down, which costs half a
        # count on average, costs both reads of a ramp the same.
        adc = Adc(gain=0.4369, offset=-436.5 / 0.4369)
        ramp = np.zeros((frames * scale, rows, columns))
        ramp[1::2] = stamp
        counts = np.floor((ramp - adc.offset) * adc.gain).astype(np.uint16)
        spectral = instrument is Instrument.AIRS
        used = np.arange(columns)[1 : 1 + bins][::-1]
        detector_wavelength = np.linspace(4.0, 1.9, columns)
        ones = np.ones((rows, columns))
        linear = np.zeros((6, rows, columns))
        linear[1] = 1.0
        integration = (0.1, 4.6) if spectral else (0.1, 0.2)
        return RawInstrument(
            instrument=instrument,
            frames=ArrayFrames(counts),
            adc=adc,
            calibration=CalibrationFrames(
                dark=0 * ones, flat=ones, read=ones, dead=ones < 0, linear_corr=linear
            ),
            time=np.arange(frames * scale) * 7.5 / (frames * scale),
            integration_time=np.tile(integration, frames * scale // 2),
            wavelength=detector_wavelength if spectral else None,
            bin_columns=used if spectral else None,
            bin_wavelength=detector_wavelength[used] if spectral else np.array([0.705]),
        )

    return Observation(
        planet_id="1000",
        system=SYSTEM,
        fgs1=raw(Instrument.FGS1, 12, 12, 12),
        airs=raw(Instrument.AIRS, 16, bins + 2, 1),
    )
