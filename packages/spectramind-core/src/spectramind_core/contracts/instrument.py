"""The two instruments of the challenge and the grid of bins they fill."""

from __future__ import annotations

from enum import StrEnum

N_BINS = 283
"""Bins of a challenge spectrum: bin 0 is FGS1, bins 1..282 are AIRS-CH0 by ascending wavelength."""


class Instrument(StrEnum):
    """The name an instrument has in the challenge's file names."""

    FGS1 = "FGS1"
    AIRS = "AIRS-CH0"
