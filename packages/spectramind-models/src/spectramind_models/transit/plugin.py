"""Declares the estimators `transit` and `wiener`."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.transit.options import TransitOptions, WienerOptions

_PAPERS = (
    "Mandel & Agol 2002, ApJ 580, L171",
    "Agol, Luger & Foreman-Mackey 2020, AJ 159, 123",
)


@hookimpl
def spectramind_estimators() -> Sequence[Component]:
    return [
        Component(
            kind="estimators",
            name="transit",
            summary="depths by physics alone: transit, limb darkening and drift fitted jointly",
            revision=4,
            factory="spectramind_models.transit.estimators:Transit",
            options=TransitOptions,
            requires=("light_curves", "truth"),
            provides=("prediction", "transit_fits"),
            references=_PAPERS,
        ),
        Component(
            kind="estimators",
            name="wiener",
            summary="Gaussian posterior of the transit depths with training spectra as prior",
            revision=4,
            factory="spectramind_models.transit.estimators:Wiener",
            options=WienerOptions,
            requires=("light_curves", "truth"),
            provides=("prediction", "transit_fits"),
            references=_PAPERS,
        ),
    ]
