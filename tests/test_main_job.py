"""The main job: raw frames to submission on the simulator, and on folders of both editions."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from spectramind_core.builtin.challenge_csv import read_submission

pytest.importorskip("torch", reason="the main job trains a network")
pytest.importorskip("spectramind_models")

ROOT = Path(__file__).parents[1]
Smv50 = Callable[..., "subprocess.CompletedProcess[str]"]

SMALL = (
    "data.source.options={planets: 32, test_planets: 3, pairs: 64, time_bins: 32, repeats: 0.5}",
    "data.split.calibration=0.4",
    "model.estimator.options.training.stages=[{name: short, epochs: 2}]",
    "diagnostics=[score, spectra, light_curves, frequency, symbolic, calibration, detector,"
    " training, comparison]",
)


def folder_of(done: subprocess.CompletedProcess[str], cwd: Path) -> Path:
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("run folder"))
    return cwd / line.split(maxsplit=2)[2]


def test_the_quickstart_ends_with_report_submission_and_score(smv50: Smv50, tmp_path: Path) -> None:
    spec = str(ROOT / "examples" / "quickstart.yaml")
    folder = folder_of(smv50("run", spec, *SMALL), tmp_path)
    planets, _, sigma = read_submission(folder / "submission" / "submission.csv")
    assert len(planets) == 3
    assert np.all(sigma > 0)
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["baselines"]) == {"transit", "wiener"}
    assert 0 <= metrics["score"] <= 1
    assert list(folder.glob("*.html"))
    findings = {
        path.stem: json.loads(path.read_text()) for path in (folder / "diagnostics").glob("*.json")
    }
    assert len(findings) == 9
    assert [name for name, found in findings.items() if "failed" in found["verdict"]] == []
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "done"
    assert manifest["extra"]["selective_scan"] == ["numba"]
    again = folder_of(smv50("run", str(folder / "spec.resolved.yaml")), tmp_path)
    for name in ("submission.csv", "submission_long.csv"):
        assert (again / "submission" / name).read_bytes() == (
            folder / "submission" / name
        ).read_bytes()


@pytest.mark.parametrize("edition", [2024, 2025])
def test_a_challenge_folder_is_written_read_back_and_run(
    smv50: Smv50, tmp_path: Path, edition: int
) -> None:
    simulated = (
        "{planets: 14, test_planets: 2, pairs: 24, time_bins: 12, repeats: 0.3, edition: "
        f"{edition}}}"
    )
    done = smv50("simulate", "folder", f"data.source.options={simulated}")
    assert done.returncode == 0, done.stderr
    repeated = len(list((tmp_path / "folder" / "train").glob("*/FGS1_signal_1.parquet")))
    assert repeated > 0 if edition == 2025 else repeated == 0
    spec = tmp_path / "folder.yaml"
    spec.write_text(
        "spec: 1\n"
        "data:\n"
        "  source: {use: ariel, options: {root: folder}}\n"
        "  split: {calibration: 0.4, validation: 0.1}\n"
        "detector: {use: numpy, options: {fgs1: {time_bins: 12}, airs: {time_bins: 12}}}\n"
        "model: {estimator: transit, baselines: []}\n"
        f"scoring: {{edition: {edition}}}\n"
        "diagnostics: []\n"
        "reports: []\n"
    )
    folder = folder_of(smv50("run", str(spec)), tmp_path)
    planets, _, _ = read_submission(folder / "submission" / "submission.csv")
    assert planets == ("900001", "900002")


def test_frames_calibrate_alike_from_a_folder_and_from_memory(smv50: Smv50, tmp_path: Path) -> None:
    """Writing and reading a challenge folder loses nothing."""
    from spectramind_calib.detector.ariel import ArielSource
    from spectramind_calib.detector.calibration import NumpyCalibration
    from spectramind_calib.detector.options import ArielOptions, CalibrationOptions
    from spectramind_calib.simulator.options import SimulatedOptions
    from spectramind_calib.simulator.source import SimulatedSource
    from spectramind_core.components import Context

    ctx = Context(seed=7)
    source = SimulatedSource(SimulatedOptions(planets=0, test_planets=1, pairs=20, repeats=1.0))
    folder = source.write(tmp_path / "folder", ctx=ctx)
    ariel = ArielSource(ArielOptions(root=str(folder)))
    assert ariel.visits(ctx=ctx) == source.visits(ctx=ctx)
    calibration = NumpyCalibration(CalibrationOptions())
    for visit in source.visits(ctx=ctx):
        one = calibration.calibrate(source.open(visit, ctx=ctx), ctx=ctx)  # type: ignore[arg-type]
        two = calibration.calibrate(ariel.open(visit, ctx=ctx), ctx=ctx)
        assert one == two


def test_the_example_plugin_is_installed_apart_and_used_by_name(
    smv50: Smv50, tmp_path: Path
) -> None:
    pytest.importorskip("hatchling", reason="building the plugin needs hatchling")
    installed = tmp_path / "site"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"),
            *("--target", str(installed), str(ROOT / "plugins" / "spectramind-boxfit")),
        ],
        check=True,
    )
    arguments = (
        "run",
        "data.source.options={planets: 12, test_planets: 2, test: light_curves, time_bins: 40}",
        "data.split.calibration=0.5",
        "model={estimator: box, baselines: []}",
        "diagnostics=[flatness]",
        "reports=[markdown]",
    )
    without = smv50(*arguments, SMV50_BLOCK="spectramind-boxfit")
    assert without.returncode == 2
    assert re.search(
        "there is no estimator 'box'|'box' of spectramind-boxfit is blocked", without.stderr
    )
    folder = folder_of(smv50(*arguments, PYTHONPATH=str(installed)), tmp_path)
    assert (folder / "diagnostics" / "flatness.json").is_file()
    reports = [path.read_text() for path in folder.glob("*.md")]
    assert any("differ from a flat line" in text for text in reports)
