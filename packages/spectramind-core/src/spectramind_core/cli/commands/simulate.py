"""``smv50 simulate``: write what a spec's source holds as a challenge folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from spectramind_core.cli.common import (
    load,
    registry_of,
    settings_of,
    spec_arguments,
    split_arguments,
)
from spectramind_core.errors import SpecError


@click.command("simulate")
@click.argument("folder", type=click.Path(path_type=Path))
@spec_arguments
@click.pass_obj
def simulate(
    flags: dict[str, Any], folder: Path, spec: str | None, overrides: tuple[str, ...]
) -> None:
    """Write the simulated observations of SPEC.YAML into FOLDER, in the challenge's own layout.

    Example: smv50 simulate my_folder data.source.options.planets=3
    """
    from spectramind_core.components import Context, WritesFolder
    from spectramind_core.runner.progress import for_stream

    name, given = split_arguments(spec, overrides)
    settings = settings_of(flags)
    registry = registry_of(settings)
    resolved = load(name, given, flags, registry)
    choice = resolved.choice("data.source")
    source = registry.build(choice.component, choice.options)
    if not isinstance(source, WritesFolder):
        raise SpecError(
            f"the source '{choice.component.name}' cannot write a challenge folder",
            where="data.source",
            hint="use the source 'simulated'",
        )
    if flags["dry_run"]:
        click.echo(f"would write {folder} from the source '{choice.component.name}'")
        return
    ctx = Context(seed=resolved.run.seed, progress=for_stream(), workers=settings.workers)
    click.echo(source.write(folder, ctx=ctx))
