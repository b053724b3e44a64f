"""What core's own tests share: the stand-in plugin, and settings that stay inside the test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

import stand_ins

from spectramind_core.plugins.index import read_index
from spectramind_core.plugins.registry import Registry
from spectramind_core.runner import RunResult, run
from spectramind_core.settings import Settings
from spectramind_core.spec import ResolvedSpec, load_spec


@pytest.fixture
def registry() -> Registry:
    """The core's own components and the stand-ins, whatever else is installed."""
    own = [entry for entry in read_index() if entry.distribution == "spectramind-core"]
    registry = Registry(own)
    registry.register(stand_ins, distribution="stand-ins")
    return registry


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache=tmp_path / "cache", output=tmp_path / "outputs", device="cpu", workers=2)


@pytest.fixture
def spec(registry: Registry) -> Callable[..., ResolvedSpec]:
    """A resolved spec made of stand-ins, with overrides."""

    def make(*overrides: str) -> ResolvedSpec:
        return load_spec(stand_ins.SPEC, overrides=overrides, registry=registry)

    return make


@pytest.fixture
def go(
    registry: Registry, settings: Settings, spec: Callable[..., ResolvedSpec]
) -> Callable[..., RunResult]:
    """Run the stand-in spec with overrides."""

    def go(*overrides: str, until: str = "submit") -> RunResult:
        return run(spec(*overrides), registry=registry, settings=settings, until=until)

    return go
