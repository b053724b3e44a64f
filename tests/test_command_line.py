"""The command line: what it imports, what it says, and how it fails."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).parents[1]
Smv50 = Callable[..., "subprocess.CompletedProcess[str]"]

LIGHT = ("pydantic", "numpy", "pluggy", "torch", "numba", "polars", "bokeh", "scipy")
NUMERICS = ("torch", "numba", "polars", "bokeh", "scipy", "sklearn", "shap", "h5py", "batman")


def imported_by(arguments: list[str], **environment: str) -> set[str]:
    """Top-level modules that a command imports, seen from a fresh process."""
    program = (
        "import sys, atexit\n"
        f"sys.argv = ['smv50', *{arguments!r}]\n"
        "atexit.register(lambda: sys.stderr.write("
        "'MODULES ' + ' '.join(sorted({m.split('.')[0] for m in sys.modules}))))\n"
        "from spectramind_core.cli import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )
    return set(done.stderr.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("arguments", [["--help"], ["plugins", "list"], ["--version"]])
def test_help_and_listings_import_nothing_heavy(arguments: list[str]) -> None:
    modules = imported_by(arguments)
    assert "click" in modules
    assert modules.isdisjoint(LIGHT)
    assert not {m for m in modules if m.startswith("spectramind_") and m != "spectramind_core"}


def test_completion_imports_nothing_heavy() -> None:
    environment = {
        "_SMV50_COMPLETE": "bash_complete",
        "COMP_WORDS": "smv50 pl",
        "COMP_CWORD": "1",
    }
    assert imported_by([], **environment).isdisjoint(LIGHT)


def test_checking_a_spec_imports_no_numerics() -> None:
    spec = str(ROOT / "examples" / "quickstart.yaml")
    assert imported_by(["spec", "check", spec]).isdisjoint(NUMERICS)


def test_every_example_spec_is_sound(smv50: Smv50) -> None:
    for spec in sorted((ROOT / "examples").glob("*.yaml")):
        done = smv50("spec", "check", str(spec))
        assert done.returncode == 0, done.stderr


def test_every_example_spec_keeps_to_the_schema(smv50: Smv50) -> None:
    schema = json.loads(smv50("schema").stdout)
    shown = smv50("spec", "show", str(ROOT / "examples" / "quickstart.yaml"))
    from ruamel.yaml import YAML

    validator = jsonschema.Draft202012Validator(schema)
    spec = YAML(typ="safe").load(shown.stdout)
    assert [error.message for error in validator.iter_errors(spec)] == []
    spec["detector"]["options"]["airs"]["time_bin"] = 3
    assert list(validator.iter_errors(spec))


@pytest.mark.parametrize(
    ("text", "code", "messages"),
    [
        ("spec: 1\ndetector: numbaa\n", 2, ["2:", "SPEC006", "did you mean 'numba'"]),
        ("spec: 1\nsead: 3\n", 2, ["2:1", "SPEC004", "did you mean 'seed'"]),
        ("spec: 1\nseed: '3'\n", 2, ["2:1", "SPEC005", "valid integer"]),
        ("spec: 1\nseed: 1\nseed: 2\n", 2, ["3:1", "SPEC003", "first in line 2"]),
        ("spec: 1\nname: [\n", 2, ["SPEC002"]),
        ("spec: 2\n", 2, ["SPEC005", "1"]),
        ("extends: nowhere.yaml\n", 2, ["SPEC001", "nowhere.yaml"]),
        ("extends: spec.yaml\n", 2, ["SPEC012", "spec.yaml -> spec.yaml"]),
        ("a: !!python/object:os.system x\n", 2, ["SPEC002", "not allowed"]),
        (
            "data: {source: {use: simulated, options: {planet: 3}}}\n",
            2,
            ["SPEC008", "did you mean 'planets'"],
        ),
        (
            "data: {source: {use: simulated, options: {planets: -3}}}\n",
            2,
            ["SPEC009", "greater than or equal to 0"],
        ),
        ("model: {encoders: {fsg1: mamba}}\n", 2, ["SPEC010", "did you mean 'fgs1'"]),
        ("uncertainty: [temperatur]\nsubmit: [lng_csv]\n", 2, ["2 problems", "'long_csv'"]),
        (
            "sead: 3\ndata: {split: {holdout: 2}}\nmodel: {rules: [{use: bonds}]}\n"
            "reports: [{use: bokeh, wight: 1}]\nsubmit: [lng_csv]\n",
            2,
            ["5 problems", "SPEC004", "less than 1", "'bounds'", "reports[0].wight", "'long_csv'"],
        ),
    ],
)
def test_a_broken_spec_says_all_that_is_wrong_and_where(
    smv50: Smv50, tmp_path: Path, text: str, code: int, messages: list[str]
) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    done = smv50("spec", "check", "spec.yaml")
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    for message in messages:
        assert message in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "absent.yaml"], 2, "SPEC001"),
        (["run", "nonsense.path=1"], 2, "SPEC004"),
        (["run", "detector.options.airs.time_bin=3"], 2, "SPEC008"),
        (["run", "data.source={use: ariel, options: {root: nowhere}}"], 4, "no such folder"),
        (["run", "--output", "/proc/nowhere"], 5, "/proc/nowhere"),
        (["simulate", "folder", "data.source={use: hdf5}"], 2, "cannot write a challenge folder"),
        (["plugins", "show", "mmaba"], 3, "did you mean"),
        (["plugins", "doctor", "nobody"], 3, "nothing installed is called nobody"),
        (["--seed", "x", "run"], 2, "not a valid integer"),
    ],
)
def test_a_users_mistake_is_one_clear_message(
    smv50: Smv50, arguments: list[str], code: int, message: str
) -> None:
    done = smv50(*arguments)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback(smv50: Smv50) -> None:
    assert "Traceback" in smv50("--debug", "run", "absent.yaml").stderr


def test_a_wrong_setting_names_its_variable(smv50: Smv50) -> None:
    done = smv50("info", SMV50_WORKERS="many")
    assert done.returncode == 2
    assert "SMV50_WORKERS" in done.stderr


def test_a_dry_run_prints_the_plan_and_leaves_nothing(smv50: Smv50, tmp_path: Path) -> None:
    done = smv50("--dry-run", "run", "data.source.options.planets=20")
    assert done.returncode == 0, done.stderr
    assert "calibrate" in done.stdout
    assert not (tmp_path / "outputs").exists()


def test_a_multirun_runs_every_combination(smv50: Smv50) -> None:
    done = smv50("--dry-run", "--multirun", "run", "seed=1,2", "data.limit=5,6")
    assert done.stdout.count("== ") == 4


def test_specs_can_be_shown_compared_and_cited(smv50: Smv50, tmp_path: Path) -> None:
    shown = smv50("spec", "show", "seed=3")
    (tmp_path / "shown.yaml").write_text(shown.stdout)
    differing = smv50("spec", "diff", "shown.yaml", str(ROOT / "examples" / "quickstart.yaml"))
    assert "seed: 3 -> 50" in differing.stdout
    assert smv50("spec", "diff", "shown.yaml", "shown.yaml").stdout == ""
    assert "Mamba" in smv50("cite").stdout


def test_an_installation_tests_itself_without_test_tools(smv50: Smv50, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules.update(pytest=None, hypothesis=None)\n"
    )
    done = smv50("test", "--deep", PYTHONPATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "components are healthy" in done.stdout
    assert "raw frames to submission, score 0." in done.stdout


def test_a_component_is_shown_with_every_option_by_its_path(smv50: Smv50) -> None:
    done = smv50("plugins", "show", "v50")
    assert "slot model.encoders.fgs1, by default 'mamba'" in done.stdout
    assert "training.stages[0].epochs = " in done.stdout
    assert "One of 'bin', 'instrument'." in smv50("plugins", "show", "corel").stdout


def test_a_self_test_that_fails_says_which_check(smv50: Smv50) -> None:
    done = smv50("test", SMV50_OUTPUT="/proc/nowhere")
    assert done.returncode == 1
    assert "FAILED folders" in done.stdout
    assert "ok     submission" in done.stdout


def test_global_flags_may_follow_the_command(smv50: Smv50, tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "mine.yaml").write_text("spec: 1\nname: from-the-folder\n")
    before = smv50("--seed", "9", "--config-path", "specs", "spec", "show", "mine")
    after = smv50("spec", "show", "mine", "--config-path=specs", "--seed", "9")
    assert "name: from-the-folder" in before.stdout
    assert "seed: 9" in before.stdout
    assert after.stdout == before.stdout
    assert smv50("spec", "show", "--", "--seed").returncode == 2


def test_a_bug_keeps_its_traceback_and_says_that_it_is_one(smv50: Smv50, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import spectramind_core.spec as spec\nspec.load_spec = lambda *a, **k: 1 / 0\n"
    )
    done = smv50("spec", "check", PYTHONPATH=str(tmp_path))
    assert done.returncode == 70
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("smv50: this is a bug")


QUICK = (
    "data.source.options={planets: 12, test_planets: 2, test: light_curves, time_bins: 40}",
    "data.split.calibration=0.5",
    "model={estimator: transit, baselines: []}",
)


def test_diagnostics_are_listed_run_alone_and_gathered(smv50: Smv50, tmp_path: Path) -> None:
    listed = smv50("diagnose", "list")
    assert "score" in listed.stdout.split()
    alone = smv50("diagnose", "score", *QUICK)
    assert alone.returncode == 0, alone.stderr
    assert "figures and tables as data:" in alone.stdout
    (first,) = (tmp_path / "outputs").glob("*/*")
    all_ = smv50(
        *("diagnose", "dashboard", *QUICK, "--compare", str(first)),
        *("diagnostics=[score, comparison]", "reports=[markdown]"),
    )
    assert all_.returncode == 0, all_.stderr
    report = tmp_path / all_.stdout.split()[1]
    assert first.name in report.read_text()
    unknown = smv50("diagnose", "scoer", *QUICK)
    assert unknown.returncode == 2
    assert "did you mean 'score'" in unknown.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands(tmp_path: Path) -> None:
    """As a user sets it up: source the script, then ask readline's function."""
    (tmp_path / "smv50").write_text(
        f"#!{sys.executable}\nfrom spectramind_core.cli import main\nmain()\n"
    )
    (tmp_path / "smv50").chmod(0o755)
    script = (
        'eval "$(_SMV50_COMPLETE=bash_source smv50)"\n'
        "COMP_WORDS=(smv50 sp); COMP_CWORD=1; _smv50_completion smv50\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["spec"], done.stderr
