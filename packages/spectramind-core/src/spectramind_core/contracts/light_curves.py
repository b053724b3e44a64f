"""Calibrated flux per bin of one visit, each instrument on its own cadence."""

from __future__ import annotations

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from spectramind_core.arrays import F8, Axes, Bool
from spectramind_core.contracts.base import Contract
from spectramind_core.contracts.instrument import Instrument
from spectramind_core.contracts.system import System


class Step(Contract):
    """One thing that was done to the frames, with the options it was done with."""

    name: str
    options: dict[str, Any] = {}


class LightCurve(Contract):
    """Flux of one instrument over one visit: one bin for FGS1, 282 for AIRS-CH0."""

    instrument: Instrument
    time: Annotated[F8, Axes("f8", "time", unit="hour")]
    """Mid-exposure since the start of the visit, ascending."""
    flux: Annotated[F8, Axes("f8", "time wave", unit="electron", finite=False)]
    """Mean signal of one ramp in each time bin; finite wherever ``valid``."""
    variance: Annotated[F8, Axes("f8", "time wave", unit="electron^2", finite=False)]
    """Variance of ``flux`` from photons, reads and what calibration has wrong otherwise in each
    time bin; positive wherever ``valid``."""
    valid: Annotated[Bool, Axes("?", "time wave")]
    """False where no usable pixel contributed."""
    wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    """Bin centres, ascending."""
    calibration_errors: Annotated[dict[str, F8], Axes("f8", "wave")] = {}
    """Relative standard deviations of any depth, by cause: what calibration can have wrong for the
    whole visit. Being the same at all times it is no part of ``variance``."""
    housekeeping: Annotated[dict[str, F8], Axes("f8", "time", finite=False)] = {}
    """What was learnt along the way, per time bin: centroids, background, rejected samples."""
    counts: dict[str, int] = {}
    """Totals for the visit: dead and hot pixels, cosmic rays, saturated samples."""
    steps: tuple[Step, ...] = ()
    """What was done to get here, in order."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if self.time.size > 1 and not np.all(np.diff(self.time) > 0):
            raise ValueError("the time axis does not ascend")
        if self.wavelength.size > 1 and not np.all(np.diff(self.wavelength) > 0):
            raise ValueError("the wavelengths do not ascend")
        if not np.all(np.isfinite(self.flux[self.valid])):
            raise ValueError("flux is not finite at some samples marked valid")
        if not np.all(self.variance[self.valid] > 0):
            raise ValueError("variance is not positive at some samples marked valid")
        return self


class LightCurves(Contract):
    """Everything calibrated from one visit of one planet. HDF5 (docs/file-formats.md)."""

    planet_id: str
    visit: int = Field(default=0, ge=0)
    system: System | None = None
    fgs1: LightCurve | None = None
    airs: LightCurve | None = None

    @model_validator(mode="after")
    def _has_an_instrument(self) -> Self:
        if self.fgs1 is None and self.airs is None:
            raise ValueError(f"planet {self.planet_id} visit {self.visit} has no light curve")
        return self


class TransitFit(Contract):
    """The transit that physics found in one visit's white light: for figures and for diagnosis."""

    planet_id: str
    visit: int = Field(default=0, ge=0)
    instrument: Instrument
    time: Annotated[F8, Axes("f8", "time", unit="hour")]
    flux: Annotated[F8, Axes("f8", "time", finite=False)]
    """White light relative to the fitted star level."""
    error: Annotated[F8, Axes("f8", "time", finite=False)]
    """Standard deviation of ``flux``."""
    transit: Annotated[F8, Axes("f8", "time")]
    """Fitted transit shape alone: 1 outside transit."""
    drift: Annotated[F8, Axes("f8", "time")]
    """Fitted instrument drift alone, near 1: the model is ``transit * drift``."""
    parameters: dict[str, float]
    """Best values by name: mid_transit [hour], duration [hour], impact, radius_ratio, u1, u2."""
    errors: dict[str, float]
    """Standard deviations of ``parameters``."""
    bin_wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    bin_residual: Annotated[F8, Axes("f8", "wave", finite=False)]
    """Scatter of each bin's residuals relative to the error its variance promises."""
