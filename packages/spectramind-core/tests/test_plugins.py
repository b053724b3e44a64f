"""Finding components: laziness, isolation, clashes, and a message for each way to fail."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from broken_plugins import BROKEN, good

from spectramind_core.errors import PluginError
from spectramind_core.kinds import KINDS
from spectramind_core.plugins import Component, NotFound, Registry, doctor, hookimpl, hookspecs
from spectramind_core.plugins.index import Entry, read_index
from spectramind_core.plugins.lifecycle import Observers
from spectramind_core.plugins.loading import new_manager


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Entry]:
    """Write a plugin module and give its entry in the index."""
    monkeypatch.syspath_prepend(str(tmp_path))
    count = iter(range(1000))

    def write(source: str, *, name: str = "mine", distribution: str = "some-dist") -> Entry:
        module = f"plugin_{os.getpid()}_{tmp_path.name.replace('-', '_')}_{next(count)}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(source))
        return Entry("exporters", name, distribution, module, "1.0")

    return write


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_fails_alone_and_says_why(case: str, plugin: Callable[..., Entry]) -> None:
    source, message = BROKEN[case]
    registry = Registry([plugin(source), plugin(good("fine"), name="fine")])
    assert registry.resolve("exporters", "fine").name == "fine"
    with pytest.raises(NotFound, match=message) as caught:
        registry.resolve("exporters", "mine")
    assert caught.value.code == ("incompatible" if "API" in case else "broken")
    assert caught.value.hint


def test_two_providers_are_never_chosen_between(plugin: Callable[..., Entry]) -> None:
    index = [plugin(good()), plugin(good(), distribution="other-dist")]
    with pytest.raises(NotFound, match="offered by some-dist and other-dist") as caught:
        Registry(index).resolve("exporters", "mine")
    assert "use: some-dist:mine" in caught.value.hint
    assert Registry(index).resolve("exporters", "other-dist:mine").name == "mine"
    preferring = Registry(index, prefer={"exporters.mine": "Other_Dist"})
    assert preferring.entry("exporters", "mine").distribution == "other-dist"
    blocking = Registry(index, block=["some-dist"])
    assert blocking.entry("exporters", "mine").distribution == "other-dist"


@pytest.mark.parametrize("pattern", ["some-dist", "exporters.mine", "some-*", "plugin_*"])
def test_a_blocked_plugin_is_never_imported(plugin: Callable[..., Entry], pattern: str) -> None:
    entry = plugin("raise AssertionError('imported')")
    with pytest.raises(NotFound, match=f"blocked by '{pattern[:4]}") as caught:
        Registry([entry], block=[pattern]).resolve("exporters", "mine")
    assert caught.value.code == "blocked"
    assert entry.module not in sys.modules


def test_looking_up_one_component_imports_no_other(plugin: Callable[..., Entry]) -> None:
    asked, idle = plugin(good("asked"), name="asked"), plugin(good("idle"), name="idle")
    Registry([asked, idle]).resolve("exporters", "asked")
    assert asked.module in sys.modules
    assert idle.module not in sys.modules


def test_a_misspelt_name_gets_the_nearest(plugin: Callable[..., Entry]) -> None:
    entry = plugin(good())
    with pytest.raises(NotFound, match="there is no exporter 'mien'") as caught:
        Registry([entry]).resolve("exporters", "mien")
    assert caught.value.nearest == ("mine",)
    assert entry.module not in sys.modules


def test_a_component_of_ours_that_is_not_installed_says_what_to_install() -> None:
    with pytest.raises(NotFound, match="known but not installed") as caught:
        Registry().resolve("estimators", "v50")
    assert caught.value.hint == "pip install spectramind-models"


def test_a_revision_can_be_pinned(plugin: Callable[..., Entry]) -> None:
    registry = Registry([plugin(good(revision=2))])
    assert registry.resolve("exporters", "mine@2").revision == 2
    with pytest.raises(NotFound, match="installed at revision 2, the spec asks for revision 1"):
        registry.resolve("exporters", "mine@1")


def test_nonsense_is_no_name() -> None:
    with pytest.raises(NotFound):
        Registry().resolve("exporters", "../../etc/passwd")


def test_a_factory_that_cannot_be_imported_names_itself(plugin: Callable[..., Entry]) -> None:
    source = good().replace("spectramind_core.builtin.long_csv:LongCsv", "no_such.module:X")
    registry = Registry([plugin(source)])
    with pytest.raises(PluginError, match=r"no_such\.module:X cannot be imported"):
        registry.build(registry.resolve("exporters", "mine"))


def test_states_tell_what_became_of_every_entry(plugin: Callable[..., Entry]) -> None:
    available, broken = plugin(good("a"), name="a"), plugin("1/0", name="b")
    blocked = plugin(good("c"), name="c", distribution="blocked-dist")
    twins = [plugin(good("d"), name="d", distribution=f"dist-{i}") for i in (1, 2)]
    registry = Registry([available, broken, blocked, *twins], block=["blocked-dist"])
    states = {entry: registry.status(entry).state for entry in registry.entries("exporters")}
    assert states == {
        available: "available",
        broken: "broken",
        blocked: "blocked",
        twins[0]: "ambiguous",
        twins[1]: "ambiguous",
    }
    assert "ZeroDivisionError" in registry.detail(broken)


def test_a_module_registered_by_hand_is_checked_like_an_installed_one() -> None:
    module = ModuleType("by_hand")
    registry = Registry()

    @hookimpl
    def spectramind_exporter() -> list[Component]:
        return []

    module.spectramind_exporter = spectramind_exporter  # type: ignore[attr-defined]
    with pytest.raises(PluginError, match="spectramind_exporter"):
        registry.register(module)


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("import os; os._exit(7)", "ended the process (exit code 7)"),
        ("import torch.nn\n" + good(), "imports torch when listed"),
        ("raise SystemExit", "tried to exit"),
        ("", "entry point exporters.mine has no declaration"),
    ],
)
def test_the_doctor_examines_from_outside(
    plugin: Callable[..., Entry],
    source: str,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    if "torch" in source:
        (tmp_path / "torch").mkdir()
        (tmp_path / "torch" / "__init__.py").touch()
        (tmp_path / "torch" / "nn.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (checkup,) = doctor.examine([plugin(source)])
    assert not checkup.healthy
    assert any(problem in found for found in checkup.problems)


def test_the_doctor_finds_our_own_components_healthy() -> None:
    own = [entry for entry in read_index() if entry.distribution == "spectramind-core"]
    (checkup,) = doctor.examine(own)
    assert checkup.problems == []
    assert "exporters.long_csv" in checkup.components


def test_an_observer_that_raises_is_skipped_from_then_on() -> None:
    seen: list[str] = []

    class Deaf:
        @hookimpl
        def spectramind_event(self, name: str, values: Any) -> None:
            seen.append(name)
            raise RuntimeError("deaf")

    manager = new_manager()
    manager.register(Deaf(), "deaf")
    observers = Observers(manager)
    observers.notify("one", {})
    observers.notify("two", {})
    assert seen == ["one"]
    assert observers.failures == {"plugin deaf": "one: RuntimeError: deaf"}


def test_reading_the_index_imports_nothing_heavy() -> None:
    program = (
        "import sys; from spectramind_core.plugins.index import read_index; read_index();"
        "print([m for m in sys.modules if m.split('.')[0] in "
        "('pydantic', 'numpy', 'pluggy', 'torch', 'spectramind_calib', 'spectramind_models')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_every_kind_has_a_hook_an_interface_and_a_conformance_test() -> None:
    import importlib

    from spectramind_core import testing

    tested = {getattr(getattr(testing, name), "kind", None) for name in testing.__all__}
    for kind in KINDS:
        assert hasattr(hookspecs, kind.hook)
        module, _, name = kind.interface.partition(":")
        assert hasattr(importlib.import_module(module), name)
        assert kind.name in tested
