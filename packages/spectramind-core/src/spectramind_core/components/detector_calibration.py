"""Detector calibrations: raw frames to light curves."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.contracts import LightCurves, Observation


@runtime_checkable
class DetectorCalibration(Protocol):
    """Turns one visit's frames into light curves; stateless, so visits can run side by side."""

    def calibrate(self, observation: Observation, *, ctx: Context) -> LightCurves:
        """Calibrated flux per bin with its variance.

        Raises
        ------
        spectramind_core.errors.DataError
            If the frames cannot give a light curve; names planet, visit, instrument and field.
        """
        ...
