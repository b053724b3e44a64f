"""``smv50 plugins``: what is installed. ``list`` reads package metadata and imports no plugin."""

from __future__ import annotations

from typing import Any, Literal, get_args, get_origin

import click

from spectramind_core.kinds import KIND, KINDS

KIND_ARGUMENT = click.argument("kind", required=False, type=click.Choice([k.name for k in KINDS]))


@click.group()
def plugins() -> None:
    """List, show and examine components."""


@plugins.command("list")
@KIND_ARGUMENT
def list_(kind: str | None) -> None:
    """List the components that are installed, of one KIND or of all."""
    from spectramind_core.plugins.index import read_index

    index = read_index()
    for row in KINDS if kind is None else (KIND[kind],):
        click.secho(f"{row.name}  ({row.summary}; spec section '{row.section}')", bold=True)
        for entry in index:
            if entry.kind == row.name:
                click.echo(f"  {entry.name:<22}{entry.distribution} {entry.version}")


@plugins.command("show")
@click.argument("name")
@click.pass_obj
def show(flags: dict[str, Any], name: str) -> None:
    """Show a component: what it does, its options, what it needs and gives, what to cite.

    NAME is a component's name, or KIND.NAME where several kinds have it.
    """
    from spectramind_core.cli.common import registry_of, settings_of
    from spectramind_core.plugins.not_found import NotFound, unknown

    registry = registry_of(settings_of(flags))
    kind, _, bare = name.rpartition(".")
    found = [
        entry
        for row in KINDS
        if not kind or row.name == kind
        for entry in registry.entries(row.name)
        if entry.name == bare
    ]
    if not found:
        every = [entry.name for row in KINDS for entry in registry.entries(row.name)]
        raise unknown(kind if kind in KIND else "estimators", bare, sorted(set(every)))
    for entry in found:
        status = registry.status(entry)
        click.secho(f"{entry.kind}.{entry.name}", bold=True, nl=False)
        click.echo(f"  from {entry.distribution} {entry.version} [{status.state}]")
        if status.component is None:
            raise NotFound("broken", status.reason, hint="smv50 plugins doctor", where=name)
        _describe(status.component)


def _describe(component: Any) -> None:
    click.echo(f"  {component.summary}; revision {component.revision}")
    for label in ("requires", "provides"):
        if values := getattr(component, label):
            click.echo(f"  {label} {', '.join(values)}")
    for slot in component.slots:
        click.echo(f"  slot model.{slot.kind}.{slot.name}, by default '{slot.default or 'empty'}'")
    if component.options.model_fields:
        click.echo("  options:")
    _describe_options(component.options())
    for reference in component.references:
        click.echo(f"  cite {reference}")


def _describe_options(options: Any, prefix: str = "") -> None:
    """Each option with its default, by the path that a spec or an override gives it."""
    for name, info in type(options).model_fields.items():
        value, path = getattr(options, name), f"{prefix}{name}"
        text = " ".join((info.description or "").split())
        if get_origin(info.annotation) is Literal:
            text += f" One of {', '.join(map(repr, get_args(info.annotation)))}."
        several = isinstance(value, tuple) and value and hasattr(value[0], "model_fields")
        if several or hasattr(value, "model_fields"):
            click.echo(f"    {path}: {text}")
            for number, item in enumerate(value if several else (value,)):
                _describe_options(item, f"{path}[{number}]." if several else f"{path}.")
        else:
            click.echo(f"    {path} = {value!r}\n        {text}")


@plugins.command("doctor")
@click.argument("names", nargs=-1)
def doctor(names: tuple[str, ...]) -> None:
    """Import each plugin in a process of its own and check what it declares.

    NAMES are distributions or components; default: all. Exits with 3 if one is unwell.
    """
    from spectramind_core.errors import PluginError
    from spectramind_core.plugins.doctor import examine
    from spectramind_core.plugins.index import read_index

    index = read_index()
    modules = {e.module for e in index if not names or {e.distribution, e.name} & set(names)}
    if not modules:
        raise PluginError(
            f"nothing installed is called {' or '.join(names)}", hint="smv50 plugins list"
        )
    unwell = 0
    for checkup in examine(entry for entry in index if entry.module in modules):
        unwell += not checkup.healthy
        mark = "ok     " if checkup.healthy else "UNWELL "
        click.echo(
            f"{mark}{checkup.distribution}  {checkup.module}  "
            f"{len(checkup.components)} components, {checkup.seconds:.2f} s"
        )
        for problem in checkup.problems:
            click.echo(f"         {problem}")
        for what, passed, detail in checkup.checks:
            click.echo(f"         {'ok' if passed else 'FAILED'}: {what} {detail}")
    if unwell:
        raise PluginError(f"{unwell} plugin modules are unwell")
