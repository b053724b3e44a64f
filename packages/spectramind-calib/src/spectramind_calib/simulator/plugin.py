"""What this room offers: the simulator as a source."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_core.plugins import Component, hookimpl


@hookimpl
def spectramind_sources() -> Sequence[Component]:
    return [
        Component(
            kind="sources",
            name="simulated",
            revision=5,
            summary="the built-in simulator: planets, light and detector of the challenge",
            factory="spectramind_calib.simulator.source:SimulatedSource",
            options=SimulatedOptions,
            provides=("frames", "light_curves", "truth", "system"),
            references=(
                "Kreidberg 2015, PASP 127, 1161: batman",
                "Lecavelier des Etangs et al. 2008, A&A 481, L83: transmission spectra",
                "Mugnai et al. 2025, ExoSim 2: the order of detector effects",
            ),
        )
    ]
