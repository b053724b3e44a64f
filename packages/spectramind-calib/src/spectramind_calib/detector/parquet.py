"""Raw frames in Parquet files: one file column a pixel, decoded column group by column group."""

from __future__ import annotations

import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from spectramind_core.errors import DataError


class ParquetFrames:
    """Frames of one instrument in one visit, read on demand.

    Parameters
    ----------
    path
        The signal file: one uint16 column a pixel, row by row of the detector.
    columns
        Detector columns, which divide the number of pixels into rows; None if it is square.
    where
        Planet, visit and instrument, for messages.
    """

    def __init__(self, path: Path, columns: int | None, where: str) -> None:
        self._path, self._columns, self._where = path, columns, where

    @cached_property
    def shape(self) -> tuple[int, int, int]:
        """Frames, rows, columns, from the file's footer. DataError if it makes no sense."""
        frames, names = self._footer
        pixels = len(names)
        columns = math.isqrt(pixels) if self._columns is None else self._columns
        if pixels == 0 or pixels % columns:
            raise self._error(
                f"{pixels} pixels do not make rows of {columns}",
                "the file belongs to another instrument, or is damaged",
            )
        if frames == 0:
            raise self._error("the file holds no frame", "copy it again from its source")
        return frames, pixels // columns, columns

    def read(self, columns: slice) -> npt.NDArray[np.uint16]:
        """Counts ``[row, column, frame]`` of a range of detector columns. DataError if damaged."""
        frames, rows, _ = self.shape
        return np.stack(self.pixels(columns)).reshape(rows, -1, frames)

    def pixels(self, columns: slice) -> list[npt.NDArray[np.uint16]]:
        """The same pixel by pixel, row by row, where they were decoded to: nothing is copied."""
        frames, rows, width = self.shape
        chosen = range(*columns.indices(width))
        _, names = self._footer
        wanted = [names[row * width + column] for row in range(rows) for column in chosen]
        try:
            table = self._file.select(pl.col(wanted)).collect()
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _unreadable(self._path, self._where, error) from error
        if wrong := set(table.dtypes) - {pl.UInt16()}:
            raise self._error(f"expected uint16, but some are {wrong}", "raw counts are whole")
        series = table.rechunk().get_columns()
        if any(pixel.null_count() for pixel in series):
            raise self._error("some samples are missing (null)", "copy the file again")
        if table.height != frames:
            raise self._error(f"{table.height} frames, its footer says {frames}", "copy it again")
        return [pixel.to_numpy() for pixel in series]

    @cached_property
    def _file(self) -> pl.LazyFrame:
        return pl.scan_parquet(self._path, use_statistics=False)

    @cached_property
    def _footer(self) -> tuple[int, list[str]]:
        """Frames and the names of the pixels. With 11,392 of them worth reading only once: asked
        for all of them first, a polars scan keeps the footer for all that follows. An empty table
        tells their names at less cost than a schema does."""
        try:
            names = self._file.head(0).collect().columns
            return self._file.select(pl.len()).collect().item(), names
        except (OSError, pl.exceptions.PolarsError) as error:
            raise _unreadable(self._path, self._where, error) from error

    def _error(self, what: str, hint: str) -> DataError:
        return DataError(what, where=f"{self._where}: {self._path}", hint=hint)


def read_columns(path: Path, names: list[str] | None, where: str) -> pl.DataFrame:
    """Columns of a Parquet file. Raises DataError if they cannot be decoded."""
    try:
        return pl.read_parquet(path, columns=names, use_statistics=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise _unreadable(path, where, error) from error


def read_image(path: Path, rows: int, columns: int, where: str) -> npt.NDArray[Any]:
    """A calibration frame as ``[rows, columns]``. Raises DataError if it has another size."""
    image = read_columns(path, None, where).to_numpy()
    if image.shape != (rows, columns):
        raise DataError(
            f"expected {rows} x {columns} pixels, got {' x '.join(map(str, image.shape))}",
            where=f"{where}: {path}",
            hint="the calibration file belongs to another instrument, or is damaged",
        )
    return image


def _unreadable(path: Path, where: str, error: Exception) -> DataError:
    missing = not path.is_file()
    what = "the file is missing" if missing else f"the file cannot be read: {_first_line(error)}"
    return DataError(
        what, where=f"{where}: {path}", hint="copy it again; it may be truncated or not Parquet"
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
