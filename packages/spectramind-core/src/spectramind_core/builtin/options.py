"""Options of the core's own components."""

from __future__ import annotations

from pydantic import Field

from spectramind_core.plugins.declaration import Options


class CsvOptions(Options):
    """Options of the exporters."""

    file: str = Field(default="", pattern=r"^[\w.-]*$")
    """File name; empty for the component's own."""


class ProcessesOptions(Options):
    """Options of the executor `processes`."""

    workers: int = Field(default=0, ge=0)
    """Processes to spread the work over; 0 takes the machine setting ``workers``."""
