"""The index of components: what installed distributions' entry points say, with nothing imported.

Imports the standard library only, so that ``smv50 plugins list`` and completion stay fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

from spectramind_core.kinds import KINDS


@dataclass(frozen=True, order=True)
class Entry:
    """One component as package metadata knows it."""

    kind: str
    name: str
    distribution: str
    """Normalised name of the distribution that offers it."""
    module: str
    """The plugin module that declares it."""
    version: str = ""


def normalised(distribution: str) -> str:
    """A distribution's name as PEP 503 normalises it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def read_index() -> tuple[Entry, ...]:
    """Entries of every kind, sorted; a distribution found twice on the path counts once."""
    installed = entry_points()
    return tuple(
        sorted(
            {
                _entry(kind.name, point)
                for kind in KINDS
                for point in installed.select(group=kind.group)
            }
        )
    )


def _entry(kind: str, point: EntryPoint) -> Entry:
    dist = point.dist
    return Entry(
        kind=kind,
        name=point.name,
        distribution=normalised(dist.name) if dist else "",
        module=point.value,
        version=dist.version if dist else "",
    )


def providers(index: Iterable[Entry], kind: str, name: str) -> tuple[Entry, ...]:
    """The entries that offer one name of one kind."""
    return tuple(entry for entry in index if entry.kind == kind and entry.name == name)
