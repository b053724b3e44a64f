"""Every component of this distribution passes the conformance kit of its kind."""

from __future__ import annotations

import pytest

from spectramind_core.testing import DiagnosticTests, ReportTests


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
    options = {"methods": ["pca", "tsne"]}


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


class TestBokeh(ReportTests):
    name = "bokeh"


class TestMarkdown(ReportTests):
    name = "markdown"


@pytest.mark.slow
class TestPng(ReportTests):
    name = "png"

    def result(self):  # type: ignore[no-untyped-def]
        """A picture needs a figure to be a picture of."""
        import numpy as np

        from spectramind_core.contracts import Axis, Figure, Line

        x = np.arange(3.0)
        figure = Figure(
            name="line",
            title="$not mathematics",
            x=Axis(label="x"),
            y=Axis(label="y"),
            layers=(Line(name="l", x=x, y=x),),
        )
        return super().result().replace(figures=(figure,))
