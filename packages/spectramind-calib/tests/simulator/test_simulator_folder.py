"""The folder that `write` leaves, against the hosts' layout (shared/domain.md)."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from spectramind_calib.detector.ariel import ArielSource
from spectramind_calib.detector.options import ArielOptions
from spectramind_calib.simulator.options import SimulatedOptions
from spectramind_calib.simulator.source import SimulatedSource
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import Observation
from spectramind_core.errors import DataError, StorageError

CTX = Context(seed=1)
PAIRS = 9
REAL = Path(__file__).resolve().parents[5] / "shared" / "real" / "adc2025_sample"
CALIBRATION = {
    "dark": ("Float64", 32),
    "flat": ("Float64", 32),
    "read": ("Float64", 32),
    "dead": ("Boolean", 32),
    "linear_corr": ("Float64", 192),
}


def source(edition: int) -> SimulatedSource:
    return SimulatedSource(
        SimulatedOptions.model_validate(
            {"planets": 2, "test_planets": 1, "pairs": PAIRS, "repeats": 1.0, "edition": edition}
        )
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source(2025).write(tmp_path_factory.mktemp("new") / "folder", ctx=CTX)


@pytest.fixture(scope="module")
def old_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return source(2024).write(tmp_path_factory.mktemp("old") / "folder", ctx=CTX)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(("instrument", "columns"), [("AIRS-CH0", 356), ("FGS1", 32)])
def test_signals_are_one_row_group_of_uint16_by_pixel(
    folder: Path, instrument: str, columns: int
) -> None:
    file = pq.ParquetFile(folder / "train" / "100001" / f"{instrument}_signal_1.parquet")
    frames = 2 * PAIRS * (12 if instrument == "FGS1" else 1)
    assert file.metadata.num_rows == frames
    assert file.metadata.num_columns == 32 * columns
    assert file.metadata.num_row_groups == 1
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    assert file.schema_arrow.names == [f"column_{i}" for i in range(32 * columns)]
    assert {str(kind) for kind in file.schema_arrow.types} == {"uint16"}


@pytest.mark.parametrize(("instrument", "columns"), [("AIRS-CH0", 356), ("FGS1", 32)])
@pytest.mark.parametrize("name", CALIBRATION)
def test_calibration_frames_have_the_hosts_types(
    folder: Path, instrument: str, columns: int, name: str
) -> None:
    table = pl.read_parquet(
        folder / "test" / "900001" / f"{instrument}_calibration_0" / f"{name}.parquet"
    )
    kind, height = CALIBRATION[name]
    assert table.shape == (height, columns)
    assert {str(found) for found in table.dtypes} == {kind}


def test_axis_info_is_padded_and_has_the_detectors_wavelengths(folder: Path) -> None:
    axes = pl.read_parquet(folder / "axis_info.parquet")
    lengths = {name: int(axes[name].is_not_nan().sum()) for name in axes.columns}
    assert lengths == {
        "AIRS-CH0-axis0-h": 2 * PAIRS,
        "AIRS-CH0-axis2-um": 356,
        "AIRS-CH0-integration_time": 2 * PAIRS,
        "FGS1-axis0-h": 24 * PAIRS,
    }
    np.testing.assert_allclose(axes["AIRS-CH0-integration_time"][:2], [0.1, 4.5])
    bins = np.array([float(x) for x in rows(folder / "wavelengths.csv")[0].values()])
    np.testing.assert_array_equal(axes["AIRS-CH0-axis2-um"].to_numpy()[39:321][::-1], bins[1:])


def test_tables_hold_a_row_a_planet(folder: Path) -> None:
    assert [row["planet_id"] for row in rows(folder / "train.csv")] == ["100001", "100002"]
    assert len(rows(folder / "train.csv")[0]) == 284
    assert [row["planet_id"] for row in rows(folder / "test_star_info.csv")] == ["900001.0"]
    assert rows(folder / "adc_info.csv")[0]["AIRS-CH0_adc_gain"] == "0.4369"
    (sample,) = rows(folder / "sample_submission.csv")
    assert len(sample) == 1 + 2 * 283
    assert sample["planet_id"] == "900001"


def test_2024_has_its_own_names_and_one_visit_a_planet(old_folder: Path) -> None:
    top = {path.name for path in old_folder.iterdir()}
    assert {"train_labels.csv", "train_adc_info.csv", "test_adc_info.csv"} < top
    assert not top & {"train.csv", "adc_info.csv", "train_star_info.csv"}
    names = {path.name for path in (old_folder / "train" / "100001").iterdir()}
    assert names == {
        "AIRS-CH0_signal.parquet",
        "FGS1_signal.parquet",
        "AIRS-CH0_calibration",
        "FGS1_calibration",
    }


@pytest.mark.parametrize("edition", [2025, 2024])
def test_the_reader_finds_what_was_simulated(edition: int, request: pytest.FixtureRequest) -> None:
    root = request.getfixturevalue("folder" if edition == 2025 else "old_folder")
    reader = ArielSource(ArielOptions(root=str(root)))
    visit = Visit("900001", 0, "test")
    assert visit in reader.visits(ctx=CTX)
    read, made = reader.open(visit, ctx=CTX), source(edition).open(visit, ctx=CTX)
    assert isinstance(made, Observation)
    for a, b in ((read.fgs1, made.fgs1), (read.airs, made.airs)):
        assert a is not None
        assert b is not None
        everything = slice(0, b.frames.shape[2])
        np.testing.assert_array_equal(a.frames.read(everything), b.frames.read(everything))
        np.testing.assert_array_equal(a.calibration.linear_corr, b.calibration.linear_corr)
        np.testing.assert_array_equal(a.calibration.dead, b.calibration.dead)
        np.testing.assert_allclose(a.time, b.time, atol=1e-12)
        np.testing.assert_allclose(a.integration_time, b.integration_time)
    assert read.system == made.system
    truth, known = reader.truth(ctx=CTX), source(edition).truth(ctx=CTX)
    assert truth is not None
    assert known is not None
    np.testing.assert_allclose(truth.spectra, known.of(truth.planet_ids).spectra, rtol=1e-12)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real sample at {REAL}")
def test_headers_are_those_of_the_real_tables(folder: Path) -> None:
    names = ("adc_info", "train_star_info", "test_star_info", "sample_submission", "wavelengths")
    for name in names:
        ours, real = ((root / f"{name}.csv").read_text().split("\n")[0] for root in (folder, REAL))
        assert ours == real.strip(), name
    ours, real = (pl.read_parquet(root / "axis_info.parquet") for root in (folder, REAL))
    assert ours.schema == real.schema


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    with pytest.raises(StorageError, match="not empty"):
        source(2025).write(tmp_path, ctx=CTX)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_no_planets_cannot_be_written(tmp_path: Path) -> None:
    none = SimulatedSource(SimulatedOptions(planets=0, test_planets=0))
    with pytest.raises(DataError, match="no planet"):
        none.write(tmp_path / "new", ctx=CTX)
