"""The conformance kit passes what is right, and catches each wrong component by its check."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stand_ins

from spectramind_core.components import Context, Evidence, Labelled
from spectramind_core.contracts import DiagnosticResult, LightCurveSet, Prediction
from spectramind_core.plugins import Component, Options, Registry
from spectramind_core.testing import (
    CalibratorTests,
    DiagnosticTests,
    EstimatorTests,
    ExecutorTests,
    ExporterTests,
    ReportTests,
    SourceTests,
    TrackerTests,
)


class StandIns:
    """The stand-ins, registered by hand."""

    def registry(self) -> Registry:
        registry = Registry()
        registry.register(stand_ins, distribution="stand-ins")
        return registry


class TestToySource(StandIns, SourceTests):
    name = "toy"


class TestBox(StandIns, EstimatorTests):
    name = "box"

    # The stand-in needs both instruments and knows nothing of masks.
    test_a_missing_instrument_still_gives_a_whole_spectrum = None
    test_samples_marked_invalid_do_not_matter = None


class TestFactor(StandIns, CalibratorTests):
    name = "factor"


class TestCount(StandIns, DiagnosticTests):
    name = "count"


class TestText(StandIns, ReportTests):
    name = "text"


class TestChallengeCsv(ExporterTests):
    name = "challenge_csv"


class TestLongCsv(ExporterTests):
    name = "long_csv"


class TestSerial(ExecutorTests):
    name = "serial"


class TestProcesses(ExecutorTests):
    name = "processes"
    options = {"workers": 2}


class TestCsvTracker(TrackerTests):
    name = "csv"


# Deliberately wrong components. Each inherits a right one and spoils one thing.


class Loud(stand_ins.BoxEstimator):
    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        super().fit(training, validation=validation, ctx=ctx)
        print("done!")


class Gambler(stand_ins.BoxEstimator):
    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        found = super().predict(light_curves, ctx=ctx)
        noise = np.random.default_rng().standard_normal(found.mu.shape)
        return found.replace(mu=found.mu + 1e-6 * noise)


class GlobalState(stand_ins.BoxEstimator):
    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        np.random.rand()  # noqa: NPY002 (the fault)
        return super().predict(light_curves, ctx=ctx)


class Crowd(stand_ins.BoxEstimator):
    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        found = super().predict(light_curves, ctx=ctx)
        return found.replace(mu=found.mu - 0.1 * found.mu.mean(0))


class Forgetful(stand_ins.BoxEstimator):
    def load(self, folder: Path) -> None:
        self._scatter = 1e-3


class Unsorted(stand_ins.BoxEstimator):
    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        found = super().predict(light_curves, ctx=ctx)
        return found.of(sorted(found.planet_ids, reverse=True))


class Upside(stand_ins.BoxEstimator):
    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        found = super().predict(light_curves, ctx=ctx)
        return found.replace(mu=0.05 - found.mu)


class Timid(stand_ins.FactorCalibrator):
    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        return prediction.replace(sigma=prediction.sigma * self._factor * 2)


class Touchy(stand_ins.CountDiagnostic):
    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        assert evidence.truth is not None, "I want the truth"
        return super().run(evidence, ctx=ctx)


class Naive(stand_ins.TextReport):
    def write(
        self, results: Sequence[DiagnosticResult], evidence: Evidence, *, folder: Path, ctx: Context
    ) -> tuple[Path, ...]:
        page = folder / "report.html"
        page.write_text(
            "<script src='https://cdn.example/x.js'></script>"
            + "".join(f"<h1>{result.title}</h1>" for result in results)
        )
        return (page,)


class Fickle(stand_ins.ToySource):
    def digest(self, visit: Any, *, ctx: Context) -> str:
        return "always the same"


class Undescribed(Options):
    mystery: int = 1


WRONG = [
    (EstimatorTests, Loud, "test_it_is_silent_and_leaves_global_random_state_alone"),
    (EstimatorTests, GlobalState, "test_it_is_silent_and_leaves_global_random_state_alone"),
    (EstimatorTests, Gambler, "test_predicting_twice_gives_the_same"),
    (EstimatorTests, Crowd, "test_a_planets_row_does_not_depend_on_the_others"),
    (EstimatorTests, Forgetful, "test_what_is_loaded_predicts_what_was_saved"),
    (EstimatorTests, Unsorted, "test_it_predicts_one_row_per_planet_in_order"),
    (EstimatorTests, Upside, "test_a_deeper_transit_is_predicted_deeper"),
    (CalibratorTests, Timid, "test_one_sigma_covers_what_it_promises"),
    (DiagnosticTests, Touchy, "test_absent_evidence_is_said_and_never_raises"),
    (ReportTests, Naive, "test_text_from_outside_stays_text"),
    (ReportTests, Naive, "test_a_page_loads_nothing_from_the_network"),
    (SourceTests, Fickle, "test_different_visits_have_different_digests"),
]


@pytest.mark.parametrize(("base", "wrong", "check"), WRONG, ids=lambda v: getattr(v, "__name__", v))
def test_a_wrong_component_is_caught_by_the_check_named_for_it(
    base: type[Any], wrong: type[Any], check: str, ctx: Context, tmp_path: Path
) -> None:
    options = next(
        (
            getattr(stand_ins, name)
            for name in ("SourceOptions", "EstimatorOptions")
            if name.startswith(base.__name__.removesuffix("Tests"))
        ),
        Options,
    )

    class Suite(base):  # type: ignore[misc]
        name = "wrong"

        def build(self) -> Any:
            return wrong(options())

        def component(self) -> Component:
            return Component(kind=self.kind, name="wrong", summary="wrong", factory="a.b:c")

    method = getattr(Suite(), check)
    wanted = method.__code__.co_varnames[1 : method.__code__.co_argcount]
    given = {"ctx": ctx, "tmp_path": tmp_path}
    with pytest.raises(AssertionError):
        method(**{name: given[name] for name in wanted})


def test_an_undescribed_option_is_caught() -> None:
    class Suite(ExporterTests):
        name = "x"

        def component(self) -> Component:
            return Component(
                kind="exporters", name="x", summary="x", factory="a.b:c", options=Undescribed
            )

    with pytest.raises(AssertionError):
        Suite().test_every_option_is_described_and_has_a_default()


def test_state_files_are_plain_json(tmp_path: Path) -> None:
    estimator = stand_ins.BoxEstimator(stand_ins.EstimatorOptions())
    estimator.save(tmp_path)
    assert json.loads((tmp_path / "state.json").read_text()) == {"scatter": 0.0}
