"""Declares the calibrators of uncertainty."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_calib.uncertainty import options
from spectramind_core.plugins import Component, hookimpl

_ROOM = "spectramind_calib.uncertainty"
_VOVK = "Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World"


@hookimpl
def spectramind_calibrators() -> Sequence[Component]:
    """All five calibrators."""
    return [
        Component(
            kind="calibrators",
            name="temperature",
            summary="sigma times one factor, per instrument or per bin, by maximum likelihood",
            factory=f"{_ROOM}.temperature:Temperature",
            options=options.TemperatureOptions,
            requires=("truth",),
            references=("Guo et al. 2017, ICML, arXiv 1706.04599",),
        ),
        Component(
            kind="calibrators",
            name="instance",
            summary="sigma times a factor for each planet, from the planet's own evidence",
            revision=2,
            factory=f"{_ROOM}.instance:Instance",
            options=options.InstanceOptions,
            requires=("truth",),
            references=("Lange, Little & Taylor 1989, JASA 84, 881",),
        ),
        Component(
            kind="calibrators",
            name="conformal",
            summary="split conformal intervals for each bin",
            factory=f"{_ROOM}.conformal:Conformal",
            options=options.ConformalOptions,
            requires=("truth",),
            provides=("intervals",),
            references=(_VOVK, "Lei et al. 2018, JASA 113, 1094"),
        ),
        Component(
            kind="calibrators",
            name="corel",
            summary="relational conformal intervals: quantiles from a network over the bins' graph",
            revision=2,
            factory=f"{_ROOM}.corel.calibrator:Corel",
            options=options.CorelOptions,
            requires=("truth",),
            provides=("intervals",),
            references=(
                "Cini et al. 2025, ICML, arXiv 2502.09443",
                "Romano, Patterson & Candès 2019, NeurIPS, arXiv 1905.03222",
            ),
        ),
        Component(
            kind="calibrators",
            name="simultaneous",
            summary="bands that hold for all bins of a planet at once",
            factory=f"{_ROOM}.simultaneous:Simultaneous",
            options=options.SimultaneousOptions,
            requires=("truth",),
            provides=("bands",),
            references=(_VOVK, "Diquigiovanni, Fontana & Vantini 2022, J. Multivar. Anal. 189"),
        ),
    ]
