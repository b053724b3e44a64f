"""Numbers as readers see them: a column has as many decimals throughout, and no more than tell."""

from __future__ import annotations

import math
from collections.abc import Sequence

DIGITS = 4
"""Significant digits of a column's largest number."""
UNKNOWN = "–"


def cells(values: Sequence[str] | Sequence[float]) -> list[str]:
    """A table's column as text; text stays as it is."""
    numbers = [value for value in values if not isinstance(value, str) and math.isfinite(value)]
    sizes = [abs(number) for number in numbers if number]
    if all(number == round(number) for number in numbers) and max(sizes, default=0) < 10**9:
        style = ".0f"
    elif min(sizes) < 10.0**-DIGITS * max(sizes) or not 1e-3 <= max(sizes) < 10**9:
        style = f".{DIGITS}g"
    else:
        style = f".{max(0, DIGITS - 1 - math.floor(math.log10(max(sizes))))}f"
    return [value if isinstance(value, str) else _one(value, style) for value in values]


def _one(value: float, style: str) -> str:
    if not math.isfinite(value):
        return UNKNOWN if math.isnan(value) else str(value)
    text = format(value, style)
    return text.removeprefix("-") if float(text) == 0 else text
