"""Writing a challenge folder in the hosts' own layout, of either edition."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from spectramind_calib.detector.ariel import STAR_COLUMNS
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import (
    LightCurves,
    Observation,
    RawInstrument,
    System,
    Truth,
)
from spectramind_core.errors import StorageError
from spectramind_core.storage import storage_errors


class Frames(Protocol):
    """A source of raw frames."""

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]: ...

    def open(self, visit: Visit, *, ctx: Context) -> Observation | LightCurves: ...


def write_folder(folder: Path, source: Frames, truth: Truth, edition: int, ctx: Context) -> Path:
    """Write every visit and every table.

    Raises
    ------
    StorageError
        If the folder is not empty, or cannot be written.
    """
    with storage_errors(folder):
        if folder.exists() and any(folder.iterdir()):
            raise StorageError(
                "the folder is not empty", where=str(folder), hint="name a new folder"
            )
        folder.mkdir(parents=True, exist_ok=True)
        stars: dict[str, dict[str, System]] = {"train": {}, "test": {}}
        converters: dict[str, dict[str, Observation]] = {"train": {}, "test": {}}
        first: Observation | None = None
        for visit in ctx.progress(source.visits(ctx=ctx), label="simulate"):
            if edition == 2024 and visit.number > 0:
                continue
            observation = source.open(visit, ctx=ctx)
            assert isinstance(observation, Observation)
            first = first or observation
            _write_visit(folder / visit.partition / visit.planet_id, observation, edition)
            if observation.system is not None:
                stars[visit.partition][visit.planet_id] = observation.system
            converters[visit.partition][visit.planet_id] = observation
        assert first is not None
        _write_tables(folder, truth, stars, converters, edition)
        _write_axes(folder, first)
    return folder


def _write_visit(folder: Path, observation: Observation, edition: int) -> None:
    suffix = f"_{observation.visit}" if edition == 2025 else ""
    for raw in (observation.fgs1, observation.airs):
        if raw is None:
            continue
        calibration = folder / f"{raw.instrument}_calibration{suffix}"
        calibration.mkdir(parents=True, exist_ok=True)
        _write_signal(folder / f"{raw.instrument}_signal{suffix}.parquet", raw)
        frames = raw.calibration
        stacked = frames.linear_corr.reshape(-1, frames.linear_corr.shape[-1])
        for name, image in (
            ("dark", frames.dark),
            ("flat", frames.flat),
            ("read", frames.read),
            ("dead", frames.dead),
            ("linear_corr", stacked),
        ):
            _write_table(calibration / f"{name}.parquet", image)


def _write_signal(path: Path, raw: RawInstrument) -> None:
    """One column a pixel, one row group, zstd: as the hosts' files."""
    frames, rows, columns = raw.frames.shape
    counts = raw.frames.read(slice(0, columns)).reshape(rows * columns, frames)
    _write_table(path, counts.T)


def _write_table(path: Path, image: npt.NDArray[Any]) -> None:
    columns = {f"column_{i}": image[:, i] for i in range(image.shape[1])}
    table = pl.DataFrame(columns)
    table.write_parquet(path, compression="zstd", row_group_size=max(1, table.height))


def _write_tables(
    folder: Path,
    truth: Truth,
    stars: dict[str, dict[str, System]],
    converters: dict[str, dict[str, Observation]],
    edition: int,
) -> None:
    bins = [f"wl_{i + 1}" for i in range(truth.wavelength.size)]
    sigmas = [f"sigma_{i + 1}" for i in range(truth.wavelength.size)]
    _write_csv(folder / "wavelengths.csv", bins, [truth.wavelength.tolist()])
    labels = "train.csv" if edition == 2025 else "train_labels.csv"
    spectra = dict(zip(truth.planet_ids, truth.spectra.tolist(), strict=True))
    train, test = converters["train"], converters["test"]
    _write_csv(folder / labels, ["planet_id", *bins], [[p, *spectra[p]] for p in train])
    _write_csv(
        folder / "sample_submission.csv",
        ["planet_id", *bins, *sigmas],
        [[p, *[float(truth.spectra.mean())] * len(bins), *[0.01] * len(bins)] for p in test],
    )
    adc_columns = [
        f"{instrument}_adc_{field}"
        for instrument in ("FGS1", "AIRS-CH0")
        for field in ("offset", "gain")
    ]
    if edition == 2025:
        some = next(iter((train or test).values()))
        _write_csv(folder / "adc_info.csv", adc_columns, [_adc_row(some)])
        for partition, systems in stars.items():
            _write_csv(
                folder / f"{partition}_star_info.csv",
                ["planet_id", *STAR_COLUMNS.values()],
                [
                    [f"{p}.0" if partition == "test" else p]
                    + [getattr(system, field) for field in STAR_COLUMNS]
                    for p, system in systems.items()
                ],
            )
    else:
        for partition, found in converters.items():
            _write_csv(
                folder / f"{partition}_adc_info.csv",
                ["planet_id", *adc_columns, "star"],
                [[p, *_adc_row(observation), 0] for p, observation in found.items()],
            )


def _adc_row(observation: Observation) -> list[float]:
    row: list[float] = []
    for raw in (observation.fgs1, observation.airs):
        assert raw is not None
        row += [raw.adc.offset, raw.adc.gain]
    return row


def _write_axes(folder: Path, observation: Observation) -> None:
    """axis_info.parquet: columns of different length, padded with NaN."""
    fgs1, airs = observation.fgs1, observation.airs
    assert fgs1 is not None
    assert airs is not None
    assert airs.wavelength is not None
    ramp = airs.integration_time.copy()
    ramp[1::2] -= ramp[0::2]
    columns = {
        "AIRS-CH0-axis0-h": airs.time,
        "AIRS-CH0-axis2-um": airs.wavelength,
        "AIRS-CH0-integration_time": ramp,
        "FGS1-axis0-h": fgs1.time,
    }
    length = max(column.size for column in columns.values())
    padded = {
        name: np.pad(column, (0, length - column.size), constant_values=np.nan)
        for name, column in columns.items()
    }
    pl.DataFrame(padded).write_parquet(folder / "axis_info.parquet")


def _write_csv(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
