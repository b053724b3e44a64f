"""The source `ariel`: a challenge folder of either edition, as the hosts publish it."""

from __future__ import annotations

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from spectramind_calib.detector import parquet
from spectramind_calib.detector.options import ArielOptions
from spectramind_calib.detector.tables import number, planet_name, read_csv, read_truth
from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import (
    Adc,
    CalibrationFrames,
    Instrument,
    Observation,
    RawInstrument,
    System,
    Truth,
)
from spectramind_core.errors import DataError

FGS1_INTEGRATION = (0.1, 0.2)
"""Seconds since reset of the photometer's two reads; the folder does not say."""

LINEARITY_ORDERS = 6
WAVELENGTH_TOLERANCE = 1e-4
"""Micron between a bin's label and its detector column."""

STAR_COLUMNS = {
    "star_radius": "Rs",
    "star_mass": "Ms",
    "star_temperature": "Ts",
    "planet_mass": "Mp",
    "eccentricity": "e",
    "period": "P",
    "semi_major_axis": "sma",
    "inclination": "i",
}
"""Fields of `System` and their columns in star_info.csv."""


class ArielSource:
    """Reads what it is asked for, when it is asked for it.

    The 2025 edition numbers visits (``FGS1_signal_0.parquet``), has one ``adc_info.csv`` and a star
    table; the 2024 edition has one unnumbered visit, a converter for each planet and no stars.
    """

    def __init__(self, options: ArielOptions) -> None:
        self._options = options
        self._root = Path(options.root)

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]:
        """Every planet folder, by partition; one without a signal file fails when opened."""
        if not self._root.is_dir():
            raise DataError(
                "there is no such folder",
                where=str(self._root),
                hint="set data.source.options.root to the challenge folder",
            )
        found: list[Visit] = []
        for partition in self._options.partitions:
            folder = self._root / partition
            planets = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
            for planet in planets:
                numbers = _visit_numbers(planet) or [0]
                numbers = numbers if self._options.visits == "all" else numbers[:1]
                found += [Visit(planet.name, number, partition) for number in numbers]
        return tuple(found)

    def wavelength(self, *, ctx: Context) -> F8:
        """Bin centres from wavelengths.csv."""
        return self._wavelength

    def truth(self, *, ctx: Context) -> Truth | None:
        """From train.csv (2025) or train_labels.csv (2024); None where there is neither."""
        for name in ("train.csv", "train_labels.csv"):
            if (self._root / name).is_file():
                return read_truth(self._root / name, self._wavelength)
        return None

    def open(self, visit: Visit, *, ctx: Context) -> Observation:
        """Both instruments of a visit; frames are not read yet.

        Raises
        ------
        DataError
            If a file is missing or damaged; names planet, visit, instrument, file and field.
        """
        where = f"planet {visit.planet_id} visit {visit.number}"
        system = self._system(visit)
        with ThreadPoolExecutor(2) as both:
            airs = both.submit(self._instrument, visit, Instrument.AIRS, where)
            fgs1 = both.submit(self._instrument, visit, Instrument.FGS1, where)
        return Observation(
            planet_id=visit.planet_id,
            visit=visit.number,
            system=system,
            fgs1=fgs1.result(),
            airs=airs.result(),
        )

    def digest(self, visit: Visit, *, ctx: Context) -> str:
        """SHA-256 over the contents of the visit's files, its rows of the tables, and the axes."""
        digest = hashlib.sha256()
        for instrument in Instrument:
            signal, calibration = self._paths(visit, instrument)
            for path in (signal, *sorted(calibration.glob("*.parquet"))):
                if path.is_file():
                    with path.open("rb") as file:
                        digest.update(hashlib.file_digest(file, "sha256").digest())
            digest.update(repr(self._adc(visit, instrument)).encode())
        digest.update(repr(self._system(visit)).encode())
        digest.update(self._wavelength.tobytes())
        for name in sorted(self._axes):
            digest.update(name.encode() + self._axes[name].tobytes())
        return digest.hexdigest()

    def _paths(self, visit: Visit, instrument: Instrument) -> tuple[Path, Path]:
        """Signal file and calibration folder, numbered (2025) or not (2024)."""
        planet = self._root / visit.partition / visit.planet_id
        numbered = planet / f"{instrument}_signal_{visit.number}.parquet"
        plain = planet / f"{instrument}_signal.parquet"
        if numbered.is_file() or not plain.is_file():
            return numbered, planet / f"{instrument}_calibration_{visit.number}"
        return plain, planet / f"{instrument}_calibration"

    def _instrument(self, visit: Visit, instrument: Instrument, where: str) -> RawInstrument:
        signal, folder = self._paths(visit, instrument)
        where = f"{where} {instrument}"
        spectral = instrument is Instrument.AIRS
        detector = self._axis(f"{Instrument.AIRS}-axis2-um", where) if spectral else None
        width = None if detector is None else detector.size
        frames = parquet.ParquetFrames(signal, width, where)
        count, rows, columns = frames.shape
        time = self._axis(f"{instrument}-axis0-h", where)
        if np.any(np.diff(time) <= 0):
            raise DataError(
                f"the column '{instrument}-axis0-h' does not ascend",
                where=f"{where}: {self._root / 'axis_info.parquet'}",
                hint="copy the file again from the challenge's data",
            )
        if count > time.size:
            raise DataError(
                f"{count} frames but axis_info.parquet has {time.size} time stamps",
                where=f"{where}: {signal}",
                hint="the folder mixes files of different observations",
            )
        try:
            return RawInstrument(
                instrument=instrument,
                frames=frames,
                adc=self._adc(visit, instrument),
                calibration=_calibration(folder, rows, columns, where),
                time=time[:count],
                integration_time=self._integration(instrument, count, where),
                wavelength=detector,
                bin_columns=self._bin_columns if spectral else None,
                bin_wavelength=self._wavelength[1:] if spectral else self._wavelength[:1],
            )
        except ValidationError as error:
            field, reason = _first(error)
            file = folder / f"{field}.parquet"
            raise DataError(
                f"{field or 'frames'}: {reason}",
                where=f"{where}: {file if file.is_file() else folder}",
                hint="copy the planet's folder again; it may be damaged",
            ) from error

    def _integration(self, instrument: Instrument, count: int, where: str) -> F8:
        """Seconds since reset of each read. axis_info gives a ramp's start and its length."""
        if instrument is Instrument.FGS1:
            return np.tile(FGS1_INTEGRATION, -(-count // 2))[:count]
        listed = self._axis(f"{instrument}-integration_time", where)[:count]
        since_reset = np.array(listed)
        since_reset[1::2] += listed[0 : since_reset[1::2].size * 2 : 2]
        return since_reset

    def _system(self, visit: Visit) -> System | None:
        name = f"{visit.partition}_star_info.csv"
        row = self._tables.get(name, {}).get(visit.planet_id)
        if row is None:
            return None
        where = f"planet {visit.planet_id} visit {visit.number}: {self._root / name}"
        values = {field: number(row, column, where) for field, column in STAR_COLUMNS.items()}
        try:
            return System(**values)
        except ValidationError as error:
            field, reason = _first(error)
            raise DataError(
                f"{STAR_COLUMNS[field]}: {reason}",
                where=where,
                hint="copy the table again from its source",
            ) from error

    def _adc(self, visit: Visit, instrument: Instrument) -> Adc:
        own = f"{visit.partition}_adc_info.csv"
        name = own if own in self._tables else "adc_info.csv"
        table = self._tables.get(name, {})
        row = table.get(visit.planet_id) or table.get("")
        where = f"planet {visit.planet_id} visit {visit.number} {instrument}: {self._root / name}"
        if row is None:
            raise DataError(
                "there is no row for it in the table of converters",
                where=where,
                hint="the folder needs adc_info.csv (2025) or train_adc_info.csv (2024)",
            )
        gain = number(row, f"{instrument}_adc_gain", where)
        if gain <= 0:
            raise DataError(f"{instrument}_adc_gain: {gain} is not above zero", where=where)
        return Adc(gain=gain, offset=number(row, f"{instrument}_adc_offset", where))

    @cached_property
    def _tables(self) -> dict[str, dict[str, dict[str, str]]]:
        """Every small table that is there, its rows by planet (``""`` for a global row)."""
        names = [
            "adc_info.csv",
            *(f"{p}_{t}_info.csv" for p in ("train", "test") for t in ("adc", "star")),
        ]
        tables = {}
        for name in names:
            path = self._root / name
            if path.is_file():
                rows = read_csv(path)
                tables[name] = {
                    planet_name(row["planet_id"]) if "planet_id" in row else "": row for row in rows
                }
        return tables

    @cached_property
    def _wavelength(self) -> F8:
        path = self._root / "wavelengths.csv"
        (row,) = read_csv(path)[:1] or [{}]
        if not row:
            raise DataError("the table holds no row", where=str(path), hint="copy it again")
        return np.array([number(row, column, str(path)) for column in row])

    @cached_property
    def _bin_columns(self) -> npt.NDArray[np.int64]:
        """Detector column of each AIRS bin, matched by wavelength."""
        detector = self._axis(f"{Instrument.AIRS}-axis2-um", "challenge folder")
        distance = np.abs(detector[None, :] - self._wavelength[1:, None])
        columns: npt.NDArray[np.int64] = distance.argmin(1)
        worst = distance.min(1).max()
        if worst > WAVELENGTH_TOLERANCE or len(set(columns)) != columns.size:
            raise DataError(
                f"bins and detector columns differ by up to {worst:.2g} micron",
                where=str(self._root / "wavelengths.csv"),
                hint="wavelengths.csv and axis_info.parquet belong to different editions",
            )
        return columns

    def _axis(self, name: str, where: str) -> F8:
        """A column of axis_info.parquet without its padding."""
        if name not in self._axes:
            raise DataError(
                f"there is no column '{name}'",
                where=f"{where}: {self._root / 'axis_info.parquet'}",
                hint="copy the file again from the challenge's data",
            )
        column = self._axes[name]
        if np.isnan(column).any():
            raise DataError(
                f"the column '{name}' has values that are no numbers before its last number",
                where=f"{where}: {self._root / 'axis_info.parquet'}",
                hint="only its end may be padded; copy the file again",
            )
        return column

    @cached_property
    def _axes(self) -> dict[str, F8]:
        table = parquet.read_columns(self._root / "axis_info.parquet", None, "challenge folder")
        columns = {name: table[name].to_numpy().astype(float) for name in table.columns}
        filled = {name: np.flatnonzero(~np.isnan(column)) for name, column in columns.items()}
        return {
            name: column[: filled[name][-1] + 1] if filled[name].size else column[:0]
            for name, column in columns.items()
        }


def _first(error: ValidationError) -> tuple[str, str]:
    """Field and reason of a contract's first complaint."""
    first = error.errors()[0]
    return ".".join(map(str, first["loc"])), first["msg"].removeprefix("Value error, ")


def _visit_numbers(planet: Path) -> list[int]:
    numbers = set()
    for path in planet.glob("*_signal*.parquet"):
        match = re.fullmatch(r"(?:FGS1|AIRS-CH0)_signal(?:_(\d+))?\.parquet", path.name)
        if match:
            numbers.add(int(match[1] or 0))
    return sorted(numbers)


def _flags(image: npt.NDArray[Any], path: Path, where: str) -> Bool:
    if image.dtype.kind not in "biu":
        raise DataError(
            f"dead: expected true or false, got {image.dtype}",
            where=f"{where}: {path}",
            hint="copy it again; it may be another calibration file",
        )
    return image.astype(bool)


def _calibration(folder: Path, rows: int, columns: int, where: str) -> CalibrationFrames:
    def image(name: str, height: int = rows) -> npt.NDArray[np.float64]:
        return parquet.read_image(folder / f"{name}.parquet", height, columns, where)

    return CalibrationFrames(
        dark=image("dark"),
        flat=image("flat"),
        read=image("read"),
        dead=_flags(image("dead"), folder / "dead.parquet", where),
        linear_corr=image("linear_corr", LINEARITY_ORDERS * rows).reshape(-1, rows, columns),
    )
