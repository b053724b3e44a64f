"""Colours that colour-blind readers can tell apart.

References
----------
Okabe & Ito 2008, "Color universal design". Nuñez, Anderton & Renslow 2018, PLoS ONE 13 (cividis).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spectramind_core.contracts import (
    Band,
    Heatmap,
    Layer,
    PlanetBand,
    PlanetLines,
    PlanetPoints,
    Spans,
)
from spectramind_core.molecules import BANDS

LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C8C00")
"""Okabe and Ito's, darkest first, less black (invisible on dark) and yellow (on light)."""

SPANS = ("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00")
INK = "#7d838c"
"""Text and axes: legible on light and on dark."""


def hues(layers: Sequence[Layer]) -> list[str]:
    """A colour for each layer: the chosen planet's first, so that it looks alike in every figure.

    A band has the colour of the curve that follows it. Spans have colours of their own; counting
    them would give neighbours hard-to-tell hues.
    """
    owners: list[int] = []
    """For each layer, the layer whose colour it has."""
    for index, layer in enumerate(layers):
        follower = next((i for i in range(index + 1, len(layers)) if _curve(layers[i])), index)
        owners.append(follower if isinstance(layer, Band | PlanetBand) else index)
    ranked = sorted(
        {owner for owner in owners if not isinstance(layers[owner], Spans)},
        key=lambda owner: (not _of_planets(layers[owner]), owner),
    )
    rank = {owner: LINES[place % len(LINES)] for place, owner in enumerate(ranked)}
    return [rank.get(owner, INK) for owner in owners]


def span_hue(label: str, labels: Sequence[str]) -> tuple[int, str]:
    """Place among all labels of spans, molecules first, and colour of one of them."""
    place = list(dict.fromkeys((*BANDS, *labels))).index(label)
    return place, SPANS[place % len(SPANS)]


def colour_limits(layer: Heatmap) -> tuple[float, float]:
    """Values at the two ends of a heatmap's colour scale."""
    finite = layer.values[np.isfinite(layer.values)]
    low, high = layer.limits or (
        (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    )
    reach = max(abs(low), abs(high))
    return (-reach, reach) if layer.diverging else (low, high)


def _curve(layer: Layer) -> bool:
    return not isinstance(layer, Band | PlanetBand | Spans)


def _of_planets(layer: Layer) -> bool:
    return isinstance(layer, PlanetLines | PlanetPoints | PlanetBand)
