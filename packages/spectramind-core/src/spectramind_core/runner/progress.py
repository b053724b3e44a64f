"""How far a loop has come: bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import TextIO, TypeVar

from spectramind_core.components import Progress, Silent

T = TypeVar("T")

LINE_EVERY = 10.0
"""Seconds between two plain lines of one loop."""


class Lines:
    """Plain lines, at most one in ten seconds, for logs and CI."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(
        self,
        items: Iterable[T],
        *,
        label: str,
        total: int | None = None,
        status: Callable[[], str] | None = None,
    ) -> Iterator[T]:
        total = len(items) if total is None and isinstance(items, Sized) else total
        start = last = time.monotonic()
        for done, item in enumerate(items, 1):
            yield item
            now = time.monotonic()
            if now - last >= LINE_EVERY:
                last = now
                said = f", {status()}" if status else ""
                self._stream.write(
                    f"  {label}: {done}{_of(total)}{said}{_left(done, total, now - start)}\n"
                )
                self._stream.flush()


class Bars:
    """Bars with the time left, drawn by rich."""

    def __call__(
        self,
        items: Iterable[T],
        *,
        label: str,
        total: int | None = None,
        status: Callable[[], str] | None = None,
    ) -> Iterator[T]:
        from rich.console import Console
        from rich.progress import Progress as RichProgress

        with RichProgress(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(f"  {label}", total=total)
            for item in bars.track(items, total=total, task_id=task):
                yield item
                if status:
                    bars.update(task, description=f"  {label}, {status()}")


def for_stream(stream: TextIO | None = None, *, quiet: bool = False) -> Progress:
    """The progress display that suits a stream (default: standard error)."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Bars() if stream.isatty() else Lines(stream)


def _of(total: int | None) -> str:
    return f" of {total}" if total else ""


def _left(done: int, total: int | None, seconds: float) -> str:
    if not total or not done:
        return ""
    return f", about {seconds / done * (total - done):.0f} s left"
