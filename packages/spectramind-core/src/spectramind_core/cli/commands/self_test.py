"""``smv50 test``: is this installation sound?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from spectramind_core.cli.common import load, registry_of, settings_of
from spectramind_core.errors import SpectramindError


@click.command("test")
@click.option("--deep", is_flag=True, help="Also run a small spec from raw frames to submission.")
@click.option("--spec", "spec_file", help="Check this spec instead of the defaults.")
@click.pass_obj
def self_test(flags: dict[str, Any], deep: bool, spec_file: str | None) -> None:
    """Check this installation: folders, plugins, spec, submission format; with --deep, a whole run.

    Exits with 1 if anything fails.
    """
    failed = 0
    for name, check in _checks(flags, deep, spec_file):
        try:
            detail = check()
        except Exception as error:  # whatever is wrong with one check, the others are made
            failed += 1
            kind = "" if isinstance(error, SpectramindError) else f"{type(error).__name__}: "
            click.echo(f"FAILED {name}: {kind}{error}")
        else:
            click.echo(f"ok     {name}: {detail}")
    if failed:
        raise SpectramindError(f"{failed} checks failed")


def _checks(
    flags: dict[str, Any], deep: bool, spec_file: str | None
) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "folders", lambda: _folders(flags)
    yield "plugins", _plugins
    yield "spec", lambda: _spec(flags, spec_file)
    yield "submission", _submission
    if deep:
        yield "run", lambda: _run(flags)


def _folders(flags: dict[str, Any]) -> str:
    from spectramind_core.storage import remove, write_text

    settings = settings_of(flags)
    for folder in (settings.cache, settings.output):
        remove(write_text(folder / ".smv50-write-test", "ok"))
    return f"cache {settings.cache} and output {settings.output} can be written"


def _plugins() -> str:
    from spectramind_core.plugins.doctor import examine
    from spectramind_core.plugins.index import read_index

    checkups = examine(read_index())
    unwell = [f"{c.module} ({'; '.join(c.problems)})" for c in checkups if not c.healthy]
    assert not unwell, ", ".join(unwell)
    return f"{sum(len(c.components) for c in checkups)} components are healthy"


def _spec(flags: dict[str, Any], spec_file: str | None) -> str:
    resolved = load(spec_file, (), flags, registry_of(settings_of(flags)))
    return f"{spec_file or 'the defaults'} resolve to {resolved.digest[:12]}"


def _submission() -> str:
    import numpy as np

    from spectramind_core.builtin.challenge_csv import ChallengeCsv, read_submission
    from spectramind_core.builtin.options import CsvOptions
    from spectramind_core.components import Context
    from spectramind_core.contracts import Prediction

    mu = np.random.default_rng(0).uniform(1e-3, 2e-2, (2, 283))
    prediction = Prediction(
        planet_ids=("1", "2"), wavelength=np.linspace(0.7, 3.9, 283), mu=mu, sigma=mu / 100
    )
    with TemporaryDirectory() as folder:
        path = ChallengeCsv(CsvOptions()).export(prediction, folder=Path(folder), ctx=Context())
        planets, mu, _ = read_submission(path)
    assert planets == prediction.planet_ids
    assert (mu == prediction.mu).all()
    return "a submission of 2 planets x 283 bins reads back exactly"


def _run(flags: dict[str, Any]) -> str:
    from spectramind_core.runner import run

    with TemporaryDirectory() as folder:
        settings = settings_of(flags, output=Path(folder) / "outputs", cache=Path(folder) / "cache")
        registry = registry_of(settings)
        small = (
            "name=self-test",
            "data.source.options={planets: 24, test_planets: 2}",
            "model.estimator.use=transit",
            "model.baselines=[]",
            "diagnostics=[]",
            "reports=[]",
        )
        resolved = load(None, small, flags, registry)
        result = run(resolved, registry=registry, settings=settings)
        assert result.submissions, "no submission was written"
        return f"raw frames to submission, score {result.score:.3f}"
