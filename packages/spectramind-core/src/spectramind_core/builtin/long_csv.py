"""Predictions as a long table: one row per planet and bin."""

from __future__ import annotations

import csv
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from spectramind_core.builtin.challenge_csv import check_exportable
from spectramind_core.builtin.options import CsvOptions
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction
from spectramind_core.storage import replacing


class LongRow(BaseModel):
    """One row of the long table. Its JSON Schema is docs/schemas/long_csv.json."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    planet_id: str = Field(min_length=1)
    """The planet."""
    bin_id: int = Field(ge=0)
    """Bin of the spectrum: 0 is FGS1, then AIRS-CH0 by ascending wavelength."""
    mu: float = Field(allow_inf_nan=False)
    """Transit depth, (Rp/Rs)^2."""
    sigma: float = Field(gt=0, allow_inf_nan=False)
    """Standard deviation of mu."""


class LongCsv:
    """``planet_id, bin_id, mu, sigma``; numbers read back exactly."""

    def __init__(self, options: CsvOptions) -> None:
        self._file = options.file or "submission_long.csv"

    def export(self, prediction: Prediction, *, folder: Path, ctx: Context) -> Path:
        """Write the table, planet by planet, bins ascending. DataError if there is no planet."""
        check_exportable(prediction)
        path = folder / self._file
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(LongRow.model_fields)
            for planet, mu, sigma in zip(
                prediction.planet_ids,
                prediction.mu.tolist(),
                prediction.sigma.tolist(),
                strict=True,
            ):
                writer.writerows(
                    (planet, index, repr(m), repr(s))
                    for index, (m, s) in enumerate(zip(mu, sigma, strict=True))
                )
        return path
