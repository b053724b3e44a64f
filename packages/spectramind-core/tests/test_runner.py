"""The main job from observations to submission, with stand-ins for everything that computes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import stand_ins

from spectramind_core.builtin.challenge_csv import read_submission
from spectramind_core.contracts import Prediction, RunManifest
from spectramind_core.errors import DataError, SpectramindError
from spectramind_core.plugins.registry import Registry
from spectramind_core.runner import STAGES, RunResult, plan, run
from spectramind_core.runner.training_log import TrainingLog, replay
from spectramind_core.settings import Settings
from spectramind_core.spec import ResolvedSpec, load_spec
from spectramind_core.storage import load

Go = Callable[..., RunResult]


def test_a_run_leaves_score_report_submission_and_record(go: Go) -> None:
    result = go()
    assert result.score is not None
    assert 0 < result.score <= 1
    planets, mu, sigma = read_submission(result.folder / "submission" / "submission.csv")
    final = load(Prediction, result.folder / "predictions" / "final.h5")
    assert planets == final.planet_ids
    assert (mu == final.mu).all()
    assert (sigma == final.sigma).all()
    names = {path.name for path in result.folder.iterdir()}
    assert names >= {
        "spec.resolved.yaml",
        "run_hash_summary_v50.json",
        "manifest.json",
        "metrics.json",
        "events.jsonl",
        "v50_debug_log.md",
        "report.txt",
    }
    assert (result.folder / "factor" / "factor.csv").is_file()
    assert (result.folder / "diagnostics" / "count.json").is_file()


def test_the_manifest_says_what_ran_from_what_into_what(go: Go) -> None:
    result = go()
    manifest = RunManifest.model_validate_json((result.folder / "manifest.json").read_text())
    assert manifest.status == "done"
    assert [record.stage for record in manifest.stages] == list(STAGES)
    assert manifest.extra == {"stand_ins": "used"}
    assert len(manifest.visits) == 28
    assert "submission/submission.csv" in manifest.outputs
    assert {record.section for record in manifest.components} >= {"data.source", "uncertainty[0]"}


def test_the_resolved_spec_runs_to_the_same_hash(go: Go, registry: Registry) -> None:
    result = go()
    again = load_spec(result.folder / "spec.resolved.yaml", registry=registry)
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert again.digest == manifest["spec_hash"]


def test_two_runs_give_identical_submissions_and_the_second_computes_nothing(go: Go) -> None:
    first, second = go(), go()
    assert _submission(first) == _submission(second)
    cached = {record.stage: (record.cached, record.items) for record in second.stages}
    for stage in ("calibrate", "train", "predict", "recalibrate"):
        assert cached[stage][0] == cached[stage][1]


def test_what_a_cached_training_reported_is_reported_again(go: Go) -> None:
    def epochs(result: RunResult) -> list[dict[str, object]]:
        lines = (result.folder / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        return [e for e in events if e["event"] == "epoch"]

    first, second = epochs(go()), epochs(go())
    assert [event["estimator"] for event in first] == ["box", "box"]
    for before, after in zip(first, second, strict=True):
        assert after == {**before, "time": after["time"], "cached": True}


def test_epochs_repeated_after_an_interruption_count_once(tmp_path: Path) -> None:
    log = TrainingLog(tmp_path, "v50", lambda name, values: None)
    for epoch, loss in ((1, 3.0), (2, 2.0), (3, 1.5), (2, 2.0), (3, 1.5), (4, 1.0)):
        log("epoch", {"epoch": epoch, "loss": loss})
    done = tmp_path / "done"
    done.mkdir()
    log.close(done)
    seen: list[object] = []
    replay(done, lambda name, values: seen.append((name, values["epoch"], values["cached"])))
    assert seen == [("epoch", epoch, True) for epoch in (1, 2, 3, 4)]


def test_without_the_cache_the_bits_are_the_same(
    go: Go, registry: Registry, tmp_path: Path, spec: Callable[..., ResolvedSpec]
) -> None:
    fresh = Settings(cache=tmp_path / "other", output=tmp_path / "outputs", device="cpu")
    assert _submission(go()) == _submission(run(spec(), registry=registry, settings=fresh))


def test_only_what_changed_is_computed_again(go: Go) -> None:
    go()
    records = {r.stage: r for r in go("model.estimator.options.bias=0.0005").stages}
    assert records["calibrate"].cached == records["calibrate"].items
    assert (records["train"].cached, records["train"].items) == (1, 2)


@pytest.mark.parametrize("stage", STAGES)
def test_a_run_until_a_stage_ends_there(go: Go, stage: str) -> None:
    result = go(until=stage)
    assert [record.stage for record in result.stages] == list(STAGES[: STAGES.index(stage) + 1])


INSIDE = ("open 1003", "fit", "predict", "recalibrate", "diagnose", "report")
BOUNDARIES = tuple(f"stage_end {stage}" for stage in STAGES)


@pytest.mark.parametrize("place", INSIDE + BOUNDARIES)
def test_killed_and_run_again_it_ends_with_the_same_bits(
    place: str, tmp_path: Path, go: Go
) -> None:
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import stand_ins\n"
        "from pathlib import Path\n"
        "from spectramind_core.plugins.index import read_index\n"
        "from spectramind_core.plugins.registry import Registry\n"
        "from spectramind_core.runner import run\n"
        "from spectramind_core.settings import Settings\n"
        "from spectramind_core.spec import load_spec\n"
        "own = [e for e in read_index() if e.distribution == 'spectramind-core']\n"
        "registry = Registry(own); registry.register(stand_ins, distribution='stand-ins')\n"
        "root = Path(sys.argv[2])\n"
        "settings = Settings(cache=root / 'killed', output=root / 'outputs', device='cpu')\n"
        "result = run(load_spec(stand_ins.SPEC, registry=registry), registry=registry,"
        " settings=settings)\n"
        "print(result.folder)\n"
    )
    command = [sys.executable, "-c", program, str(Path(stand_ins.__file__).parent), str(tmp_path)]
    killed = subprocess.run(
        command,
        env={**os.environ, stand_ins.FAULT: f"{place}=kill"},
        check=False,
        capture_output=True,
    )
    assert killed.returncode == -9
    again = subprocess.run(command, check=True, capture_output=True, text=True)
    folder = Path(again.stdout.strip())
    assert _submission(RunResult(folder)) == _submission(go())


@pytest.mark.parametrize("place", ["fit", "predict", "recalibrate"])
def test_an_interrupted_run_says_so_and_keeps_its_logs(
    place: str, go: Go, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv(stand_ins.FAULT, f"{place}=interrupt")
    with pytest.raises(KeyboardInterrupt):
        go()
    (manifest,) = settings.output.rglob("manifest.json")
    assert json.loads(manifest.read_text())["status"] == "interrupted"


def test_runs_that_want_the_same_training_wait_for_it(
    spec: Callable[..., ResolvedSpec],
    registry: Registry,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained: list[str] = []
    fit = stand_ins.BoxEstimator.fit

    def slow(self: stand_ins.BoxEstimator, *args: object, **more: object) -> None:
        trained.append("began")
        time.sleep(0.5)
        fit(self, *args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(stand_ins.BoxEstimator, "fit", slow)
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(run, spec(), registry=registry, settings=settings) for _ in range(2)]
        first, second = (each.result() for each in runs)
    assert _submission(first) == _submission(second)
    assert len(trained) == 2  # the estimator and the baseline, once each


def test_interrupted_training_finds_its_workspace_again(
    go: Go, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv(stand_ins.FAULT, "fit=error")
    with pytest.raises(RuntimeError):
        go()
    assert list((settings.cache / "unfinished").rglob("half-done"))
    monkeypatch.delenv(stand_ins.FAULT)
    go()
    assert not list((settings.cache / "unfinished").rglob("half-done"))


def test_a_damaged_planet_is_reported_and_left_out(go: Go) -> None:
    result = go("data.source.options.damaged=['1026']")
    planets, _, _ = read_submission(result.folder / "submission" / "submission.csv")
    assert "1026" not in planets
    assert len(planets) == 3
    (failure,) = result.failures
    assert (failure.planet_id, failure.stage) == ("1026", "calibrate")


def test_too_many_damaged_planets_end_the_run(go: Go) -> None:
    with pytest.raises(DataError, match=r"3 of 28 visits failed.*made to be damaged"):
        go("data.source.options.damaged=['1000', '1001', '1002']")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("data.source.options.twice=true", "listed 2 times"),
        ("data.source.options.both=true", "train partition and in the test partition"),
        ("data.source.options={planets: 0, test: 0}", "no visit at all"),
        ("data.source.options={planets: 8, test: 0}", "no planet to predict"),
        ("data.split.calibration=0.0", "no planet to calibrate uncertainty on"),
    ],
)
def test_data_that_cannot_be_run_end_it_with_one_clear_message(
    go: Go, override: str, message: str
) -> None:
    with pytest.raises(SpectramindError, match=message):
        go(override)


def test_held_out_planets_are_tested_on(go: Go) -> None:
    result = go("data.source.options={planets: 30, test: 0}", "data.split.holdout=0.2")
    assert result.metrics["planets"]["test"] == 6


def test_a_failing_diagnostic_or_report_does_not_cost_the_submission(
    go: Go, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in ("diagnose", "report"):
        monkeypatch.setenv(stand_ins.FAULT, f"{place}=error")
        result = go()
        assert result.submissions
        assert "told to fail" in (result.folder / "events.jsonl").read_text()


def test_a_tracker_that_raises_is_recorded_and_switched_off(go: Go) -> None:
    result = go("trackers=[deaf, csv]")
    manifest = json.loads((result.folder / "manifest.json").read_text())
    assert "deaf" in manifest["observers"]["tracker deaf"]
    assert (result.folder / "training.csv").read_text().startswith("epoch,loss")


def test_processes_give_the_same_bits_as_serial(
    go: Go, spec: Callable[..., ResolvedSpec], registry: Registry, tmp_path: Path
) -> None:
    fresh = Settings(cache=tmp_path / "other", output=tmp_path / "outputs", device="cpu", workers=2)
    spread = run(spec("executor=processes"), registry=registry, settings=fresh)
    assert _submission(spread) == _submission(go())


def test_the_plan_says_what_is_cached_and_leaves_nothing_behind(
    go: Go, spec: Callable[..., ResolvedSpec], registry: Registry, settings: Settings
) -> None:
    before = {s.stage: s for s in plan(spec(), registry=registry, settings=settings)}
    assert (before["calibrate"].cached, before["calibrate"].items) == (0, 28)
    assert not settings.output.exists()
    go()
    after = {s.stage: s for s in plan(spec(), registry=registry, settings=settings)}
    for stage in ("calibrate", "train", "predict", "recalibrate"):
        assert after[stage].cached == after[stage].items


def test_an_unwritable_output_folder_is_one_clear_message(
    spec: Callable[..., ResolvedSpec], registry: Registry, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    settings = Settings(cache=tmp_path / "cache", output=blocked, device="cpu")
    with pytest.raises(SpectramindError, match="file"):
        run(spec(), registry=registry, settings=settings)


def _submission(result: RunResult) -> bytes:
    return (result.folder / "submission" / "submission.csv").read_bytes()
