"""What every component is handed besides its data: seed, device, log, progress, a folder."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Protocol, TypeVar

import numpy as np

T = TypeVar("T")


class Progress(Protocol):
    """Shows how far a loop has come: a bar on a terminal, plain lines elsewhere."""

    def __call__(
        self,
        items: Iterable[T],
        *,
        label: str,
        total: int | None = None,
        status: Callable[[], str] | None = None,
    ) -> Iterator[T]:
        """Iterate over `items`, showing progress under `label`, and what `status` says by then."""
        ...


class Silent:
    """Progress that shows nothing."""

    def __call__(
        self,
        items: Iterable[T],
        *,
        label: str,
        total: int | None = None,
        status: Callable[[], str] | None = None,
    ) -> Iterator[T]:
        return iter(items)


def _no_metrics(name: str, values: Mapping[str, float]) -> None:
    return None


@dataclass(frozen=True)
class Context:
    """The one argument through which interfaces can grow without breaking anyone.

    Random numbers are spawned by name: `child` derives an independent stream, so that adding a
    stage or a planet shifts no other's numbers.
    """

    seed: int = 0
    names: tuple[str, ...] = ()
    device: str = "cpu"
    workers: int = 1
    folder: Path = field(default_factory=lambda: Path(gettempdir()))
    """Where a component may leave files of its own; exists, and is private to the stage."""
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("spectramind"))
    progress: Progress = field(default_factory=Silent)
    metrics: Callable[[str, Mapping[str, float]], None] = _no_metrics
    """``metrics("epoch", {"epoch": 3, "loss": 0.2})`` streams to the event log and to trackers."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """How the spec describes the component in training: its name, revision, options and parts."""

    def child(self, *names: str) -> Context:
        """The same context with random numbers of its own."""
        return replace(self, names=(*self.names, *names))

    @property
    def entropy(self) -> int:
        """A 128-bit integer that depends on the seed and the names alone."""
        text = "\x1f".join((str(self.seed), *self.names))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")

    def rng(self) -> np.random.Generator:
        """A generator at the start of this context's stream; each call starts it afresh."""
        return np.random.default_rng(self.entropy)

    def torch_seed(self) -> int:
        """A seed for ``torch.Generator.manual_seed`` (63 bits)."""
        return self.entropy >> 65
