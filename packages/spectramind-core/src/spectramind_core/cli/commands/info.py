"""``smv50 info``."""

from __future__ import annotations

import os
from typing import Any

import click

from spectramind_core.cli.common import settings_of
from spectramind_core.settings import Settings


@click.command("info")
@click.pass_obj
def info(flags: dict[str, Any]) -> None:
    """Print versions, the machine, and every setting with where it comes from."""
    from spectramind_core.provenance import environment

    settings = settings_of(flags)
    found = environment()
    click.echo(f"python {found.python} on {found.platform}, {found.cpus} CPUs")
    for package, version in found.packages.items():
        click.echo(f"  {package:<22}{version}")
    click.echo("settings")
    for name, field in Settings.model_fields.items():
        variable = f"SMV50_{name.upper()}"
        origin = variable if variable in os.environ else f"default; set {variable} to change it"
        click.echo(f"  {name:<10}{getattr(settings, name)}   ({origin})")
        click.echo(f"  {'':<10}{field.description}")
