"""What diagnostics that show visits share: their time axis, and one layer for each visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

from spectramind_core.contracts import Axis

TIME = Axis(label="Time since the start of the visit", unit="h")


class OfVisit(Protocol):
    """Anything that belongs to one visit, numbered from 0, of a planet."""

    @property
    def planet(self) -> str: ...
    @property
    def visit(self) -> int: ...


T = TypeVar("T", bound=OfVisit)


def by_visit(found: Sequence[T]) -> dict[str, list[T]]:
    """Sorted by visit, under the suffix that names it in a legend: none for the first."""
    groups: dict[int, list[T]] = defaultdict(list)
    for each in found:
        groups[each.visit].append(each)
    return {f", visit {number}" if number else "": groups[number] for number in sorted(groups)}


def slug(instrument: str) -> str:
    """An instrument's name in the name of a figure."""
    return instrument.lower().replace("-", "_")
