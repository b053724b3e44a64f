"""Every diagnostic keeps to the kit, and its numbers equal numbers counted independently."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import Severity
from spectramind_core.plugins import Registry
from spectramind_core.scoring import score
from spectramind_core.testing import DiagnosticTests
from spectramind_core.testing.outputs import evidence

NAMES = (
    "score",
    "spectra",
    "light_curves",
    "frequency",
    "latents",
    "attribution",
    "symbolic",
    "calibration",
    "detector",
    "training",
    "comparison",
)


class TestScore(DiagnosticTests):
    name = "score"


class TestSpectra(DiagnosticTests):
    name = "spectra"


class TestLightCurves(DiagnosticTests):
    name = "light_curves"


class TestFrequency(DiagnosticTests):
    name = "frequency"


class TestLatents(DiagnosticTests):
    name = "latents"
    options = {"methods": ("pca", "tsne")}


class TestAttribution(DiagnosticTests):
    name = "attribution"


class TestSymbolic(DiagnosticTests):
    name = "symbolic"


class TestCalibration(DiagnosticTests):
    name = "calibration"


class TestDetector(DiagnosticTests):
    name = "detector"


class TestTraining(DiagnosticTests):
    name = "training"


class TestComparison(DiagnosticTests):
    name = "comparison"


def _built(name: str):  # type: ignore[no-untyped-def]
    registry = Registry.installed()
    component = registry.resolve("diagnostics", name)
    quick = {"methods": ("pca",)} if name == "latents" else {}
    return registry.build(component, component.options(**quick))


@pytest.mark.parametrize("name", NAMES)
def test_one_planet_and_a_constant_spectrum_are_no_trouble(name: str, ctx: Context) -> None:
    whole = evidence(1)
    flat = whole.prediction.replace(mu=np.full_like(whole.prediction.mu, 0.01), latents=None)
    assert whole.truth is not None
    one = Evidence(
        prediction=flat,
        steps=(("estimator", flat),),
        truth=whole.truth.replace(spectra=np.full_like(whole.truth.spectra, 0.01)),
        light_curves=whole.light_curves,
    )
    assert _built(name).run(one, ctx=ctx).verdict


def test_the_score_is_the_scoring_modules(ctx: Context) -> None:
    given = evidence()
    assert given.truth is not None
    assert given.scoring_mean is not None
    assert given.scoring_std is not None
    expected = score(given.prediction, given.truth, mean=given.scoring_mean, std=given.scoring_std)
    found = _built("score").run(given, ctx=ctx)
    assert found.scalars["score"] == pytest.approx(expected.value)
    residual = given.prediction.mu - given.truth.spectra
    assert found.scalars["rmse_ppm"] == pytest.approx(np.sqrt((residual**2).mean()) * 1e6)


def test_missing_latents_are_said(ctx: Context) -> None:
    given = evidence()
    bare = Evidence(prediction=given.prediction.replace(latents=None))
    assert _built("latents").run(bare, ctx=ctx).severity is Severity.MISSING


def test_factories_lie_where_the_plugin_says() -> None:
    registry = Registry.installed()
    for name in NAMES:
        module, _, attribute = registry.resolve("diagnostics", name).factory.partition(":")
        assert hasattr(import_module(module), attribute)
