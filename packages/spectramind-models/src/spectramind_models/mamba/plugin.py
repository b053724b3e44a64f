"""What this room offers: encoders of sequences."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from spectramind_core.plugins import Component, hookimpl
from spectramind_models.mamba.options import MambaOptions, TransformerOptions


@hookimpl
def spectramind_encoders() -> Sequence[Component]:
    return [
        Component(
            kind="encoders",
            name="mamba",
            summary="selective state-space blocks over a sequence, one way or both",
            factory="spectramind_models.mamba.encoder:MambaEncoder",
            options=MambaOptions,
            references=("Gu & Dao 2023, arXiv 2312.00752: Mamba",),
        ),
        Component(
            kind="encoders",
            name="transformer",
            summary="self-attention over a sequence",
            factory="spectramind_models.mamba.transformer:TransformerEncoder",
            options=TransformerOptions,
            references=("Vaswani et al. 2017, NeurIPS: attention is all you need",),
        ),
    ]


@hookimpl
def spectramind_manifest() -> Mapping[str, Any]:
    """Which scan backends this run has used."""
    scan = sys.modules.get("spectramind_models.mamba.scan")
    return {"selective_scan": sorted(scan.used)} if scan else {}
