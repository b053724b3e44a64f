"""The challenge's submission file."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.builtin.options import CsvOptions
from spectramind_core.components import Context
from spectramind_core.contracts import N_BINS, Prediction
from spectramind_core.errors import DataError
from spectramind_core.storage import replacing


class ChallengeCsv:
    """One row per planet: ``planet_id, wl_1..wl_283, sigma_1..sigma_283``.

    The challenge refuses a file with any negative number, so a depth below zero (noise, on a
    planet too small to see) is written as zero, and said so in the log.
    """

    def __init__(self, options: CsvOptions) -> None:
        self._file = options.file or "submission.csv"

    def export(self, prediction: Prediction, *, folder: Path, ctx: Context) -> Path:
        """Write the submission; numbers are written so that they read back exactly.

        Raises
        ------
        DataError
            If the prediction has no planet, or not 283 bins.
        """
        check_exportable(prediction)
        if prediction.wavelength.size != N_BINS:
            raise DataError(
                f"a submission has {N_BINS} bins, this prediction {prediction.wavelength.size}",
                where="exporter 'challenge_csv'",
                hint="use the exporter 'long_csv' for other grids",
            )
        negative = int(np.count_nonzero(prediction.mu < 0))
        if negative:
            ctx.log.warning("challenge_csv: %d depths below zero written as zero", negative)
        path = folder / self._file
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header())
            for planet, mu, sigma in zip(
                prediction.planet_ids, prediction.mu.clip(0), prediction.sigma, strict=True
            ):
                writer.writerow([planet, *map(repr, mu.tolist()), *map(repr, sigma.tolist())])
        return path


def header() -> list[str]:
    """The columns of a submission, in order."""
    bins = range(1, N_BINS + 1)
    return ["planet_id", *(f"wl_{i}" for i in bins), *(f"sigma_{i}" for i in bins)]


def check_exportable(prediction: Prediction) -> None:
    """Refuse a prediction of no planet, or one whose ids would break the table."""
    if not prediction.planet_ids:
        raise DataError(
            "there is no planet to export",
            hint="check data.source, data.split and the failures listed in the run's log",
        )


def read_submission(path: Path) -> tuple[tuple[str, ...], F8, F8]:
    """Read a submission back: planet ids, mu ``[planet, 283]``, sigma ``[planet, 283]``.

    Raises
    ------
    DataError
        If it is not a valid submission: says which line and why.
    """
    try:
        with path.open(newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        raise DataError(error.strerror or str(error), where=str(path)) from error
    if not rows or rows[0] != header():
        raise DataError("the columns are not those of a submission", where=f"{path}:1")
    ids: list[str] = []
    values = np.empty((len(rows) - 1, 2 * N_BINS))
    for line, row in enumerate(rows[1:], 2):
        try:
            values[line - 2] = [float(cell) for cell in row[1:]]
        except ValueError as error:
            raise DataError(f"not numbers: {error}", where=f"{path}:{line}") from error
        ids.append(row[0])
    if not np.all(np.isfinite(values)) or np.any(values < 0):
        line = int(np.argwhere(~(np.isfinite(values) & (values >= 0)))[0][0]) + 2
        raise DataError("negative or missing numbers are refused", where=f"{path}:{line}")
    if len(set(ids)) != len(ids):
        raise DataError("a planet appears twice", where=str(path))
    return tuple(ids), values[:, :N_BINS], values[:, N_BINS:]
