"""Sources: where observations, and the truth about some of them, come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from spectramind_core.arrays import F8
from spectramind_core.components.context import Context
from spectramind_core.contracts import LightCurves, Observation, Truth


@dataclass(frozen=True, order=True)
class Visit:
    """One visit that a source can open."""

    planet_id: str
    number: int = 0
    partition: Literal["train", "test"] = "train"


@runtime_checkable
class Source(Protocol):
    """Lists visits and opens them one by one."""

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]:
        """All visits, without reading any frame; a planet lies in one partition only."""
        ...

    def wavelength(self, *, ctx: Context) -> F8:
        """``[wave]`` micron: the grid of bins, ascending within AIRS, FGS1 first."""
        ...

    def truth(self, *, ctx: Context) -> Truth | None:
        """True spectra of those planets for which they are known, in either partition."""
        ...

    def open(self, visit: Visit, *, ctx: Context) -> Observation | LightCurves:
        """Raw frames to calibrate, or light curves that are calibrated already.

        Raises
        ------
        spectramind_core.errors.DataError
            If this visit's files are missing or damaged; names planet, visit, file and field.
        """
        ...

    def digest(self, visit: Visit, *, ctx: Context) -> str:
        """A hash that changes whenever what `open` returns for this visit would change."""
        ...


@runtime_checkable
class WritesFolder(Protocol):
    """A source that can write what it holds as a challenge folder: ``smv50 simulate``."""

    def write(self, folder: Path, *, ctx: Context) -> Path:
        """Write the folder (it must be absent or empty) and return it."""
        ...
