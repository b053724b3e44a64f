"""Finding components by name: one loop over one index for every kind."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import pluggy
from packaging.specifiers import SpecifierSet

from spectramind_core.errors import PluginError, SpectramindError
from spectramind_core.kinds import PLUGIN_API
from spectramind_core.plugins import not_found
from spectramind_core.plugins.declaration import Component, Options
from spectramind_core.plugins.index import Entry, normalised, providers, read_index
from spectramind_core.plugins.loading import Broken, Loaded, examine, load, new_manager

USE = re.compile(
    r"^(?:(?P<distribution>[A-Za-z0-9][\w.-]*):)?(?P<name>[a-z][a-z0-9_]*)(?:@(?P<revision>\d+))?$"
)

State = Literal["available", "blocked", "ambiguous", "incompatible", "broken"]


@dataclass(frozen=True)
class Status:
    """What became of one entry of the index."""

    entry: Entry
    state: State
    component: Component | None = None
    reason: str = ""


class Registry:
    """Components by kind and name.

    The index is package metadata. A plugin module is imported when one of its components is first
    asked for; a component's own code when it is built. A plugin that fails does so alone.

    Parameters
    ----------
    index
        The entries to choose from.
    block
        Patterns such as ``"some-dist"`` or ``"trackers.mlflow"``; what matches is never imported.
    prefer
        Which distribution to take where several offer a name: ``{"encoders.mamba": "some-dist"}``.
    """

    def __init__(
        self,
        index: Iterable[Entry] = (),
        *,
        block: Iterable[str] = (),
        prefer: Mapping[str, str] | None = None,
    ) -> None:
        self._index = tuple(index)
        self._block = tuple(block)
        self._prefer = {key: normalised(value) for key, value in (prefer or {}).items()}
        self._loaded: dict[str, Loaded | Broken] = {}
        self.manager: pluggy.PluginManager = new_manager()
        """Holds the plugins that were loaded: lifecycle hooks are called through it."""

    @classmethod
    def installed(
        cls, *, block: Iterable[str] = (), prefer: Mapping[str, str] | None = None
    ) -> Registry:
        """A registry of everything that is installed."""
        return cls(read_index(), block=block, prefer=prefer)

    def configured(self, *, block: Iterable[str], prefer: Mapping[str, str]) -> Registry:
        """The same index under further settings: a spec's on top of the machine's."""
        registry = Registry(
            self._index, block=(*self._block, *block), prefer={**self._prefer, **prefer}
        )
        for name, outcome in self._loaded.items():
            registry._keep(name, outcome)
        return registry

    def register(self, module: Any, *, distribution: str = "by-hand") -> None:
        """Add a plugin module by hand, as tests and notebooks do.

        Raises
        ------
        PluginError
            If it does not pass the checks an installed plugin has to pass.
        """
        outcome = examine(module)
        if isinstance(outcome, Broken):
            raise PluginError(outcome.reason, where=distribution)
        name = f"{distribution}:{getattr(module, '__name__', id(module))}"
        self._keep(name, outcome)
        self._index += tuple(
            Entry(c.kind, c.name, normalised(distribution), name) for c in outcome.components
        )

    def entries(self, kind: str) -> tuple[Entry, ...]:
        """The index of one kind; imports nothing."""
        return tuple(entry for entry in self._index if entry.kind == kind)

    def names(self, kind: str) -> tuple[str, ...]:
        """Names of one kind that the index knows, sorted; imports nothing."""
        return tuple(sorted({entry.name for entry in self.entries(kind)}))

    def resolve(self, kind: str, use: str) -> Component:
        """The declaration of the component that ``use: [distribution:]name[@revision]`` means.

        Raises
        ------
        NotFound
            If it cannot be had; its code and message say why and what to do.
        """
        match = USE.match(use)
        if match is None:
            raise not_found.unknown(kind, use, self.names(kind))
        entry = self._choose(kind, match["name"], match["distribution"])
        component = self._declaration(entry)
        if match["revision"] and int(match["revision"]) != component.revision:
            raise not_found.other_revision(
                kind, component.name, int(match["revision"]), component.revision
            )
        return component

    def entry(self, kind: str, use: str) -> Entry:
        """Which entry of the index a ``use`` means; imports nothing. Raises NotFound."""
        match = USE.match(use)
        if match is None:
            raise not_found.unknown(kind, use, self.names(kind))
        return self._choose(kind, match["name"], match["distribution"])

    def status(self, entry: Entry) -> Status:
        """Whether one entry can be used, loading its plugin module unless it is blocked."""
        try:
            component = self._declaration(self._choose(entry.kind, entry.name, entry.distribution))
        except not_found.NotFound as error:
            return Status(entry, _state(error.code), reason=error.what)
        rivals = providers(self._index, entry.kind, entry.name)
        if len(rivals) > 1 and f"{entry.kind}.{entry.name}" not in self._prefer:
            others = ", ".join(r.distribution for r in rivals if r != entry)
            return Status(entry, "ambiguous", component, f"also offered by {others}")
        return Status(entry, "available", component)

    def build(self, component: Component, options: Options | None = None, parts: Any = None) -> Any:
        """Import a component's factory and call it.

        Raises
        ------
        PluginError
            If the factory cannot be imported, or fails; names the component and the cause.
        """
        where = f"{component.kind} '{component.name}'"
        module, _, name = component.factory.partition(":")
        try:
            factory = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise PluginError(
                f"its factory {component.factory} cannot be imported: {error}",
                where=where,
                hint="an optional dependency may be missing: smv50 plugins doctor",
            ) from error
        options = component.options() if options is None else options
        takes_parts = bool(component.slots) or component.takes_rules
        try:
            return factory(options, parts or {}) if takes_parts else factory(options)
        except SpectramindError:
            raise
        except Exception as error:
            raise PluginError(
                f"it could not be built from its options: {type(error).__name__}: {error}",
                where=where,
                hint="this is a defect of the plugin; --debug shows where",
            ) from error

    def _choose(self, kind: str, name: str, distribution: str | None) -> Entry:
        found = providers(self._index, kind, name)
        wanted = normalised(distribution) if distribution else self._prefer.get(f"{kind}.{name}")
        if wanted:
            found = tuple(entry for entry in found if entry.distribution == wanted)
        if not found:
            raise not_found.unknown(kind, name, self.names(kind))
        allowed = [entry for entry in found if not self._blocked_by(entry)]
        if not allowed:
            raise not_found.blocked(found[0], self._blocked_by(found[0]))
        if len(allowed) > 1:
            raise not_found.ambiguous(kind, name, allowed)
        return allowed[0]

    def _blocked_by(self, entry: Entry) -> str:
        names = (entry.distribution, f"{entry.kind}.{entry.name}", entry.module)
        for pattern in self._block:
            if any(fnmatchcase(name, pattern) for name in names):
                return pattern
        return ""

    def _declaration(self, entry: Entry) -> Component:
        outcome = self._load(entry.module)
        if isinstance(outcome, Broken):
            raise not_found.broken(entry, outcome.reason)
        of_kind = [c for c in outcome.components if c.kind == entry.kind]
        for component in of_kind:
            if component.name == entry.name:
                if not SpecifierSet(component.api).contains(str(PLUGIN_API)):
                    raise not_found.incompatible(entry, component.api, PLUGIN_API)
                return component
        declared = ", ".join(c.name for c in of_kind) or "none"
        raise not_found.broken(
            entry,
            f"its entry point is named '{entry.name}', but {entry.module} declares these "
            f"{entry.kind}: {declared}",
        )

    def _load(self, module: str) -> Loaded | Broken:
        if module not in self._loaded:
            self._keep(module, load(module))
        return self._loaded[module]

    def _keep(self, name: str, outcome: Loaded | Broken) -> None:
        self._loaded[name] = outcome
        if isinstance(outcome, Loaded) and not self.manager.is_registered(outcome.module):
            self.manager.register(outcome.module, name)

    def detail(self, entry: Entry) -> str:
        """Traceback of a broken plugin that was loaded, else an empty text."""
        outcome = self._loaded.get(entry.module)
        return outcome.detail if isinstance(outcome, Broken) else ""


def _state(code: not_found.Code) -> State:
    if code in ("blocked", "ambiguous", "incompatible"):
        return code
    return "broken"
