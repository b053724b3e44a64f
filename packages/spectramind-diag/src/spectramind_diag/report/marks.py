"""Lines, bands, bars and spans as Bokeh glyphs; layers of many planets show one of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import BoxAnnotation, ColumnDataSource, Label, Whisker

from spectramind_core.arrays import F8
from spectramind_core.contracts import (
    Band,
    Bars,
    Figure,
    Line,
    PlanetBand,
    PlanetLines,
    PlanetPoints,
    Spans,
)
from spectramind_core.molecules import BANDS
from spectramind_diag.report.hover import hover
from spectramind_diag.report.palette import span_hue

BACKGROUND = "background"
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
PlanetLayer = PlanetLines | PlanetPoints | PlanetBand


def draw_line(plot: Any, figure: Figure, layer: Line, hue: str) -> None:
    """A curve."""
    _line(plot, figure, ColumnDataSource({"x": layer.x, "y": layer.y}), layer, hue)


def draw_band(plot: Any, layer: Band, hue: str) -> None:
    """A region between two curves."""
    x, (lower, upper) = closed(layer.x, layer.lower, layer.upper)
    _band(plot, ColumnDataSource({"x": x, "lower": lower, "upper": upper}), layer.name, hue)


def draw_bars(plot: Any, figure: Figure, layer: Bars, hue: str) -> None:
    """Bars that stand on zero."""
    source = ColumnDataSource(
        {
            "left": layer.left, "right": layer.right, "height": layer.height,
            "middle": (layer.left + layer.right) / 2,
        }
    )  # fmt: skip
    glyph = plot.quad(
        left="left", right="right", bottom=0, top="height", source=source, color=hue,
        fill_alpha=0.6, legend_label=layer.name, name=layer.name,
    )  # fmt: skip
    hover(plot, figure, glyph, x="middle", y="height")


def draw_spans(plot: Any, layer: Spans) -> None:
    """Labelled ranges of x, shaded behind the data."""
    for left, right, label in zip(layer.left, layer.right, layer.labels, strict=True):
        place, hue = span_hue(label, layer.labels)
        plot.add_layout(
            BoxAnnotation(left=left, right=right, fill_color=hue, fill_alpha=0.10, line_alpha=0,
                          level="underlay")
        )  # fmt: skip
        text = label.translate(SUBSCRIPT) if label in BANDS else label
        plot.add_layout(
            Label(
                x=(left + right) / 2, y=4 + 13 * place, y_units="screen", text=text,
                text_color=hue, text_font_size="10px", text_align="center",
            )
        )  # fmt: skip


def draw_planets(
    plot: Any, figure: Figure, key: str, layer: PlanetLayer, hue: str, chosen: str
) -> dict[str, Any]:
    """Show one planet of many, and return what the page needs to switch: planets and columns."""
    x, columns = _columns(layer)
    row = layer.planets.index(chosen) if chosen in layer.planets else 0
    shown = {name: values[row] for name, values in columns.items()} if layer.planets else {}
    source = ColumnDataSource({"x": x, **shown}, name=key)
    if isinstance(layer, PlanetLines):
        _line(plot, figure, source, layer, hue)
    elif isinstance(layer, PlanetBand):
        _band(plot, source, layer.name, hue)
    else:
        if layer.error is not None:
            plot.add_layout(whisker(source, hue))
        glyph = plot.scatter(
            "x", "y", source=source, size=4, color=hue, alpha=0.8,
            legend_label=layer.name, name=layer.name,
        )  # fmt: skip
        hover(plot, figure, glyph)
    return {"planets": list(layer.planets), "columns": columns}


def closed(x: F8, lower: F8, upper: F8) -> tuple[F8, tuple[F8, F8]]:
    """A band whose gaps are closed: Bokeh would fill across points that are NaN in every row.

    The edges of a gap meet on the lower curve, so that nothing lies between them. Curves are
    ``[..., point]``.
    """
    every = np.atleast_2d(lower + upper)
    gap = np.isnan(every).all(axis=0)
    if gap.all() or not gap.any():
        return x, (lower, upper)
    known = np.flatnonzero(~gap)
    # Points beside a gap are taken twice: once at its edge, closed, and once as they are.
    before = np.isin(known + 1, np.flatnonzero(gap)) & (known < known[-1])
    after = np.isin(known - 1, np.flatnonzero(gap)) & (known > known[0])
    order = np.repeat(known, 1 + before.astype(int) + after.astype(int))
    edge = np.concatenate(
        [[True] * int(a) + [False] + [True] * int(b) for a, b in zip(after, before, strict=True)]
    )
    upper = np.where(edge, lower[..., order], upper[..., order])
    return x[order], (lower[..., order], upper)


def whisker(source: ColumnDataSource, hue: str) -> Whisker:
    """Error bars between the columns ``low`` and ``high``."""
    found = Whisker(
        base="x", lower="low", upper="high", source=source, line_color=hue, line_alpha=0.4
    )
    found.upper_head.size = found.lower_head.size = 0
    return found


def _line(
    plot: Any, figure: Figure, source: ColumnDataSource, layer: Line | PlanetLines, hue: str
) -> None:
    behind = isinstance(layer, PlanetLines) and layer.background
    glyph = plot.line(
        "x", "y", source=source, color=hue, line_dash=layer.style, line_width=1.6,
        legend_label=layer.name, name=layer.name, visible=not behind,
    )  # fmt: skip
    glyph.tags = [BACKGROUND] if behind else []
    hover(plot, figure, glyph)


def _band(plot: Any, source: ColumnDataSource, name: str, hue: str) -> None:
    plot.varea("x", "lower", "upper", source=source, color=hue, alpha=0.22, legend_label=name)


def _columns(layer: PlanetLayer) -> tuple[F8, dict[str, F8]]:
    if isinstance(layer, PlanetBand):
        x, (lower, upper) = closed(layer.x, layer.lower, layer.upper)
        return x, {"lower": lower, "upper": upper}
    found = {"y": layer.y}
    if isinstance(layer, PlanetPoints) and layer.error is not None:
        found |= {"low": layer.y - layer.error, "high": layer.y + layer.error}
    return layer.x, found
