"""Small components of every kind a run needs, in numpy alone, that fail where they are told to."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from spectramind_core.components import Context, Evidence, Labelled, Visit
from spectramind_core.contracts import (
    DiagnosticResult,
    LightCurves,
    LightCurveSet,
    Observation,
    Prediction,
    Severity,
    Truth,
)
from spectramind_core.errors import DataError
from spectramind_core.plugins import Component, Options, hookimpl
from spectramind_core.testing import synthetic

FAULT = "STAND_IN_FAULT"
"""Environment variable: ``<place>=<what>`` with what one of kill, interrupt, error."""


def maybe_fail(place: str) -> None:
    """Do what the environment says should happen here."""
    where, _, what = os.environ.get(FAULT, "").partition("=")
    if where != place:
        return
    if what == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "interrupt":
        raise KeyboardInterrupt
    raise RuntimeError(f"told to fail at {place}")


class SourceOptions(Options):
    planets: int = Field(default=24, ge=0)
    """Labelled planets."""
    test: int = Field(default=4, ge=0)
    """Test planets."""
    damaged: tuple[str, ...] = ()
    """Planets that cannot be opened."""
    twice: bool = False
    """List the first planet twice."""
    both: bool = False
    """List the first planet in both partitions."""


class ToySource:
    def __init__(self, options: SourceOptions) -> None:
        self._options = options
        total = options.planets + options.test
        self._truth = synthetic.truth(np.random.default_rng(0), total) if total else None

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]:
        names = synthetic.planet_ids(self._options.planets + self._options.test)
        labelled = self._options.planets
        visits = [
            Visit(name, 0, "train" if i < labelled else "test") for i, name in enumerate(names)
        ]
        extra = visits[:1] if self._options.twice else []
        if self._options.both:
            extra.append(Visit(visits[0].planet_id, 1, "test"))
        return (*visits, *extra)

    def wavelength(self, *, ctx: Context) -> Any:
        return synthetic.wavelength_grid()

    def truth(self, *, ctx: Context) -> Truth | None:
        return self._truth

    def open(self, visit: Visit, *, ctx: Context) -> Observation | LightCurves:
        maybe_fail(f"open {visit.planet_id}")
        if visit.planet_id in self._options.damaged:
            raise DataError("made to be damaged", where=f"planet {visit.planet_id}")
        assert self._truth is not None
        spectrum = self._truth.of([visit.planet_id]).spectra[0]
        return synthetic.visit(ctx.rng(), visit.planet_id, spectrum, self._truth.wavelength)

    def digest(self, visit: Visit, *, ctx: Context) -> str:
        return f"{visit.planet_id}"


class ToyDetector:
    def __init__(self, options: Options) -> None:
        pass

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        raise AssertionError("the toy source gives light curves")


class EstimatorOptions(Options):
    bias: float = 0.0
    """Added to every depth."""


class BoxEstimator:
    """Depth from the middle of a visit against its ends."""

    def __init__(self, options: EstimatorOptions) -> None:
        self._bias = options.bias
        self._scatter = 0.0

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        (ctx.folder / "half-done").write_text("checkpoint")
        maybe_fail("fit")
        residual = self._depths(training.light_curves) - training.truth.spectra
        self._scatter = float(residual.std()) / 2
        ctx.metrics("epoch", {"epoch": 1, "loss": self._scatter})

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        maybe_fail("predict")
        mu = self._depths(light_curves)
        return Prediction(
            planet_ids=light_curves.planet_ids,
            wavelength=light_curves.wavelength,
            mu=mu,
            sigma=np.full(mu.shape, self._scatter),
        )

    def save(self, folder: Path) -> None:
        (folder / "state.json").write_text(json.dumps({"scatter": self._scatter}))

    def load(self, folder: Path) -> None:
        self._scatter = json.loads((folder / "state.json").read_text())["scatter"]

    def _depths(self, light_curves: LightCurveSet) -> Any:
        rows = []
        for (visit,) in light_curves:
            assert visit.fgs1 is not None
            assert visit.airs is not None
            flux = np.concatenate([visit.fgs1.flux, visit.airs.flux], axis=1)
            hours = np.abs(visit.airs.time - 3.75)
            rows.append(1 - flux[hours < 1.2].mean(0) / flux[hours > 1.7].mean(0) + self._bias)
        return np.array(rows)


class FactorCalibrator:
    def __init__(self, options: Options) -> None:
        self._factor = 1.0

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        maybe_fail("recalibrate")
        pulls = (prediction.mu - truth.spectra) / prediction.sigma
        self._factor = float(pulls.std())
        (ctx.folder / "factor.csv").write_text(f"factor\n{self._factor}\n")

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        return prediction.replace(sigma=prediction.sigma * self._factor)

    def save(self, folder: Path) -> None:
        (folder / "state.json").write_text(json.dumps({"factor": self._factor}))

    def load(self, folder: Path) -> None:
        self._factor = json.loads((folder / "state.json").read_text())["factor"]


class CountDiagnostic:
    def __init__(self, options: Options) -> None:
        pass

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        maybe_fail("diagnose")
        return DiagnosticResult(
            name="count",
            title="Count",
            guide="How many planets there are.",
            verdict=f"{len(evidence.prediction.planet_ids)} planets",
            severity=Severity.OK,
        )


class TextReport:
    def __init__(self, options: Options) -> None:
        pass

    def write(
        self,
        results: Sequence[DiagnosticResult],
        evidence: Evidence,
        *,
        folder: Path,
        ctx: Context,
    ) -> tuple[Path, ...]:
        maybe_fail("report")
        path = folder / "report.txt"
        path.write_text("\n".join(result.verdict for result in results))
        return (path,)


class DeafTracker:
    """A tracker that fails at the first event."""

    def __init__(self, options: Options) -> None:
        pass

    def start(self, manifest: Any, *, ctx: Context) -> None:
        pass

    def event(self, name: str, values: Any) -> None:
        raise RuntimeError("deaf")

    def end(self, *, failed: bool) -> None:
        pass


def _component(kind: str, name: str, factory: str, **more: Any) -> Component:
    return Component(
        kind=kind, name=name, summary=f"stand-in {name}", factory=f"stand_ins:{factory}", **more
    )


@hookimpl
def spectramind_sources() -> list[Component]:
    return [_component("sources", "toy", "ToySource", options=SourceOptions)]


@hookimpl
def spectramind_detector_calibrations() -> list[Component]:
    return [_component("detector_calibrations", "toy_detector", "ToyDetector")]


@hookimpl
def spectramind_estimators() -> list[Component]:
    return [_component("estimators", "box", "BoxEstimator", options=EstimatorOptions)]


@hookimpl
def spectramind_calibrators() -> list[Component]:
    return [
        _component("calibrators", "factor", "FactorCalibrator"),
        _component("calibrators", "needy", "FactorCalibrator", requires=("intervals",)),
    ]


@hookimpl
def spectramind_diagnostics() -> list[Component]:
    return [_component("diagnostics", "count", "CountDiagnostic")]


@hookimpl
def spectramind_reports() -> list[Component]:
    return [_component("reports", "text", "TextReport")]


@hookimpl
def spectramind_trackers() -> list[Component]:
    return [_component("trackers", "deaf", "DeafTracker")]


@hookimpl
def spectramind_event(name: str, values: Any) -> None:
    maybe_fail(f"{name} {values.get('stage')}")


@hookimpl
def spectramind_manifest() -> dict[str, Any]:
    return {"stand_ins": "used"}


SPEC: dict[str, Any] = {
    "spec": 1,
    "name": "toy",
    "data": {"source": {"use": "toy"}, "split": {"calibration": 0.25}},
    "detector": "toy_detector",
    "model": {"estimator": "box", "baselines": [{"use": "box", "options": {"bias": 0.001}}]},
    "uncertainty": ["factor"],
    "diagnostics": ["count"],
    "reports": ["text"],
    "submit": ["challenge_csv", "long_csv"],
}
