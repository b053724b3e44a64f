"""One visit of one planet as the detector saw it: raw frames, read lazily, and calibrations."""

from __future__ import annotations

from typing import Annotated, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from spectramind_core.arrays import F8, Axes, Bool
from spectramind_core.contracts.base import Contract
from spectramind_core.contracts.instrument import Instrument
from spectramind_core.contracts.system import System


@runtime_checkable
class Frames(Protocol):
    """Raw counts of one instrument in one visit, read in blocks of detector columns.

    A full-size visit is half a gigabyte, stored by pixel rather than by frame (the challenge's
    Parquet files hold one column per pixel). So the natural block is a range of detector columns
    over all rows and all frames, with time as the fastest axis: no transpose on the way in.
    """

    @property
    def shape(self) -> tuple[int, int, int]:
        """Frames, detector rows, detector columns; known without reading any frame."""
        ...

    def read(self, columns: slice) -> npt.NDArray[np.uint16]:
        """Counts of a range of detector columns, ``[row, column, frame]``, frame contiguous.

        Raises
        ------
        spectramind_core.errors.DataError
            If the file is missing, truncated, or not what its shape promised.
        """
        ...


class ArrayFrames:
    """Frames already in memory: what tests and the simulator hand over.

    Parameters
    ----------
    counts
        ``[frame, row, column]`` uint16, as a person thinks of frames.
    """

    def __init__(self, counts: npt.NDArray[np.uint16]) -> None:
        self._pixels = np.ascontiguousarray(np.moveaxis(counts, 0, -1))

    @property
    def shape(self) -> tuple[int, int, int]:
        rows, columns, frames = self._pixels.shape
        return frames, rows, columns

    def read(self, columns: slice) -> npt.NDArray[np.uint16]:
        return self._pixels[:, columns]


class Adc(Contract):
    """Analogue-to-digital converter: ``electrons = counts / gain + offset``."""

    gain: float = Field(gt=0)
    """Counts per electron."""
    offset: float
    """Electrons."""


class CalibrationFrames(Contract):
    """Calibration frames of one instrument in one visit: noisy estimates, not truth."""

    dark: Annotated[F8, Axes("f8", "row column", unit="electron/s")]
    """Dark current."""
    flat: Annotated[F8, Axes("f8", "row column", finite=False)]
    """Relative response, near 1; meaningless at dead pixels."""
    read: Annotated[F8, Axes("f8", "row column", unit="electron")]
    """Read noise, standard deviation of a single read."""
    dead: Annotated[Bool, Axes("?", "row column")]
    """True where a pixel does not respond."""
    linear_corr: Annotated[F8, Axes("f8", "coefficient row column")]
    """Polynomial from measured to true electrons, lowest order first."""


class RawInstrument(Contract):
    """What one instrument recorded in one visit."""

    instrument: Instrument
    frames: Frames
    """Raw counts; even frames start a ramp and odd frames end it (correlated double sampling)."""
    adc: Adc
    calibration: CalibrationFrames
    time: Annotated[F8, Axes("f8", "frame", unit="hour")]
    """Start of each frame's integration."""
    integration_time: Annotated[F8, Axes("f8", "frame", unit="s")]
    """Time since the reset of the ramp at which each frame was read."""
    wavelength: Annotated[F8, Axes("f8", "column", unit="micron")] | None = None
    """Wavelength of each detector column; None for the photometer."""
    bin_columns: Annotated[npt.NDArray[np.int64], Axes("i8", "wave")] | None = None
    """Detector column of each spectral bin, by ascending wavelength; None for the photometer."""
    bin_wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    """Wavelength of each spectral bin, ascending; one value for the photometer."""

    @model_validator(mode="after")
    def _frames_fit(self) -> Self:
        frames, rows, columns = self.frames.shape
        if (rows, columns) != self.calibration.dark.shape:
            raise ValueError(
                f"frames have {rows} x {columns} pixels, "
                f"calibration frames {' x '.join(map(str, self.calibration.dark.shape))}"
            )
        if frames != self.time.size:
            raise ValueError(f"{frames} frames but {self.time.size} time stamps")
        return self


class Observation(Contract):
    """One visit of one planet. Its file form is the challenge folder (docs/file-formats.md)."""

    planet_id: str
    visit: int = Field(default=0, ge=0)
    system: System | None = None
    """None in the 2024 edition, which publishes no star table."""
    fgs1: RawInstrument | None = None
    airs: RawInstrument | None = None

    @model_validator(mode="after")
    def _has_an_instrument(self) -> Self:
        if self.fgs1 is None and self.airs is None:
            raise ValueError(f"planet {self.planet_id} visit {self.visit} has no instrument at all")
        return self
