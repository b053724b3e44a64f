"""The challenge folder: both editions, the real sample, and all that can be wrong with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from spectramind_calib.detector.ariel import ArielSource
from spectramind_calib.detector.fused import NumbaCalibration
from spectramind_calib.detector.options import ArielOptions, CalibrationOptions
from spectramind_core.components import Context
from spectramind_core.contracts import Observation
from spectramind_core.errors import DataError
from spectramind_core.testing import SourceTests

CTX = Context()


class TestAriel(SourceTests):
    name = "ariel"
    options: ClassVar[Mapping[str, Any]] = {}

    @pytest.fixture(autouse=True)
    def _folder(self, folder_2025: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "options", {"root": str(folder_2025)})


def opened(root: Path) -> Observation:
    source = ArielSource(ArielOptions(root=str(root)))
    return source.open(source.visits(ctx=CTX)[0], ctx=CTX)


def test_both_editions_hold_the_same_frames(folder_2025: Path, folder_2024: Path) -> None:
    new, old = opened(folder_2025), opened(folder_2024)
    for raw in (new, old):
        assert raw.airs is not None
        assert raw.fgs1 is not None
        assert raw.airs.frames.shape == (16, 32, 356)
        assert raw.fgs1.frames.shape == (192, 32, 32)
    assert new.system is not None
    assert old.system is None


def test_blocks_of_columns_are_parts_of_the_whole(folder_2025: Path) -> None:
    raw = opened(folder_2025).airs
    assert raw is not None
    whole = raw.frames.read(slice(0, 356))
    np.testing.assert_array_equal(raw.frames.read(slice(39, 47)), whole[:, 39:47])


@pytest.mark.parametrize("compression", ["snappy", "gzip", "none"])
def test_compression_and_row_groups_do_not_matter(
    compression: str, folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    signal = next((copy / "train").glob("*/FGS1_signal_0.parquet"))
    pq.write_table(pq.read_table(signal), signal, compression=compression, row_group_size=37)
    one, other = opened(folder_2025).fgs1, opened(copy).fgs1
    assert one is not None
    assert other is not None
    np.testing.assert_array_equal(one.frames.read(slice(0, 32)), other.frames.read(slice(0, 32)))


def test_the_digest_changes_with_counts_calibration_and_time_axis(
    folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    source = ArielSource(ArielOptions(root=str(copy)))
    visit = source.visits(ctx=CTX)[0]
    digests = [source.digest(visit, ctx=CTX)]
    for pattern in ("FGS1_signal_0.parquet", "AIRS-CH0_calibration_0/dark.parquet"):
        path = next((copy / "train").glob(f"*/{pattern}"))
        table = pl.read_parquet(path)
        table.with_columns(pl.col("column_0") + 1).cast(table.schema).write_parquet(path)
        digests.append(source.digest(visit, ctx=CTX))
    axes = pl.read_parquet(copy / "axis_info.parquet")
    axes.with_columns(pl.col("FGS1-axis0-h") + 1.0).write_parquet(copy / "axis_info.parquet")
    fresh = ArielSource(ArielOptions(root=str(copy)))
    digests.append(fresh.digest(visit, ctx=CTX))
    assert len(set(digests)) == 4


def test_the_real_sample_is_read_as_it_is(real_folder: Path) -> None:
    observation = opened(real_folder)
    airs, fgs1 = observation.airs, observation.fgs1
    assert observation.planet_id == "342072318"
    assert observation.system is not None
    assert observation.system.star_temperature == pytest.approx(4797.58, abs=0.01)
    assert airs is not None
    assert fgs1 is not None
    assert airs.frames.shape == (50, 32, 356)
    assert airs.bin_columns is not None
    np.testing.assert_array_equal(airs.bin_columns, np.arange(320, 38, -1))
    np.testing.assert_allclose(airs.integration_time[:2], [0.1, 4.6])
    np.testing.assert_allclose(fgs1.integration_time[:2], [0.1, 0.2])


def test_the_real_sample_s_light_is_what_was_measured(real_folder: Path) -> None:
    curves = NumbaCalibration(CalibrationOptions()).calibrate(opened(real_folder), ctx=CTX)
    assert curves.airs is not None
    assert curves.fgs1 is not None
    assert np.median(curves.airs.flux[:, 0]) == pytest.approx(1.0e5, rel=0.06)
    assert np.median(curves.airs.flux[:, -1]) == pytest.approx(5.5e3, rel=0.15)
    assert np.median(curves.fgs1.flux) == pytest.approx(2.2e5, rel=0.03)
    assert curves.airs.counts["dead"] == 12
    assert 10 < curves.airs.housekeeping["background"][0] < 18


def test_2024_s_real_converter_table_is_understood(
    real_2024: Path, folder_2024: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2024, tmp_path / "copy")
    shutil.copy(real_2024 / "train_adc_info.csv", copy / "train_adc_info.csv")
    (planet,) = (copy / "train").iterdir()
    planet.rename(copy / "train" / "785834")
    raw = opened(copy)
    assert raw.airs is not None
    assert raw.airs.adc.gain == pytest.approx(0.9247461)
    assert raw.airs.adc.offset == pytest.approx(-778.9165, abs=1e-4)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def spoil_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    path.write_bytes(content)


def table(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        change(pl.read_parquet(path)).write_parquet(path)

    return apply


SIGNAL, DARK, FLAT = (
    "AIRS-CH0_signal_0",
    "AIRS-CH0_calibration_0/dark",
    "AIRS-CH0_calibration_0/flat",
)
DEAD, LINEAR = "AIRS-CH0_calibration_0/dead", "AIRS-CH0_calibration_0/linear_corr"
READ = "AIRS-CH0_calibration_0/read"
WRONG = {
    "truncated signal": (SIGNAL, truncate),
    "spoilt signal": (SIGNAL, spoil_middle),
    "empty signal": (SIGNAL, lambda p: p.write_bytes(b"")),
    "signal of no frames": (SIGNAL, table(lambda t: t.head(0))),
    "signal of floats": (SIGNAL, table(lambda t: t.cast(pl.Float64))),
    "signal with holes": (
        SIGNAL,
        table(lambda t: t.with_columns(column_500=pl.lit(None, dtype=pl.UInt16))),
    ),
    "signal too narrow": (SIGNAL, table(lambda t: t.drop("column_0"))),
    "missing dark": (DARK, Path.unlink),
    "dark of another size": (DARK, table(lambda t: t.head(20))),
    "dark with NaN": (DARK, table(lambda t: t.with_columns(column_100=pl.lit(float("nan"))))),
    "dark of text": (DARK, table(lambda t: t.cast(pl.String))),
    "flat of zeros": (FLAT, table(lambda t: t * 0.0)),
    "all pixels dead": (DEAD, table(lambda t: t.select(pl.all().or_(True)))),
    "a row that is dead throughout": (
        DEAD,
        table(
            lambda t: t.with_row_index().select(
                [(pl.col(c) | (pl.col("index") == 15)) for c in t.columns]
            )
        ),
    ),
    "linearity of another order": (LINEAR, table(lambda t: t.head(100))),
    "linearity with NaN": (LINEAR, table(lambda t: t.with_columns(column_7=pl.lit(float("nan"))))),
    "read noise with NaN": (READ, table(lambda t: t.with_columns(column_7=pl.lit(float("nan"))))),
    "flat of NaN": (FLAT, table(lambda t: t * float("nan"))),
    "truncated dark": (DARK, truncate),
    "empty flat": (FLAT, lambda p: p.write_bytes(b"")),
    "dead pixels as fractions": (DEAD, table(lambda t: t.cast(pl.Float64) * 0.5)),
    "dead pixels unknown": (
        DEAD,
        table(lambda t: t.with_columns(column_3=pl.lit(None, dtype=pl.Boolean))),
    ),
    "missing read noise": (READ, Path.unlink),
    "missing flat": (FLAT, Path.unlink),
    "missing dead pixels": (DEAD, Path.unlink),
    "missing linearity": (LINEAR, Path.unlink),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_damaged_file_is_named_with_planet_visit_and_instrument(
    case: str, folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    name, damage = WRONG[case]
    path = next((copy / "train").glob(f"*/{name}.parquet"))
    damage(path)
    with pytest.raises(DataError) as caught:
        NumbaCalibration(CalibrationOptions()).calibrate(opened(copy), ctx=CTX)
    message = str(caught.value)
    assert f"planet {path.relative_to(copy / 'train').parts[0]} visit 0 AIRS-CH0" in message
    assert path.name in message
    assert caught.value.hint


def test_an_unsorted_time_axis_is_refused(folder_2025: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    axes = pl.read_parquet(copy / "axis_info.parquet")
    time = axes["AIRS-CH0-axis0-h"].to_numpy().copy()
    time[[2, 9]] = time[[9, 2]]
    axes.with_columns(pl.Series("AIRS-CH0-axis0-h", time)).write_parquet(copy / "axis_info.parquet")
    with pytest.raises(
        DataError, match=r"planet \d+ visit 0 AIRS-CH0.*axis_info.parquet.*AIRS-CH0-axis0-h"
    ):
        opened(copy)


def test_a_hole_in_a_time_axis_is_no_padding(folder_2025: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    axes = pl.read_parquet(copy / "axis_info.parquet")
    time = axes["FGS1-axis0-h"].to_numpy().copy()
    time[5] = np.nan
    axes.with_columns(pl.Series("FGS1-axis0-h", time)).write_parquet(copy / "axis_info.parquet")
    with pytest.raises(DataError, match=r"planet \d+ visit 0 FGS1.*axis_info.*FGS1-axis0-h"):
        opened(copy)


@pytest.mark.parametrize(
    ("name", "old", "new", "field"),
    [
        ("adc_info.csv", "0.4369", "much", "FGS1_adc_gain"),
        ("adc_info.csv", "0.4369", "-0.4369", "FGS1_adc_gain"),
        ("adc_info.csv", "AIRS-CH0_adc_offset", "offset", "AIRS-CH0_adc_offset"),
        ("train_star_info.csv", "Ts", "temperature", "Ts"),
        ("train_star_info.csv", "0.0,", "nan,", "'e'"),
        ("train_star_info.csv", "0.0,", "7,", "e: "),
    ],
)
def test_a_damaged_table_is_named_with_planet_and_column(
    name: str, old: str, new: str, field: str, folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    text = (copy / name).read_text()
    assert old in text
    (copy / name).write_text(text.replace(old, new, 1))
    with pytest.raises(DataError, match=rf"planet \d+ visit 0.*{name}(.|\n)*{field}"):
        opened(copy)


def test_wavelengths_that_are_no_numbers_are_refused(folder_2025: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    path = copy / "wavelengths.csv"
    path.write_text(path.read_text().replace("0.7,", "red,", 1))
    with pytest.raises(DataError, match=r"wavelengths.csv(.|\n)*'red'(.|\n)*wl_1"):
        opened(copy)
    path.write_text(path.read_text().splitlines()[0])
    with pytest.raises(DataError, match=r"wavelengths.csv(.|\n)*no row"):
        opened(copy)


@pytest.mark.parametrize("column", ["axis0-h", "axis2-um", "integration_time"])
def test_a_2024_folder_without_an_axis_column_is_refused_by_name(
    column: str, folder_2024: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2024, tmp_path / "copy")
    axes = pl.read_parquet(copy / "axis_info.parquet")
    axes.drop(f"AIRS-CH0-{column}").write_parquet(copy / "axis_info.parquet")
    with pytest.raises(
        DataError, match=rf"planet \d+ visit 0 AIRS-CH0.*axis_info.*AIRS-CH0-{column}"
    ):
        opened(copy)


def test_more_frames_than_time_stamps_are_refused(folder_2025: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    path = next((copy / "train").glob("*/FGS1_signal_0.parquet"))
    frames = pl.read_parquet(path)
    pl.concat([frames, frames]).write_parquet(path)
    with pytest.raises(DataError, match="time stamps"):
        opened(copy)


@pytest.mark.parametrize("instrument", ["FGS1", "AIRS-CH0"])
def test_a_visit_with_one_instrument_missing_is_refused_by_name(
    instrument: str, folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    next((copy / "train").glob(f"*/{instrument}_signal_0.parquet")).unlink()
    with pytest.raises(
        DataError,
        match=rf"planet \d+ visit 0 {instrument}.*{instrument}_signal_0.parquet.*missing",
    ):
        opened(copy)


def test_what_is_wrong_with_one_planet_does_not_keep_another_from_being_read(
    folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    (train,) = (copy / "train").iterdir()
    truncate(train / f"{SIGNAL}.parquet")
    source = ArielSource(ArielOptions(root=str(copy)))
    bad, good = source.visits(ctx=CTX)
    calibrate = NumbaCalibration(CalibrationOptions()).calibrate
    with pytest.raises(DataError, match=train.name):
        calibrate(source.open(bad, ctx=CTX), ctx=CTX)
    assert calibrate(source.open(good, ctx=CTX), ctx=CTX).planet_id == good.planet_id


def test_a_planet_folder_without_signals_fails_on_opening_not_on_listing(
    folder_2025: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(folder_2025, tmp_path / "copy")
    (copy / "train" / "42").mkdir()
    source = ArielSource(ArielOptions(root=str(copy)))
    (empty,) = [v for v in source.visits(ctx=CTX) if v.planet_id == "42"]
    with pytest.raises(DataError, match="planet 42 visit 0"):
        source.open(empty, ctx=CTX)


def test_no_folder_at_all_says_which_option_to_set(tmp_path: Path) -> None:
    source = ArielSource(ArielOptions(root=str(tmp_path / "nowhere")))
    with pytest.raises(DataError, match=r"data\.source\.options\.root"):
        source.visits(ctx=CTX)
