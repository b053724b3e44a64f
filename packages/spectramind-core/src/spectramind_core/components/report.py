"""Reports: diagnostics as something to read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.components.diagnostic import Evidence
from spectramind_core.contracts import DiagnosticResult


@runtime_checkable
class Report(Protocol):
    """Draws any diagnostic's results, knowing none of them by name."""

    def write(
        self,
        results: Sequence[DiagnosticResult],
        evidence: Evidence,
        *,
        folder: Path,
        ctx: Context,
    ) -> tuple[Path, ...]:
        """Write the report into an existing folder; returns its files, the one to open first."""
        ...
