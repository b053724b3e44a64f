"""Evidence as a finished run leaves it, made up with known answers: for tests and benchmarks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Estimator, Evidence, NamedInputs
from spectramind_core.contracts import Instrument, LightCurveSet, RuleReport, TransitFit, Truth
from spectramind_core.testing.outputs import evidence


class LinearEstimator:
    """``mu = values @ weights``: its Shapley values are known exactly."""

    def __init__(self, truth: Truth, regions: int = 4) -> None:
        rng = np.random.default_rng(5)
        self.truth, self.regions = truth, regions
        waves = truth.wavelength.size
        self.weights = rng.standard_normal((regions + 1, waves)) * 1e-4
        self.at = np.linspace(1.9, 3.9, regions)

    def explain_inputs(self, light_curves: LightCurveSet, *, ctx: Context) -> NamedInputs:
        rows = [int(planet) for planet in light_curves.planet_ids]
        every = np.random.default_rng(6).standard_normal((10_000, self.regions + 1))
        names = (*(f"depth near {w:.1f}" for w in self.at), "star temperature")
        wavelength = np.append(self.at, np.nan)
        return NamedInputs(names=names, groups=names, wavelength=wavelength, values=every[rows])

    def predict_from(self, values: F8, *, ctx: Context) -> tuple[F8, F8]:
        return 0.01 + values @ self.weights, 1e-4 + 1e-6 * values @ np.abs(self.weights)

    def attention(self, light_curves: LightCurveSet, *, ctx: Context) -> F8:
        waves = self.truth.wavelength.size
        near = np.exp(-np.abs(np.subtract.outer(np.arange(waves), np.arange(waves))) / 5.0)
        result: F8 = near / near.sum(axis=1, keepdims=True)
        return result


def fits(rng: np.random.Generator, truth: Truth, red: float = 0.0) -> tuple[TransitFit, ...]:
    """Transit fits with residuals of 200 ppm, white unless `red` (relative) is given."""
    found = []
    for planet, spectrum in zip(truth.planet_ids, truth.spectra, strict=True):
        for instrument, times in ((Instrument.FGS1, 400), (Instrument.AIRS, 200)):
            time = (np.arange(times) + 0.5) * 7.5 / times
            transit = 1 - spectrum.mean() * np.clip((1.6 - np.abs(time - 3.75)) / 0.3, 0, 1)
            drift = 1 + 3e-4 * (time - 3.75) / 3.75
            noise = rng.standard_normal(times) + red * np.sin(time * 3)
            found.append(
                TransitFit(
                    planet_id=planet, instrument=instrument, time=time,
                    flux=transit * drift + 2e-4 * noise, error=np.full(times, 2e-4),
                    transit=transit, drift=drift,
                    parameters={"radius_ratio": float(np.sqrt(spectrum.mean()))},
                    errors={"radius_ratio": 1e-3},
                    bin_wavelength=truth.wavelength, bin_residual=np.ones(truth.wavelength.size),
                )
            )  # fmt: skip
    return tuple(found)


def rules(rng: np.random.Generator, truth: Truth) -> RuleReport:
    """Three rules, the second of which is never broken."""
    shape = (3, *truth.spectra.shape)
    violation = np.maximum(rng.standard_normal(shape) - 1, 0)
    violation[1] = 0
    return RuleReport(
        rules=("smoothness", "bounds", "molecules"),
        planet_ids=truth.planet_ids,
        wavelength=truth.wavelength,
        weight=np.array([0.1, 0.0, 0.2]),
        violation=violation,
        influence=rng.standard_normal(shape),
    )


def _with_detector(curves: LightCurveSet) -> LightCurveSet:
    visits = []
    for index, planet in enumerate(curves.planet_ids):
        for visit in curves[planet]:
            assert visit.airs is not None
            jitter = np.random.default_rng(index).standard_normal(visit.airs.time.size)
            airs = visit.airs.replace(
                counts={"dead": 30 + index % 3, "cosmic_rays": 5000 if index == 2 else 50},
                housekeeping={"background": 13 + 0.1 * jitter, "centroid_y": 15.5 + 0.01 * jitter},
            )
            visits.append(visit.replace(airs=airs))
    return LightCurveSet.from_visits(visits, curves.wavelength)


EVENTS: tuple[Mapping[str, Any], ...] = (
    {"event": "run_start", "name": "test"},
    *(
        {
            "event": "epoch", "estimator": "v50", "stage": stage, "epoch": 10 * stage + epoch,
            "loss": 3.0 - 0.1 * epoch, "score": 0.3 + 0.02 * epoch + 0.1 * stage, "lr": 1e-3,
            "grad_norm": 2.0, "seconds": 1.5, "rule_smoothness": 1.0 / (epoch + 1),
        }
        for stage in range(2)
        for epoch in range(10)
    ),
    {"event": "stage_end", "stage": "train", "seconds": 30.0, "cached": 0},
    {"event": "planet_failed", "planet": "1999", "stage": "calibrate", "error": "truncated"},
)  # fmt: skip


def make_evidence(planets: int = 12, bins: int = 60, times: int = 40) -> Evidence:
    """Everything a run may know about so many planets, bins and time bins of a light curve."""
    given = evidence(planets, bins, times)
    truth, light_curves = given.truth, given.light_curves
    assert truth is not None
    assert light_curves is not None
    rng = np.random.default_rng(10)
    return replace(
        given,
        light_curves=_with_detector(light_curves),
        transit_fits=fits(rng, truth),
        rules=rules(rng, truth),
        estimator=cast(Estimator, LinearEstimator(truth)),
        events=EVENTS,
        manifest={"name": "a test", "command": ["smv50", "run", "spec.yaml"], "seed": 50},
    )
