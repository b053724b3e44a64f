"""What every component must do, whatever its kind: packaging, options, manners."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any, ClassVar

import numpy as np
import pytest

from spectramind_core.kinds import KIND
from spectramind_core.plugins import doctor
from spectramind_core.plugins.declaration import Component
from spectramind_core.plugins.registry import Registry


class ComponentTests:
    """Base of the base classes: subclass the one of your component's kind and set `name`.

    Example
    -------
    ::

        from spectramind_core.testing import RuleTests

        class TestMyRule(RuleTests):
            name = "my_rule"
            options = {"limit": 0.1}
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    """Options to build it with, as a spec would give them."""

    def registry(self) -> Registry:
        """Where the component comes from: what is installed, unless a test registers it by hand."""
        return Registry.installed()

    def parts(self) -> Mapping[str, Any]:
        """What is plugged into its slots, by slot, as the runner would."""
        return {}

    def component(self) -> Component:
        """Its declaration."""
        return self.registry().resolve(self.kind, self.name)

    def build(self) -> Any:
        """A freshly built component."""
        component = self.component()
        options = component.options.model_validate(dict(self.options))
        return self.registry().build(component, options, self.parts())

    def test_its_plugin_module_is_light_and_agrees_with_its_entry_points(self) -> None:
        entry = self.registry().entry(self.kind, self.name)
        if entry.version:
            related = [e for kind in KIND for e in self.registry().entries(kind)]
            mates = [e for e in related if e.module == entry.module]
            (checkup,) = doctor.examine(mates)
            assert checkup.problems == []

    def test_every_option_is_described_and_has_a_default(self) -> None:
        fields = self.component().options.model_fields
        assert [name for name, field in fields.items() if not field.description] == []
        assert [name for name, field in fields.items() if field.is_required()] == []

    def test_it_satisfies_its_interface(self) -> None:
        module, _, interface = KIND[self.kind].interface.partition(":")
        assert isinstance(self.build(), getattr(import_module(module), interface))

    def test_building_it_is_silent_and_leaves_global_random_state_alone(self) -> None:
        with good_manners():
            self.build()


@contextlib.contextmanager
def good_manners() -> Iterator[None]:
    """Fail if the code inside prints to standard output or touches global random state."""
    printed = io.StringIO()
    before = _global_random_state()
    with contextlib.redirect_stdout(printed):
        yield
    assert printed.getvalue() == "", "a component must not print; it has ctx.log"
    for library, state in _global_random_state().items():
        assert state == before.get(library, state), f"it used {library}'s global random state"


def _global_random_state() -> dict[str, bytes]:
    states = {"numpy": repr(np.random.get_state()).encode()}  # noqa: NPY002 (looked at, not used)
    torch = sys.modules.get("torch")
    if torch is not None:
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


def need(module: str) -> Any:
    """Import what a base class needs, or skip with the reason."""
    return pytest.importorskip(module, reason=f"the conformance tests of this kind need {module}")
