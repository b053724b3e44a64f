"""What commands share: finding and loading the spec, settings, and the registry."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import click

from spectramind_core.plugins.registry import Registry
from spectramind_core.settings import Settings
from spectramind_core.spec import ResolvedSpec, load_spec

F = TypeVar("F", bound=Callable[..., Any])


def spec_arguments(command: F) -> F:
    """The arguments of every command that takes a spec: a file and overrides."""
    command = click.argument("overrides", nargs=-1, metavar="[PATH.TO.FIELD=VALUE]...")(command)
    return click.argument("spec", required=False, metavar="[SPEC.YAML]")(command)


def split_arguments(spec: str | None, overrides: Sequence[str]) -> tuple[str | None, list[str]]:
    """The first argument is an override, too, if it looks like one and is no file."""
    if spec and "=" in spec and not Path(spec).exists():
        return None, [spec, *overrides]
    return spec, list(overrides)


def settings_of(flags: dict[str, Any], **given: Any) -> Settings:
    """Settings from the environment, and logging set up to match."""
    settings = Settings.read(**{name: value for name, value in given.items() if value is not None})
    level = "DEBUG" if flags["debug"] else settings.log.upper()
    handler = logging.StreamHandler()
    handler.setLevel(level)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger = logging.getLogger("spectramind")
    logger.handlers = [handler]
    logger.setLevel("DEBUG" if flags["debug"] else "INFO")
    logger.propagate = False
    return settings


def registry_of(settings: Settings) -> Registry:
    """Everything installed, less what the machine's settings block."""
    return Registry.installed(block=settings.block)


def find_spec(name: str | None, flags: dict[str, Any]) -> Path | None:
    """The spec file: as named, or inside ``--config-path``."""
    if name is None:
        return None
    folder: Path | None = flags["config_path"]
    places = [Path(name), *([folder / name, folder / f"{name}.yaml"] if folder else [])]
    return next((place for place in places if place.is_file()), places[0])


def load(
    name: str | None, overrides: Sequence[str], flags: dict[str, Any], registry: Registry
) -> ResolvedSpec:
    """The spec that the command line means. Raises SpecProblems."""
    return load_spec(
        find_spec(name, flags), overrides=overrides, seed=flags["seed"], registry=registry
    )


def combinations(overrides: Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of overrides whose values are listed: ``a=1,2 b=3`` is two runs."""
    choices = []
    for override in overrides:
        path, equals, values = override.partition("=")
        listed = [values] if values[:1] in "[{'\"" else values.split(",")
        choices.append([f"{path}{equals}{value}" for value in listed])
    return list(product(*choices))
