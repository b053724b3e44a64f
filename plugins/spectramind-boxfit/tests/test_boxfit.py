"""The example plugin keeps to the conformance kit, and finds depths it should find."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_core.components import Context, Evidence
from spectramind_core.plugins import Registry
from spectramind_core.testing import DiagnosticTests, EstimatorTests, synthetic

pytest.importorskip("spectramind_boxfit", reason="pip install plugins/spectramind-boxfit")

from spectramind_boxfit import plugin
from spectramind_boxfit.box import depths
from spectramind_boxfit.flatness import FlatnessDiagnostic


class ByHand:
    def registry(self) -> Registry:
        registry = Registry()
        registry.register(plugin, distribution="spectramind-boxfit")
        return registry


class TestBox(ByHand, EstimatorTests):
    name = "box"
    bins = 40


class TestFlatness(ByHand, DiagnosticTests):
    name = "flatness"


def test_a_box_finds_the_depth_within_its_error() -> None:
    grid = synthetic.wavelength_grid(30)
    visit = synthetic.visit(np.random.default_rng(0), "1", np.full(30, 0.01), grid)
    assert visit.airs is not None
    found, variance = depths(visit.airs)
    # A trapezoid's slopes are shared between inside and outside, which costs some depth.
    assert abs(found.mean() - 0.01) < 0.001
    assert found.std() < 2 * np.sqrt(variance.mean())


def test_a_structured_spectrum_is_not_flat(ctx: Context) -> None:
    truth = synthetic.truth(np.random.default_rng(1), 4)
    prediction = synthetic.prediction(np.random.default_rng(2), truth, error=1e-6, claimed=1e-6)
    flat = prediction.replace(mu=np.full_like(prediction.mu, 0.01))
    look = FlatnessDiagnostic(plugin.Options())
    assert look.run(Evidence(prediction=prediction), ctx=ctx).scalars["median_reduced_chi2"] > 10
    assert look.run(Evidence(prediction=flat), ctx=ctx).scalars["median_reduced_chi2"] < 1e-6
