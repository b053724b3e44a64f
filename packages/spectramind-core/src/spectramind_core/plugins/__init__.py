"""The plugin system: entry points are the index, hooks deliver, factories are lazy."""

from spectramind_core.plugins.declaration import Component, Options, Slot
from spectramind_core.plugins.hookspecs import hookimpl

__all__ = ["Component", "Options", "Slot", "hookimpl"]
