"""Colours that colour-blind readers can tell apart.

References
----------
Okabe & Ito 2008, "Color universal design". Nuñez, Anderton & Renslow 2018, PLoS ONE 13 (cividis).
"""

from __future__ import annotations

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C00")
"""Okabe and Ito's, darkest first, less black (invisible on dark) and yellow (on light)."""

SPANS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00")
SEQUENTIAL = "Cividis256"
INK = "#7d838c"
"""Text and axes: legible on light and on dark."""


def colour(index: int) -> str:
    """The colour of a figure's n-th layer."""
    return LINES[index % len(LINES)]
