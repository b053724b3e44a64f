"""A tracker that keeps training metrics as a table."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectramind_core.builtin.options import CsvOptions
from spectramind_core.components import Context


class CsvTracker:
    """Collects ``epoch`` events and writes them as ``training.csv`` when the run ends."""

    def __init__(self, options: CsvOptions) -> None:
        self._file = options.file or "training.csv"
        self._rows: list[Mapping[str, Any]] = []
        self._folder: Path | None = None

    def start(self, manifest: Mapping[str, Any], *, ctx: Context) -> None:
        """Remember where the run's files go."""
        self._folder = ctx.folder

    def event(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep the metrics of an epoch."""
        if name == "epoch":
            self._rows.append(dict(values))

    def end(self, *, failed: bool) -> None:
        """Write the table, also of a run that failed."""
        if self._folder is None or not self._rows:
            return
        columns = list(dict.fromkeys(name for row in self._rows for name in row))
        with (self._folder / self._file).open("w", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
