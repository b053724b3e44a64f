"""``smv50 schema``."""

from __future__ import annotations

import json
from typing import Any

import click

from spectramind_core.cli.common import registry_of, settings_of


@click.command("schema")
@click.pass_obj
def schema(flags: dict[str, Any]) -> None:
    """Print the JSON Schema of specs, with the options of every installed component.

    Editors complete and check specs with it: smv50 schema > spec.schema.json
    """
    from spectramind_core.spec.schema import json_schema

    click.echo(json.dumps(json_schema(registry_of(settings_of(flags))), indent=1))
