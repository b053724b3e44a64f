"""What this distribution offers: eleven diagnostics and three reports."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins.declaration import Component, Options
from spectramind_core.plugins.hookspecs import hookimpl
from spectramind_diag.options import (
    AttributionOptions,
    DetectorOptions,
    LatentsOptions,
    LightCurvesOptions,
    MarkdownOptions,
    PngOptions,
    ScoreOptions,
    SymbolicOptions,
)


def _diagnostic(
    name: str,
    summary: str,
    factory: str,
    options: type[Options] = Options,
    references: tuple[str, ...] = (),
    revision: int = 1,
) -> Component:
    return Component(
        kind="diagnostics",
        name=name,
        revision=revision,
        summary=summary,
        factory=f"spectramind_diag.diagnostics.{name}:{factory}",
        options=options,
        requires=("prediction",),
        references=references,
    )


@hookimpl
def spectramind_diagnostics() -> Sequence[Component]:
    return [
        _diagnostic(
            "score",
            "score per planet and bin, worst of each, against the baselines",
            "ScoreDiagnostic",
            ScoreOptions,
        ),
        _diagnostic("spectra", "mu and sigma with truth, residuals and pulls", "SpectraDiagnostic"),
        _diagnostic(
            "light_curves",
            "white light, transit fit, drift, residual autocorrelation and Allan curve",
            "LightCurvesDiagnostic",
            LightCurvesOptions,
            ("Pont, Zucker & Queloz 2006, MNRAS 373, 231",),
        ),
        _diagnostic(
            "frequency",
            "FFT power and autocorrelation of mu and residuals against the training spectra",
            "FrequencyDiagnostic",
        ),
        _diagnostic(
            "latents",
            "PCA, t-SNE and UMAP of the latents in 2-D and 3-D",
            "LatentsDiagnostic",
            LatentsOptions,
            (
                "van der Maaten & Hinton 2008, JMLR 9, 2579",
                "McInnes, Healy & Melville 2018, arXiv 1802.03426",
            ),
        ),
        _diagnostic(
            "attribution",
            "SHAP for mu and sigma on named inputs, attention between bins, their agreement",
            "AttributionDiagnostic",
            AttributionOptions,
            ("Lundberg & Lee 2017, NeurIPS, arXiv 1705.07874",),
        ),
        _diagnostic(
            "symbolic",
            "violations and influence of symbolic rules by rule, planet and bin",
            "SymbolicDiagnostic",
            SymbolicOptions,
        ),
        _diagnostic(
            "calibration",
            "reliability, PIT, coverage by kind of bin and planet, before and after calibrators",
            "CalibrationDiagnostic",
            references=(
                "Gneiting & Raftery 2007, JASA 102, 359",
                "Dawid 1984, JRSS A 147, 278",
            ),
            revision=3,
        ),
        _diagnostic(
            "detector",
            "bad pixels, cosmic rays, background and jitter per visit; outlying visits",
            "DetectorDiagnostic",
            DetectorOptions,
            revision=2,
        ),
        _diagnostic(
            "training",
            "loss, score, learning rate, gradient norm and time by stage",
            "TrainingDiagnostic",
        ),
        _diagnostic(
            "comparison",
            "this run beside other run folders, planet by planet",
            "ComparisonDiagnostic",
        ),
    ]


@hookimpl
def spectramind_reports() -> Sequence[Component]:
    return [
        Component(
            kind="reports",
            name="bokeh",
            summary="one self-contained, interactive HTML page",
            factory="spectramind_diag.report.page:BokehReport",
        ),
        Component(
            kind="reports",
            name="markdown",
            summary="verdicts and tables as Markdown, for terminals and CI",
            factory="spectramind_diag.report.markdown:MarkdownReport",
            options=MarkdownOptions,
        ),
        Component(
            kind="reports",
            name="png",
            summary="a picture of each figure, for papers",
            factory="spectramind_diag.report.png:PngReport",
            options=PngOptions,
        ),
    ]
