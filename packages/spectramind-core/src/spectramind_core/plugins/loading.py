"""Loading one plugin module: isolated, so that a broken plugin breaks nothing but itself."""

from __future__ import annotations

import importlib
import traceback
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pluggy

from spectramind_core.kinds import KINDS
from spectramind_core.plugins import hookspecs
from spectramind_core.plugins.declaration import Component


@dataclass(frozen=True)
class Loaded:
    """A plugin module that passed every check, and what it declares."""

    module: Any
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Broken:
    """A plugin module that could not be used."""

    reason: str
    detail: str = ""
    """Traceback, for ``smv50 plugins doctor`` and ``--debug``."""


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows our hooks and no plugin."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def load(module: str) -> Loaded | Broken:
    """Import a plugin module and collect its declarations; never raises but on Ctrl-C."""
    try:
        imported = importlib.import_module(module)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Broken(_import_reason(module, error), traceback.format_exc())
    return examine(imported)


def examine(module: ModuleType | object) -> Loaded | Broken:
    """Collect the declarations of a module already imported, and check every one."""
    scratch = new_manager()
    try:
        scratch.register(module)
        scratch.check_pending()
        components = tuple(
            component for kind in KINDS for component in _declared(scratch, kind.name, kind.hook)
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Broken(_first_line(error), traceback.format_exc())
    return Loaded(module, components)


def _declared(manager: pluggy.PluginManager, kind: str, hook: str) -> list[Component]:
    found: list[Component] = []
    for declarations in getattr(manager.hook, hook)():
        for component in declarations:
            if not isinstance(component, Component):
                raise TypeError(
                    f"hook {hook} must return Component declarations, "
                    f"but returned a {type(component).__name__}"
                )
            if component.kind != kind:
                raise ValueError(
                    f"hook {hook} returned '{component.name}' declared as kind "
                    f"'{component.kind}' instead of '{kind}'"
                )
            found.append(component)
    return found


def _import_reason(module: str, error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return f"importing {module} tried to exit the program (SystemExit: {error.code})"
    return f"importing {module} failed: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
