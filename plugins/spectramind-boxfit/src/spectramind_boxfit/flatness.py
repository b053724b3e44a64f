"""The diagnostic `flatness`: does a planet's spectrum differ from a flat line?"""

from __future__ import annotations

import numpy as np

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import Axis, Bars, DiagnosticResult, Figure, Severity, Table
from spectramind_core.plugins import Options


class FlatnessDiagnostic:
    """Reduced chi-square of each spectrum about its own weighted mean."""

    def __init__(self, options: Options) -> None:
        pass

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        """Needs the prediction alone."""
        prediction = evidence.prediction
        weight = 1 / prediction.sigma**2
        mean = (weight * prediction.mu).sum(1, keepdims=True) / weight.sum(1, keepdims=True)
        freedom = max(prediction.wavelength.size - 1, 1)
        chi2 = (weight * (prediction.mu - mean) ** 2).sum(1) / freedom
        height, edges = np.histogram(np.log10(np.maximum(chi2, 1e-3)), bins=12)
        structured = int((chi2 > 1.5).sum())
        return DiagnosticResult(
            name="flatness",
            title="Flatness",
            guide="Reduced chi-square about a flat line: near 1 or below, nothing is seen.",
            verdict=f"{structured} of {chi2.size} spectra differ from a flat line",
            severity=Severity.OK if structured else Severity.NOTE,
            scalars={"median_reduced_chi2": float(np.median(chi2))},
            figures=(
                Figure(
                    name="flatness",
                    title="How far spectra are from flat",
                    x=Axis(label="log10 reduced chi-square"),
                    y=Axis(label="planets"),
                    layers=(
                        Bars(
                            name="planets",
                            left=edges[:-1],
                            right=edges[1:],
                            height=height.astype(float),
                        ),
                    ),
                ),
            ),
            tables=(
                Table(
                    name="flatness",
                    title="Reduced chi-square about a flat line",
                    columns={"planet": prediction.planet_ids, "chi2": tuple(chi2.tolist())},
                    planet_column="planet",
                ),
            ),
        )
