"""A small world of its own: light curves by batman, with noise and drift as measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import batman
import numpy as np
import pytest

from spectramind_core.arrays import F8
from spectramind_core.contracts import Instrument, LightCurve, LightCurves, System

FGS1_WAVELENGTH = 0.7


def grid(bins: int) -> F8:
    """FGS1 and so many AIRS bins."""
    return np.concatenate([[FGS1_WAVELENGTH], np.linspace(1.95, 3.9, bins)])


@dataclass
class World:
    """One planet and how it is observed; every number may be changed."""

    planet_id: str = "1"
    wavelength: F8 = field(default_factory=lambda: grid(40))
    depth: F8 | None = None
    mid_transit: float = 3.7
    clock: float = 0.01
    """Hours that AIRS lags behind."""
    period_days: float = 4.2
    semi_major_axis: float = 10.0
    inclination: float = 88.0
    temperature: float = 5200.0
    hours: float = 7.5
    samples: int = 187
    drift: float = 3e-4
    noise: float = 1.0
    """Times the realistic one."""
    outliers: int = 0

    def spectrum(self) -> F8:
        if self.depth is not None:
            return self.depth
        x = (self.wavelength - 1.95) / 1.95
        return 0.0147 * (1 + 0.01 * np.sin(9 * x) + 0.004 * np.cos(31 * x))

    def system(self) -> System:
        return System(
            star_radius=1.0,
            star_mass=1.0,
            star_temperature=self.temperature,
            planet_mass=1.0,
            period=self.period_days,
            semi_major_axis=self.semi_major_axis * 1.02,
            inclination=self.inclination - 0.3,
        )

    def observe(self, seed: int, *, visit: int = 0, system: bool = True) -> LightCurves:
        rng = np.random.default_rng([seed, visit])
        spectrum = self.spectrum()
        curves: dict[str, Any] = {}
        for name, instrument, bins in (
            ("fgs1", Instrument.FGS1, slice(0, 1)),
            ("airs", Instrument.AIRS, slice(1, None)),
        ):
            lag = self.clock if name == "airs" else 0.0
            curves[name] = self._curve(
                rng, instrument, self.wavelength[bins], spectrum[bins], self.mid_transit + lag
            )
        return LightCurves(
            planet_id=self.planet_id,
            visit=visit,
            system=self.system() if system else None,
            **curves,
        )

    def _curve(
        self, rng: np.random.Generator, instrument: Instrument, wl: F8, depth: F8, mid: float
    ) -> LightCurve:
        step = self.hours / self.samples
        time = (np.arange(self.samples) + 0.5) * step
        optical = instrument is Instrument.FGS1
        u1 = np.full(wl.size, 0.42) if optical else 0.10 - 0.02 * (wl - 2.9)
        u2 = np.full(wl.size, 0.22) if optical else 0.16 - 0.05 * (wl - 2.9)
        clean = np.stack(
            [self._transit(time, step, d, mid, u) for d, *u in zip(depth, u1, u2, strict=True)],
            axis=1,
        )
        x = 2 * time / self.hours - 1
        q = np.polynomial.polynomial.polyval((wl - 2.9) / 1.0, rng.normal(size=3) * [1, 0.3, 0.1])
        p = np.polynomial.chebyshev.chebval(x, [0, *(rng.normal(size=4) / [1, 2, 3, 4])])
        level = 2.2e5 * 360 if optical else 1e5 * np.exp(-(wl - 1.95) * 1.5) * 30
        level = np.broadcast_to(level, wl.shape)
        relative = (7e-5 if optical else 7e-4 * np.exp((wl - 1.95) * 0.9)) * self.noise
        relative = np.broadcast_to(relative * np.sqrt(187 / self.samples), wl.shape)
        flux = clean * (1 + self.drift * np.outer(p, q))
        flux = flux + relative * rng.normal(size=flux.shape)
        for _ in range(self.outliers):
            flux[rng.integers(self.samples), rng.integers(wl.size)] *= 1 + 0.05 * rng.choice(
                [-1, 1]
            )
        return LightCurve(
            instrument=instrument,
            time=time,
            flux=flux * level,
            variance=np.broadcast_to((relative * level) ** 2, flux.shape),
            valid=np.ones(flux.shape, bool),
            wavelength=wl,
        )

    def _transit(self, time: F8, step: float, depth: float, mid: float, u: list[float]) -> F8:
        params = batman.TransitParams()
        params.t0, params.per = mid, self.period_days * 24
        params.rp, params.a, params.inc = np.sqrt(depth), self.semi_major_axis, self.inclination
        params.ecc, params.w, params.limb_dark, params.u = 0.0, 90.0, "quadratic", list(u)
        model = batman.TransitModel(params, time, supersample_factor=7, exp_time=step)
        flux: F8 = model.light_curve(params)
        return flux


@pytest.fixture
def world() -> type[World]:
    return World
