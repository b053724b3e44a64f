"""Declares the symbolic rules."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.rules import options

_MOLECULES = (
    "Tennyson et al. 2016, J. Mol. Spectrosc. 327, 73",
    "Gordon et al. 2022, JQSRT 277, 107949",
    "Encrenaz et al. 2015, Exp. Astron. 40, 523",
)


@hookimpl
def spectramind_rules() -> Sequence[Component]:
    """All seven rules."""
    return [
        Component(
            kind="rules",
            name="smoothness",
            summary="second differences of the spectrum stay small",
            factory="spectramind_models.rules.smoothness:Smoothness",
            options=options.SmoothnessOptions,
            references=("Eilers 2003, Anal. Chem. 75, 3631",),
        ),
        Component(
            kind="rules",
            name="total_variation",
            summary="the spectrum's total variation stays small",
            factory="spectramind_models.rules.total_variation:TotalVariation",
            options=options.TotalVariationOptions,
            references=("Rudin, Osher & Fatemi 1992, Physica D 60, 259",),
        ),
        Component(
            kind="rules",
            name="fft_power",
            summary="no structure finer than the instrument resolves",
            factory="spectramind_models.rules.fft_power:FftPower",
            options=options.FftPowerOptions,
        ),
        Component(
            kind="rules",
            name="bounds",
            summary="mu and sigma are not negative and within bounds",
            factory="spectramind_models.rules.bounds:Bounds",
            options=options.BoundsOptions,
        ),
        Component(
            kind="rules",
            name="asymmetry",
            summary="narrow features rise above their sides, they dig no holes",
            factory="spectramind_models.rules.asymmetry:Asymmetry",
            options=options.AsymmetryOptions,
        ),
        Component(
            kind="rules",
            name="molecular_coherence",
            summary="the bands of one molecule move together",
            factory="spectramind_models.rules.molecular_coherence:MolecularCoherence",
            options=options.MolecularCoherenceOptions,
            references=_MOLECULES,
        ),
        Component(
            kind="rules",
            name="photonic_alignment",
            revision=2,
            summary="FGS1's transit agrees with AIRS's: in time, in depth and with white light",
            factory="spectramind_models.rules.photonic_alignment:PhotonicAlignment",
            options=options.PhotonicAlignmentOptions,
        ),
    ]
