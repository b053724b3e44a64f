"""Options of the readers and of detector calibration. Light: nothing but pydantic."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from spectramind_core.plugins import Options


class InstrumentOptions(Options):
    """How one instrument is calibrated; every step can be switched off."""

    linearity: bool = True
    """Undo the pixels' non-linearity. Without it bright pixels are misplaced by 2 %."""
    dark: bool = True
    """Subtract dark current."""
    flat: bool = True
    """Divide by the flat field."""
    mask_hot: bool = False
    """Leave out hot pixels, too. Off: it cost the 2024 winner 0.031."""
    cosmic_rays: float = Field(default=8.0, ge=0)
    """Threshold in standard deviations for rejecting cosmic rays; 0 switches it off."""
    background: bool = True
    """Subtract background light, fitted apart from the star's wings."""
    background_rows: int = Field(default=3, ge=1)
    """AIRS: rows at each edge that tell the background. More hold wings that are not straight."""
    background_share: float = Field(default=0.05, gt=0, le=1)
    """FGS1: share of the pixels, those farthest from the star, that tell the background."""
    jitter: bool = True
    """Remove what of the flux follows fast movements of the image."""
    jitter_width: bool = False
    """Let it follow the image's width, too. Off: simulated images keep theirs."""
    extraction: Literal["optimal", "sum"] = "optimal"
    """Least-variance weights over rows, or the plain sum."""
    time_bins: int = Field(default=150, ge=2)
    """About how many time bins a visit has; 5,625 pairs give bins of 37."""
    drop_first: int = Field(default=0, ge=0)
    """Pairs dropped at the start of a visit: on some visits the first few are wrong."""
    drop_last: int = Field(default=1, ge=0)
    """Pairs dropped at the end of a visit: the last frame can be wrong."""


class CalibrationOptions(Options):
    """Options of the detector calibrations."""

    fgs1: InstrumentOptions = InstrumentOptions()
    """The photometer."""
    airs: InstrumentOptions = InstrumentOptions()
    """The spectrometer."""


class ArielOptions(Options):
    """Options of the source `ariel`."""

    root: str = "data"
    """The challenge folder: holds wavelengths.csv, train/ and test/."""
    partitions: tuple[Literal["train", "test"], ...] = ("train", "test")
    """Which of its partitions are read."""
    visits: Literal["all", "first"] = "all"
    """Every visit of a planet, or the first alone."""


class Hdf5Options(Options):
    """Options of the source `hdf5`."""

    root: str = "light_curves"
    """Folder of light curves as HDF5 files, one a visit (docs/file-formats.md)."""
    truth: str = ""
    """CSV of true spectra: planet_id, wl_1, wl_2, ...; empty if unknown."""
    test: tuple[str, ...] = ()
    """Planets of the test partition; all others are training planets."""
