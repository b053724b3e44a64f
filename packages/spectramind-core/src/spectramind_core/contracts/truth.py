"""True spectra: the labels of training planets, and of simulated ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import model_validator

from spectramind_core.arrays import F8, Along, Axes
from spectramind_core.contracts.base import Contract


class Truth(Contract):
    """True transit depths of N planets. The challenge's ``train.csv``, or HDF5."""

    planet_ids: Annotated[tuple[str, ...], Along("planet")]
    wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    spectra: Annotated[F8, Axes("f8", "planet wave", unit="(Rp/Rs)^2")]

    @model_validator(mode="after")
    def _unique(self) -> Self:
        if len(set(self.planet_ids)) != len(self.planet_ids):
            raise ValueError("a planet appears twice")
        return self

    def of(self, planet_ids: Sequence[str]) -> Truth:
        """The same truth for some planets, in the order asked; KeyError if one is unknown."""
        row = {planet: i for i, planet in enumerate(self.planet_ids)}
        rows = [row[planet] for planet in planet_ids]
        return self.replace(planet_ids=tuple(planet_ids), spectra=self.spectra[rows])
