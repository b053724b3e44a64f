"""Calibrators: sigma and intervals that hold what they promise."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from spectramind_core.components.context import Context
from spectramind_core.contracts import Prediction, Truth


@runtime_checkable
class Calibrator(Protocol):
    """Fitted on planets that were never trained on and are never tested on."""

    def fit(self, prediction: Prediction, truth: Truth, *, ctx: Context) -> None:
        """Learn from calibration planets; `truth` has the prediction's planets in its order.

        Raises
        ------
        spectramind_core.errors.DataError
            If there are too few planets; says how many it takes.
        """
        ...

    def apply(self, prediction: Prediction, *, ctx: Context) -> Prediction:
        """The same planets with better sigma, intervals or bands; mu may be corrected too."""
        ...

    def save(self, folder: Path) -> None:
        """Write what was learnt, and from what, into an existing, empty folder."""
        ...

    def load(self, folder: Path) -> None:
        """Take up what `save` wrote."""
        ...
