"""``smv50 spec``: check, show and compare specs, computing nothing."""

from __future__ import annotations

from typing import Any

import click

from spectramind_core.cli.common import (
    load,
    registry_of,
    settings_of,
    spec_arguments,
    split_arguments,
)


@click.group()
def spec() -> None:
    """Check, show and compare specs."""


def _resolved(flags: dict[str, Any], name: str | None, overrides: tuple[str, ...]) -> Any:
    file, given = split_arguments(name, overrides)
    return load(file, given, flags, registry_of(settings_of(flags)))


@spec.command("check")
@spec_arguments
@click.pass_obj
def check(flags: dict[str, Any], spec: str | None, overrides: tuple[str, ...]) -> None:
    """Say everything that is wrong with a spec, with its place; exits with 2 if anything is."""
    resolved = _resolved(flags, spec, overrides)
    click.echo(f"ok  {resolved.digest}")


@spec.command("show")
@spec_arguments
@click.pass_obj
def show(flags: dict[str, Any], spec: str | None, overrides: tuple[str, ...]) -> None:
    """Print a spec with every default filled in."""
    click.echo(_resolved(flags, spec, overrides).to_yaml(), nl=False)


@spec.command("diff")
@click.argument("first")
@click.argument("second")
@click.pass_obj
def diff(flags: dict[str, Any], first: str, second: str) -> None:
    """Print where two specs differ once every default is filled in."""
    from spectramind_core.spec.diff import differences

    one, two = (_resolved(flags, name, ()).canonical for name in (first, second))
    for path, before, after in differences(one, two):
        click.echo(f"{path}: {before} -> {after}")
