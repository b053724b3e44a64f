"""``smv50 run`` and the commands that are a run up to some stage."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from spectramind_core.cli.common import (
    combinations,
    load,
    registry_of,
    settings_of,
    spec_arguments,
    split_arguments,
)


def _command(name: str, stage: str, text: str) -> click.Command:
    """A command that runs a spec up to `stage`."""

    @click.command(name, help=text)
    @spec_arguments
    @click.option("--output", type=click.Path(path_type=Path), help="Where run folders go.")
    @click.option("--quiet", is_flag=True, help="Show no progress.")
    @click.pass_obj
    def command(flags: dict[str, Any], /, **arguments: Any) -> None:
        execute(flags, stage, **arguments)

    return command


def execute(
    flags: dict[str, Any],
    stage: str,
    *,
    spec: str | None,
    overrides: tuple[str, ...],
    output: Path | None,
    quiet: bool,
) -> None:
    """Run a spec, or every combination of overrides, up to a stage; or print the plan."""
    name, given = split_arguments(spec, overrides)
    settings = settings_of(flags, output=output)
    registry = registry_of(settings)
    for chosen in combinations(given) if flags["multirun"] else [tuple(given)]:
        resolved = load(name, chosen, flags, registry)
        if flags["multirun"]:
            click.echo(f"== {' '.join(chosen)}")
        if flags["dry_run"]:
            _print_plan(resolved, registry, settings, stage)
        else:
            _run(resolved, registry, settings, stage, quiet=quiet)


def _print_plan(resolved: Any, registry: Any, settings: Any, stage: str) -> None:
    from spectramind_core.runner import plan

    click.echo(f"{'stage':<12}{'work':>7}{'cached':>8}  with")
    for planned in plan(resolved, registry=registry, settings=settings, until=stage):
        click.echo(f"{planned.stage:<12}{planned.items:>7}{planned.cached:>8}  {planned.what}")


def _run(resolved: Any, registry: Any, settings: Any, stage: str, *, quiet: bool) -> None:
    from spectramind_core.runner import run as run_spec
    from spectramind_core.runner.progress import for_stream

    result = run_spec(
        resolved,
        registry=registry,
        settings=settings,
        until=stage,
        command=("smv50", *sys.argv[1:]),
        progress=for_stream(quiet=quiet),
    )
    for failure in result.failures:
        click.echo(
            f"left out: planet {failure.planet_id} visit {failure.visit} "
            f"({failure.stage}): {failure.error.splitlines()[0]}",
            err=True,
        )
    click.echo(f"run folder   {result.folder}")
    for report in result.reports[:1]:
        click.echo(f"report       {report}")
    for submission in result.submissions:
        click.echo(f"submission   {submission}")
    if result.score is not None:
        click.echo(f"score        {result.score:.4f}{_baselines(result.metrics)}")


def _baselines(metrics: dict[str, Any]) -> str:
    listed = [f"{name} {found['score']:.4f}" for name, found in metrics["baselines"].items()]
    return f"   (baselines: {', '.join(listed)})" if listed else ""


run = _command("run", "submit", "Run SPEC.YAML: observations to submission, with a report.")
calibrate = _command("calibrate", "calibrate", "Run SPEC.YAML up to the light curves.")
train = _command("train", "train", "Run SPEC.YAML up to the trained estimator and baselines.")
predict = _command("predict", "predict", "Run SPEC.YAML up to the predictions.")
corel_train = _command(
    "corel-train",
    "recalibrate",
    "Run SPEC.YAML up to calibrated uncertainty: fits COREL and every other calibrator named.",
)
submit = _command("submit", "submit", "Run SPEC.YAML up to the submission files.")
