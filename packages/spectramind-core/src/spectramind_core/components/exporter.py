"""Exporters: predictions as files for others."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.contracts import Prediction


@runtime_checkable
class Exporter(Protocol):
    """Writes a prediction in some format, and checks what it wrote."""

    def export(self, prediction: Prediction, *, folder: Path, ctx: Context) -> Path:
        """Write into an existing folder; returns the file."""
        ...
