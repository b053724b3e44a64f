"""What this plugin offers. Light: importing it must not import numpy."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from spectramind_core.plugins import Component, Options, hookimpl


class BoxOptions(Options):
    """Options of the estimator `box`."""

    floor: float = Field(default=1e-5, gt=0)
    """Smallest standard deviation it claims, (Rp/Rs)^2."""


@hookimpl
def spectramind_estimators() -> Sequence[Component]:
    return [
        Component(
            kind="estimators",
            name="box",
            summary="depth from the flux inside against outside the transit",
            factory="spectramind_boxfit.box:BoxEstimator",
            options=BoxOptions,
            requires=("light_curves",),
            provides=("prediction",),
            references=("Kovács, Zucker & Mazeh 2002, A&A 391, 369: box-fitting least squares",),
        )
    ]


@hookimpl
def spectramind_diagnostics() -> Sequence[Component]:
    return [
        Component(
            kind="diagnostics",
            name="flatness",
            summary="whether spectra differ from flat lines",
            factory="spectramind_boxfit.flatness:FlatnessDiagnostic",
            requires=("prediction",),
        )
    ]
