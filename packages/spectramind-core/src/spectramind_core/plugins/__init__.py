"""The plugin system: entry points are the index, hooks deliver, factories are lazy.

Names are handed on lazily, so that reading the index does not import pydantic and pluggy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spectramind_core.plugins.declaration import Component, Options, Slot
    from spectramind_core.plugins.hookspecs import hookimpl
    from spectramind_core.plugins.not_found import NotFound
    from spectramind_core.plugins.registry import Registry

_HOMES = {
    "Component": "declaration",
    "NotFound": "not_found",
    "Options": "declaration",
    "Registry": "registry",
    "Slot": "declaration",
    "hookimpl": "hookspecs",
}

__all__ = ["Component", "NotFound", "Options", "Registry", "Slot", "hookimpl"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
