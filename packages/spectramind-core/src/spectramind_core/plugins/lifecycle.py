"""Telling observers what happens in a run; one that raises is recorded and skipped from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pluggy


class Observers:
    """Hands each event to plugins' ``spectramind_event`` hooks and to trackers.

    Parameters
    ----------
    manager
        Whose loaded plugins are told.
    """

    def __init__(self, manager: pluggy.PluginManager) -> None:
        self._manager = manager
        self._listeners: dict[str, Callable[[str, Mapping[str, Any]], None]] = {}
        self.failures: dict[str, str] = {}
        """Observers that raised, with what they raised."""

    def listen(self, tracker: str, event: Callable[[str, Mapping[str, Any]], None]) -> None:
        """Tell a tracker, too, from now on."""
        self._listeners[tracker] = event

    def notify(self, name: str, values: Mapping[str, Any]) -> None:
        """Tell everyone; never raises but on Ctrl-C."""
        for implementation in self._manager.hook.spectramind_event.get_hookimpls():
            self._tell(
                f"plugin {implementation.plugin_name}", implementation.function, name, values
            )
        for listener, function in self._listeners.items():
            self._tell(f"tracker {listener}", function, name, values)

    def collect(self, hook: str) -> dict[str, Any]:
        """Merge what plugins return from a hook of no arguments that returns a mapping."""
        merged: dict[str, Any] = {}
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            plugin = str(implementation.plugin_name)
            try:
                merged.update(implementation.function())
            except Exception as error:
                self.failures[f"plugin {plugin}"] = f"{hook}: {type(error).__name__}: {error}"
        return merged

    def _tell(
        self, who: str, function: Callable[..., object], name: str, values: Mapping[str, Any]
    ) -> None:
        if who in self.failures:
            return
        try:
            function(name, values)
        except Exception as error:
            self.failures[who] = f"{name}: {type(error).__name__}: {error}"
