"""Broken plugins, installed: a run that does not name one passes, a run that does says why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
import stand_ins
from broken_plugins import BROKEN, good
from ruamel.yaml import YAML

RUN = "import sys; from spectramind_core.cli import main; main()"


def install(site: Path, distribution: str, module: str, source: str, **names: str) -> None:
    """Lay a distribution down as pip would: a module, and metadata with its entry points."""
    (site / f"{module}.py").write_text(dedent(source))
    metadata = site / f"{distribution.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1\n")
    groups = [f"[spectramind.{kind}]\n{name} = {module}\n" for kind, name in names.items()]
    (metadata / "entry_points.txt").write_text("\n".join(groups))


def named(case: str) -> str:
    """The name that a case's exporter has in specs."""
    return case.replace(" ", "_").lower()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every broken plugin at once, two that clash, and the stand-ins that a run is made of."""
    site = tmp_path_factory.mktemp("site")
    install(
        site,
        "stand-ins",
        "stand_ins",
        Path(stand_ins.__file__).read_text(),
        sources="toy",
        detector_calibrations="toy_detector",
        estimators="box",
        calibrators="factor",
        diagnostics="count",
        reports="text",
    )
    for case, (source, _) in BROKEN.items():
        own = dedent(source).replace('name="mine"', f'name="{named(case)}"')
        install(site, f"dist-{named(case)}", f"module_{named(case)}", own, exporters=named(case))
    for twin in ("first", "second"):
        install(site, f"dist-{twin}", f"module_{twin}", good("twin"), exporters="twin")
    spec = {**stand_ins.SPEC, "data": {"source": {"use": "toy", "options": {"planets": 8}}}}
    spec["data"]["split"] = {"calibration": 0.25}
    YAML().dump(spec, site / "toy.yaml")
    return site


def run(site: Path, folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", RUN, "run", str(site / "toy.yaml"), *overrides],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(site), "SMV50_CACHE": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_run_that_names_no_broken_plugin_passes(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "submission.csv" in done.stdout


CASES = {
    **{case: message.replace("mine", named(case)) for case, (_, message) in BROKEN.items()},
    "twin": "offered by dist-first and dist-second",
}


@pytest.mark.parametrize("case", CASES)
def test_a_run_that_names_a_broken_plugin_says_what_is_wrong_with_it(
    case: str, site: Path, tmp_path: Path
) -> None:
    done = run(site, tmp_path, f"submit=[challenge_csv, {named(case)}]")
    assert done.returncode == 2
    assert re.search(CASES[case], done.stderr), done.stderr
    assert "Traceback" not in done.stderr
    assert "override 1  submit[1]" in done.stderr
    assert not (tmp_path / "outputs").exists()


def test_naming_the_distribution_settles_a_clash(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "submit=[challenge_csv, 'dist-second:twin']")
    assert done.returncode == 0, done.stderr
