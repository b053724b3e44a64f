"""Trackers: observers of a run. One that raises is recorded and switched off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from spectramind_core.components.context import Context


@runtime_checkable
class Tracker(Protocol):
    """Sees each event as it is logged: run, stage and epoch starts, ends, metrics and errors."""

    def start(self, manifest: Mapping[str, Any], *, ctx: Context) -> None:
        """A run begins; `manifest` is its hash summary (`spectramind_core.provenance`)."""
        ...

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        """Something happened."""
        ...

    def end(self, *, failed: bool) -> None:
        """The run is over."""
        ...
