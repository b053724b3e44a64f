"""Executors: how per-planet work is spread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar, runtime_checkable

from spectramind_core.components.context import Context

A = TypeVar("A")
B = TypeVar("B")


@runtime_checkable
class Executor(Protocol):
    """Applies a function to many items, in whatever order, and yields in the items' order."""

    def map(
        self, function: Callable[[A], B], items: Sequence[A], *, ctx: Context
    ) -> Iterator[B | Exception]:
        """Results in order; an item that raised yields its exception and stops no other.

        KeyboardInterrupt stops everything at once.
        """
        ...
