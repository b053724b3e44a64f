"""Declares the heads."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.heads.options import (
    LowRankOptions,
    ResidualMuOptions,
    ScaledSigmaOptions,
)


@hookimpl
def spectramind_heads() -> Sequence[Component]:
    """All three heads."""
    return [
        Component(
            kind="heads",
            name="residual_mu",
            summary="mu as a correction to the physics posterior, in its sigma",
            factory="spectramind_models.heads.residual_mu:ResidualMu",
            options=ResidualMuOptions,
            provides=("mu",),
        ),
        Component(
            kind="heads",
            name="scaled_sigma",
            summary="sigma as the physics posterior's, scaled bin by bin",
            factory="spectramind_models.heads.scaled_sigma:ScaledSigma",
            options=ScaledSigmaOptions,
            provides=("sigma",),
        ),
        Component(
            kind="heads",
            name="low_rank",
            summary="a few factors that errors of different bins share",
            factory="spectramind_models.heads.low_rank:LowRank",
            options=LowRankOptions,
            provides=("factors",),
        ),
    ]
