"""What a training reported, kept with what it made, so that it can be shown from the cache."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from spectramind_core.runner.events import read_events
from spectramind_core.storage import storage_errors, write_text

FILE = "training.jsonl"
Record = Callable[[str, Mapping[str, Any]], None]


class TrainingLog:
    """Passes metrics on with their estimator's name, and keeps them in a folder.

    Parameters
    ----------
    folder
        The training's workspace: what is kept there outlives an interruption.
    estimator
        Name of the component that trains.
    record
        Where metrics go besides.
    """

    def __init__(self, folder: Path, estimator: str, record: Record) -> None:
        self._path, self._estimator, self._record = folder / FILE, estimator, record

    def __call__(self, name: str, values: Mapping[str, Any]) -> None:
        """Take what ``ctx.metrics`` is called with."""
        values = {**values, "estimator": self._estimator}
        line = json.dumps({"event": name, **values}, default=str)
        with storage_errors(self._path), self._path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        self._record(name, values)

    def close(self, folder: Path) -> None:
        """Leave the log beside the finished estimator.

        An interrupted training repeats the epochs since its last checkpoint: the last report of
        each counts.
        """
        last = {
            tuple(str(event.get(part)) for part in ("event", "member", "stage", "epoch")): event
            for event in read_events(self._path)
        }
        write_text(folder / FILE, "".join(json.dumps(event) + "\n" for event in last.values()))


def replay(folder: Path, record: Record) -> None:
    """Report once more what the training of a cached estimator reported, marked as ``cached``."""
    for event in read_events(folder / FILE):
        record(event.pop("event"), {**event, "cached": True})
