"""``smv50 diagnose``: the report, the list of diagnostics, or one of them."""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from typing import Any

import click

from spectramind_core.cli.commands.run import execute
from spectramind_core.cli.common import (
    load,
    registry_of,
    settings_of,
    spec_arguments,
    split_arguments,
)


class DiagnosticGroup(click.Group):
    """``dashboard``, ``list``, and every diagnostic by its name."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return super().get_command(ctx, name) or _one(name)


@click.group(cls=DiagnosticGroup, subcommand_metavar="dashboard | list | NAME [SPEC.YAML]")
def diagnose() -> None:
    """Look at a run: build the whole report, list the diagnostics, or show one of them.

    Work that is cached is not done again, so this is quick after a run of the same spec.
    """


@diagnose.command("dashboard")
@spec_arguments
@click.option("--output", type=click.Path(path_type=Path), help="Where run folders go.")
@click.option("--quiet", is_flag=True, help="Show no progress.")
@click.option("--open", "show", is_flag=True, help="Open the report in a browser.")
@click.option(
    "--compare",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Another run folder to compare with; may be given again.",
)
@click.pass_obj
def dashboard(
    flags: dict[str, Any],
    spec: str | None,
    overrides: tuple[str, ...],
    output: Path | None,
    quiet: bool,
    show: bool,
    compare: tuple[Path, ...],
) -> None:
    """Run every diagnostic and write the report."""
    if flags["dry_run"]:
        execute(flags, "diagnose", spec=spec, overrides=overrides, output=output, quiet=quiet)
        return
    result = _run(flags, spec, overrides, output, quiet, compare)
    for report in result.reports[:1]:
        click.echo(f"report       {report}")
        if show:
            webbrowser.open(report.resolve().as_uri())


@diagnose.command("list")
@click.pass_obj
def list_(flags: dict[str, Any]) -> None:
    """List the diagnostics that are installed."""
    registry = registry_of(settings_of(flags))
    for entry in registry.entries("diagnostics"):
        status = registry.status(entry)
        text = status.component.summary if status.component else f"{status.state}: {status.reason}"
        click.echo(f"{entry.name:<16}{text}")


def _one(name: str) -> click.Command:
    @click.command(name, help=f"Run the diagnostic '{name}' alone and print what it found.")
    @spec_arguments
    @click.option("--output", type=click.Path(path_type=Path), help="Where run folders go.")
    @click.option("--quiet", is_flag=True, help="Show no progress.")
    @click.pass_obj
    def command(
        flags: dict[str, Any],
        spec: str | None,
        overrides: tuple[str, ...],
        output: Path | None,
        quiet: bool,
    ) -> None:
        only = (*overrides, f"diagnostics=[{name}]", "reports=[]")
        result = _run(flags, spec, only, output, quiet, ())
        _print_findings(result.folder / "diagnostics" / f"{name}.h5")

    return command


def _run(
    flags: dict[str, Any],
    spec: str | None,
    overrides: tuple[str, ...],
    output: Path | None,
    quiet: bool,
    compare: tuple[Path, ...],
) -> Any:
    from spectramind_core.runner import run
    from spectramind_core.runner.progress import for_stream

    name, given = split_arguments(spec, overrides)
    settings = settings_of(flags, output=output)
    registry = registry_of(settings)
    return run(
        load(name, given, flags, registry),
        registry=registry,
        settings=settings,
        until="diagnose",
        command=("smv50", *sys.argv[1:]),
        progress=for_stream(quiet=quiet),
        compare=compare,
    )


def _print_findings(path: Path) -> None:
    from spectramind_core.contracts import DiagnosticResult
    from spectramind_core.storage import load as load_contract

    result = load_contract(DiagnosticResult, path)
    click.echo(f"{result.title} [{result.severity}]\n{result.verdict}\n\n{result.guide}\n")
    for name, value in result.scalars.items():
        click.echo(f"  {name:<32}{value:.6g}")
    click.echo(f"\nfigures and tables as data: {path}")
