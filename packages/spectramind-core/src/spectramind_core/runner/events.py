"""The run's event log: ``events.jsonl`` for programs, ``v50_debug_log.md`` for people."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spectramind_core.plugins.lifecycle import Observers
from spectramind_core.storage import storage_errors


class EventLog:
    """Appends each event to both logs and tells the observers.

    Parameters
    ----------
    folder
        The run folder.
    observers
        Plugins and trackers that are told.
    """

    def __init__(self, folder: Path, observers: Observers) -> None:
        self._lock = threading.Lock()
        self._jsonl = folder / "events.jsonl"
        self._human = folder / "v50_debug_log.md"
        self.observers = observers

    def record(self, event: str, values: Mapping[str, Any] | None = None) -> None:
        """Log one event now, then tell the observers."""
        values = dict(values or {})
        now = datetime.now(UTC)
        line = {"time": now.isoformat(timespec="milliseconds"), "event": event, **values}
        with self._lock:
            self._append(self._jsonl, json.dumps(line, default=str))
            self._append(
                self._human, f"- `{now:%H:%M:%S}` **{event}** {_sentence(values)}".rstrip()
            )
        self.observers.notify(event, values)

    def heading(self, text: str) -> None:
        """Begin a section of the human log."""
        with self._lock:
            self._append(self._human, f"\n## {text}\n")

    def read(self) -> tuple[dict[str, Any], ...]:
        """All events so far."""
        return read_events(self._jsonl)

    def handler(self) -> logging.Handler:
        """A logging handler that writes components' messages into both logs."""
        return _Handler(self)

    @staticmethod
    def _append(path: Path, line: str) -> None:
        with storage_errors(path), path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


class _Handler(logging.Handler):
    def __init__(self, events: EventLog) -> None:
        super().__init__(logging.INFO)
        self._events = events

    def emit(self, record: logging.LogRecord) -> None:
        self._events.record(
            "message", {"level": record.levelname.lower(), "text": record.getMessage()}
        )


def read_events(path: Path) -> tuple[dict[str, Any], ...]:
    """Events of a run; a last line cut short by a crash is passed over."""
    if not path.is_file():
        return ()
    events = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            events.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return tuple(events)


def _sentence(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_short(value)}" for name, value in values.items())


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
