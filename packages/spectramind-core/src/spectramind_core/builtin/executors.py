"""Executors: one item after the other, or several processes at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from spectramind_core.builtin.options import ProcessesOptions
from spectramind_core.components import Context
from spectramind_core.plugins.declaration import Options

A = TypeVar("A")
B = TypeVar("B")


class Serial:
    """Everything in this process; components may still use threads of their own."""

    def __init__(self, options: Options) -> None:
        pass

    def map(
        self, function: Callable[[A], B], items: Sequence[A], *, ctx: Context
    ) -> Iterator[B | Exception]:
        """Results in order; an item that raised yields its exception."""
        for item in items:
            try:
                yield function(item)
            except Exception as error:
                yield error


class Processes:
    """Spreads items over worker processes; `function` and items must be picklable."""

    def __init__(self, options: ProcessesOptions) -> None:
        self._workers = options.workers

    def map(
        self, function: Callable[[A], B], items: Sequence[A], *, ctx: Context
    ) -> Iterator[B | Exception]:
        """Results in order; an item that raised yields its exception, Ctrl-C ends the workers."""
        workers = min(self._workers or ctx.workers, len(items)) or 1
        # Forking a process that has started threads (numba, torch) can deadlock.
        pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"))
        try:
            for future in [pool.submit(function, item) for item in items]:
                try:
                    yield future.result()
                except Exception as error:
                    yield error
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
