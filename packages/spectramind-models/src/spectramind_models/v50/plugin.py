"""Declares estimator v50."""

from __future__ import annotations

from collections.abc import Sequence

from spectramind_core.plugins import Component, Slot, hookimpl
from spectramind_models.v50.options import V50Options


@hookimpl
def spectramind_estimators() -> Sequence[Component]:
    """Physics first, then a network that corrects what physics left."""
    return [
        Component(
            kind="estimators",
            name="v50",
            revision=6,
            summary="a network of FGS1 and AIRS encoders that corrects the physics posterior",
            factory="spectramind_models.v50.estimator:V50",
            options=V50Options,
            requires=("light_curves", "truth"),
            provides=("prediction", "latents"),
            slots=(
                Slot(name="fgs1", kind="encoders", default="mamba"),
                Slot(name="airs", kind="encoders", default="gat"),
                Slot(name="mu", kind="heads", default="residual_mu", provides=("mu",)),
                Slot(name="sigma", kind="heads", default="scaled_sigma", provides=("sigma",)),
                Slot(name="covariance", kind="heads", provides=("factors",)),
            ),
            takes_rules=True,
            references=(
                "Gu & Dao 2023, arXiv 2312.00752",
                "Brody, Alon & Yahav 2022, ICLR (GATv2)",
                "Perez et al. 2018, AAAI (FiLM)",
                "Lakshminarayanan, Pritzel & Blundell 2017, NeurIPS (deep ensembles)",
            ),
        )
    ]
