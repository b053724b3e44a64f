"""Points, which may be planets: coloured, faint or firm, chosen by a tap, turned in 3-D."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, LinearColorMapper
from bokeh.palettes import Cividis256

from spectramind_core.arrays import F8
from spectramind_core.contracts import Axis, Figure, Points
from spectramind_diag.report.heatmap import colour_bar
from spectramind_diag.report.hover import Tip, hover
from spectramind_diag.report.marks import whisker
from spectramind_diag.report.palette import INK

CHOSEN = "#D55E00"


def draw_points(plot: Any, figure: Figure, key: str, layer: Points, hue: str) -> None:
    """Draw points; `key` names their data, for the page to find."""
    data: dict[str, Any] = {"x": layer.x, "y": layer.y}
    data["alpha"] = layer.alpha if layer.alpha is not None else np.full(layer.x.size, 0.85)
    tips: list[Tip] = []
    fill: Any = hue
    if layer.planet is not None:
        data["planet"] = list(layer.planet)
        tips.append(("planet", "@planet"))
    if layer.colour is not None:
        data |= _colours(layer)
        mapper = _mapper(layer.colour, f"{key}:colours")
        fill = {"field": "colour", "transform": mapper}
        tips.append(("colour", "@colour{%.5g}"))
        # The page says what is shown where it lets a reader ask for something else.
        title = "" if layer.colours else layer.colour_label
        plot.add_layout(colour_bar(mapper, title), "right")
    if layer.error is not None:
        data |= {"low": layer.y - layer.error, "high": layer.y + layer.error}
    if layer.z is not None and figure.z is not None:
        cloud = np.array([layer.x, layer.y, layer.z])
        cloud = cloud - cloud.mean(axis=1, keepdims=True)
        data |= dict(zip(("east", "north", "up"), cloud, strict=True))
        _frame(plot, cloud, (figure.x, figure.y, figure.z))
    source = ColumnDataSource(data, name=key)
    if layer.error is not None:
        plot.add_layout(whisker(source, hue))
    # The outline keeps the dark end of the scale, and faint points, visible on a dark page.
    glyph = plot.scatter(
        "x", "y", source=source, size=8, fill_color=fill, fill_alpha="alpha", line_color=INK,
        legend_label=layer.name, name=layer.name, nonselection_fill_alpha="alpha",
        nonselection_line_alpha=1, selection_line_color=CHOSEN, selection_line_width=4,
        selection_fill_alpha=1,
    )  # fmt: skip
    hover(plot, figure, glyph, *tips)
    if layer.planet is not None:
        source.selected.js_on_change(
            "indices",
            CustomJS(
                args={"source": source},
                code="const i = source.selected.indices[0];"
                "if (i !== undefined) window.smv50.choose(source.data.planet[i]);",
            ),
        )


def _colours(layer: Points) -> dict[str, Any]:
    """The colour shown first, and all that a reader may ask for instead."""
    found: dict[str, Any] = {"colour": layer.colour}
    if layer.colours:
        found |= {f"by {layer.colour_label}": layer.colour}
        found |= {f"by {name}": values for name, values in layer.colours.items()}
    return found


def _mapper(values: F8, name: str) -> LinearColorMapper:
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return LinearColorMapper(Cividis256, low=low, high=high, nan_color=INK, name=name)


def _frame(plot: Any, cloud: F8, axes: tuple[Axis, Axis, Axis]) -> None:
    """Three arms that turn with a cloud ``[3, point]`` about its middle, and room to turn in."""
    reach = max(float(np.sqrt((cloud**2).sum(axis=0)).max()), 1e-12)
    arms = np.eye(3) * 0.6 * reach
    source = ColumnDataSource(
        {
            **dict(zip(("east", "north", "up"), arms, strict=True)),
            "x": arms[0], "y": arms[1], "from": np.zeros(3), "name": [a.label for a in axes],
        }
    )  # fmt: skip
    plot.segment("from", "from", "x", "y", source=source, line_color=INK, line_alpha=0.6)
    plot.text(
        "x", "y", text="name", source=source, text_color=INK, text_font_size="11px",
        text_align="center", text_baseline="bottom",
    )  # fmt: skip
    # As its axes have no numbers, a turned cloud must not be stretched along one of them.
    plot.match_aspect = True
    corners = np.array([-reach, reach])
    plot.scatter(corners, corners, alpha=0)
    plot.axis.visible = plot.grid.visible = False
