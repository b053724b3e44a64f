"""How far predictions stray from what physics and instrument allow, rule by rule."""

from __future__ import annotations

from typing import Annotated

from spectramind_core.arrays import F8, Along, Axes
from spectramind_core.contracts.base import Contract


class RuleReport(Contract):
    """Violation and influence maps of symbolic rules over planets and bins. HDF5."""

    rules: Annotated[tuple[str, ...], Along("rule")]
    planet_ids: Annotated[tuple[str, ...], Along("planet")]
    wavelength: Annotated[F8, Axes("f8", "wave", unit="micron")]
    weight: Annotated[F8, Axes("f8", "rule")]
    """Weight of each rule in the training loss; 0 if it only watches."""
    violation: Annotated[F8, Axes("f8", "rule planet wave")]
    """Non-negative and dimensionless; zero where the rule is satisfied."""
    influence: Annotated[F8, Axes("f8", "rule planet wave", unit="1/(Rp/Rs)^2")]
    """Derivative of the planet's summed violation with respect to mu."""
