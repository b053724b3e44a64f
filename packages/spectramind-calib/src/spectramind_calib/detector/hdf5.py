"""The source `hdf5`: light curves that are calibrated already, one HDF5 file a visit."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from spectramind_calib.detector.options import Hdf5Options
from spectramind_calib.detector.tables import read_truth
from spectramind_core.arrays import F8
from spectramind_core.components import Context, Visit
from spectramind_core.contracts import LightCurves, Truth
from spectramind_core.errors import DataError
from spectramind_core.storage import load


class Hdf5Source:
    """Light curves that anyone wrote in the form that docs/file-formats.md gives."""

    def __init__(self, options: Hdf5Options) -> None:
        self._options = options
        self._root = Path(options.root)

    def visits(self, *, ctx: Context) -> tuple[Visit, ...]:
        """Every file of the folder, by planet and visit."""
        return tuple(sorted(self._files))

    def wavelength(self, *, ctx: Context) -> F8:
        """The grid of the first visit that has both instruments."""
        for path in self._files.values():
            found = load(LightCurves, path)
            if found.fgs1 is not None and found.airs is not None:
                return np.concatenate([found.fgs1.wavelength, found.airs.wavelength])
        raise DataError(
            "no visit has both instruments, so the grid of bins is unknown",
            where=str(self._root),
            hint="add one visit with FGS1 and AIRS light curves",
        )

    def truth(self, *, ctx: Context) -> Truth | None:
        """From the CSV that the options name; None without one."""
        if not self._options.truth:
            return None
        return read_truth(Path(self._options.truth), self.wavelength(ctx=ctx))

    def open(self, visit: Visit, *, ctx: Context) -> LightCurves:
        """The visit's light curves. Raises DataError if the file is damaged."""
        return load(LightCurves, self._files[visit])

    def digest(self, visit: Visit, *, ctx: Context) -> str:
        """SHA-256 of the file."""
        with self._files[visit].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @cached_property
    def _files(self) -> dict[Visit, Path]:
        if not self._root.is_dir():
            raise DataError(
                "there is no such folder",
                where=str(self._root),
                hint="set data.source.options.root to a folder of light curves",
            )
        files: dict[Visit, Path] = {}
        for path in sorted(self._root.rglob("*.h5")):
            found = load(LightCurves, path)
            test = found.planet_id in self._options.test
            visit = Visit(found.planet_id, found.visit, "test" if test else "train")
            if visit in files:
                raise DataError(
                    f"planet {visit.planet_id} visit {visit.number} is also in {files[visit]}",
                    where=str(path),
                    hint="a visit may be in one file only",
                )
            files[visit] = path
        return files
