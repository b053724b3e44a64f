"""The challenge folder's CSV tables."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import Truth
from spectramind_core.errors import DataError


def read_csv(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file as text. Raises DataError if it cannot be read."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise DataError(
            f"cannot be read: {reason}", where=str(path), hint="copy it again from its source"
        ) from error


def planet_name(text: str) -> str:
    """A planet's name; tables of test planets write theirs as floats (``1103775.0``)."""
    return text[:-2] if text.endswith(".0") else text


def number(row: dict[str, str], column: str, where: str) -> float:
    """The value in a column of a row. Raises DataError, which begins with `where`, if it is not
    there or no finite number."""
    text = row.get(column)
    try:
        value = float(text) if text is not None else np.nan
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        found = "there is no column" if text is None else f"{text!r} is no number in the column"
        raise DataError(
            f"{found} '{column}'", where=where, hint="copy the table again from its source"
        )
    return value


def read_truth(path: Path, wavelength: F8) -> Truth:
    """True spectra from ``planet_id, wl_1, wl_2, ...``.

    Raises
    ------
    DataError
        If a column is missing, a value is no number, or a planet appears twice; says which.
    """
    rows = read_csv(path)
    names = [f"wl_{i + 1}" for i in range(wavelength.size)]
    spectra = np.empty((len(rows), wavelength.size))
    planets: list[str] = []
    for line, row in enumerate(rows, 2):
        try:
            spectra[line - 2] = [float(row[name]) for name in names]
            planets.append(planet_name(row["planet_id"]))
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(
                f"expected planet_id and {names[0]}..{names[-1]} as numbers: {error!r}",
                where=f"{path}:{line}",
                hint="the table must have one row a planet and one column a bin",
            ) from error
        if not np.all(np.isfinite(spectra[line - 2])):
            raise DataError("a depth is not a number", where=f"{path}:{line}")
    if len(set(planets)) != len(planets):
        twice = next(planet for planet in planets if planets.count(planet) > 1)
        raise DataError(f"planet {twice} appears twice", where=str(path), hint="delete one row")
    return Truth(planet_ids=tuple(planets), wavelength=wavelength, spectra=spectra)
