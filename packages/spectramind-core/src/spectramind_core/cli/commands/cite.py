"""``smv50 cite``."""

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


@click.command("cite")
@spec_arguments
@click.pass_obj
def cite(flags: dict[str, Any], spec: str | None, overrides: tuple[str, ...]) -> None:
    """Print the papers behind the components that a spec uses."""
    name, given = split_arguments(spec, overrides)
    resolved = load(name, given, flags, registry_of(settings_of(flags)))
    seen: dict[str, list[str]] = {}
    for choice in resolved.choices():
        for reference in choice.component.references:
            seen.setdefault(reference, []).append(choice.component.name)
    for reference, names in seen.items():
        click.echo(f"{reference}  [{', '.join(dict.fromkeys(names))}]")
