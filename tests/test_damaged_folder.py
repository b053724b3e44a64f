"""Damaged challenge folders: the planet is named and left out, the others are finished."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context

Smv50 = Callable[..., "subprocess.CompletedProcess[str]"]
Damage = Callable[[Path], None]

AIRS = "AIRS-CH0_signal_0.parquet"
DARK = "AIRS-CH0_calibration_0/dark.parquet"
FLAT = "AIRS-CH0_calibration_0/flat.parquet"
DEAD = "FGS1_calibration_0/dead.parquet"


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small sound folder of five planets."""
    options = SimulatedOptions(planets=4, test_planets=1, pairs=10, time_bins=5, repeats=0)
    source = SimulatedSource(options)
    folder: Path = source.write(tmp_path_factory.mktemp("sound") / "folder", ctx=Context(seed=1))
    return folder


def _cut(name: str) -> Damage:
    def damage(planet: Path) -> None:
        path = planet / name
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    return damage


def _rewrite(name: str, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Damage:
    def damage(planet: Path) -> None:
        path = planet / name
        change(pl.read_parquet(path)).write_parquet(path)

    return damage


def _delete(name: str) -> Damage:
    return lambda planet: (planet / name).unlink()


CASES: dict[str, tuple[Damage, str]] = {
    "truncated signal": (_cut(AIRS), "cannot be read"),
    "empty file": (lambda planet: (planet / AIRS).write_bytes(b""), "cannot be read"),
    "missing calibration": (_delete(DARK), "the file is missing"),
    "wrong width": (_rewrite(AIRS, lambda t: t.select(t.columns[:-7])), "do not make rows of 356"),
    "wrong type": (_rewrite(AIRS, lambda t: t.cast(pl.Float64)), "expected uint16"),
    "no frames": (_rewrite(AIRS, lambda t: t.head(0)), "holds no frame"),
    "one frame": (_rewrite(AIRS, lambda t: t.head(1)), "too few"),
    "NaN in a calibration": (
        _rewrite(DARK, lambda t: t.with_columns(pl.lit(np.nan).alias("column_9"))),
        "not finite",
    ),
    "wrong calibration size": (_rewrite(DARK, lambda t: t.head(9)), "expected 32 x 356 pixels"),
    "a flat of zeros": (_rewrite(FLAT, lambda t: t * 0), "no pixel is usable"),
    "missing instrument": (_delete("FGS1_signal_0.parquet"), "the file is missing"),
    "all pixels dead": (_rewrite(DEAD, lambda t: t.with_columns(pl.all() | True)), "usable"),
}


def _calibrated(smv50: Smv50, folder: Path, *overrides: str) -> subprocess.CompletedProcess[str]:
    options = "{fgs1: {time_bins: 5}, airs: {time_bins: 5}}"
    return smv50(
        "calibrate",
        f"data.source={{use: ariel, options: {{root: {folder}}}}}",
        f"detector={{use: numpy, options: {options}}}",
        *overrides,
    )


@pytest.mark.parametrize("case", CASES)
def test_a_damaged_planet_is_named_with_its_file_and_left_out(
    case: str, sound: Path, tmp_path: Path, smv50: Smv50
) -> None:
    damage, message = CASES[case]
    folder = tmp_path / "folder"
    shutil.copytree(sound, folder)
    damage(folder / "train" / "100002")
    done = _calibrated(smv50, folder, "data.max_failed=0.5")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("left out")]
    assert "planet 100002" in line
    assert message in line
    strict = _calibrated(smv50, folder, "data.max_failed=0.0")
    assert strict.returncode == 4
    assert "planet 100002" in strict.stderr
    assert message in strict.stderr
    assert "Traceback" not in strict.stderr


def test_a_planet_that_the_labels_name_twice_is_refused(
    sound: Path, tmp_path: Path, smv50: Smv50
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(sound, folder)
    lines = (folder / "train.csv").read_text().splitlines()
    (folder / "train.csv").write_text("\n".join([*lines, lines[1]]) + "\n")
    done = _calibrated(smv50, folder)
    assert done.returncode == 4
    assert "planet 100001 appears twice" in done.stderr


def test_a_planet_without_labels_is_said_to_be_left_out(
    sound: Path, tmp_path: Path, smv50: Smv50
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(sound, folder)
    lines = (folder / "train.csv").read_text().splitlines()
    (folder / "train.csv").write_text("\n".join(lines[:-1]) + "\n")
    done = _calibrated(smv50, folder)
    assert done.returncode == 0, done.stderr
    assert "1 planets of the train partition have no truth" in done.stderr
