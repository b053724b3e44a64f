"""Heatmaps: rows from the top, named at the axis and under the pointer."""

from __future__ import annotations

from typing import Any

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    BasicTicker,
    ColorBar,
    CustomJS,
    CustomJSHover,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    Range1d,
)
from bokeh.palettes import Cividis256, interp_palette

from spectramind_core.contracts import Heatmap
from spectramind_diag.report.palette import INK, colour_limits

DIVERGING = interp_palette(["#0072B2", "#f0f0f0", "#D55E00"], 256)
NAMED_ROWS = 40
"""Rows that all have room for a name; of more, some are named."""
NAME_OF_ROW = "rows[Math.floor({})] ?? ''"


def draw_heatmap(plot: Any, layer: Heatmap) -> None:
    """Draw values as an image, the first row on top; a tap on a planet's row chooses it."""
    low, high = colour_limits(layer)
    palette = DIVERGING if layer.diverging else Cividis256
    mapper = LinearColorMapper(palette, low=low, high=high, nan_color="rgba(0,0,0,0)")
    step = float(np.diff(layer.x).mean()) if layer.x.size > 1 else 1.0
    rows, columns = layer.values.shape
    plot.image(
        [layer.values.astype(np.float32)],
        x=float(layer.x[0]) - step / 2, y=0, dw=step * columns, dh=rows, color_mapper=mapper,
    )  # fmt: skip
    plot.x_range.range_padding = 0
    _name_rows(plot, layer)
    _name_columns(plot, layer)
    _tips(plot, layer)
    plot.add_layout(colour_bar(mapper, layer.value_label), "right")
    if layer.rows_are_planets:
        plot.js_on_event(
            Tap,
            CustomJS(
                args={"rows": list(layer.rows)},
                code=f"window.smv50.choose({NAME_OF_ROW.format('cb_obj.y')});",
            ),
        )


def colour_bar(mapper: LinearColorMapper, title: str) -> ColorBar:
    """A scale of colours, and what it is a scale of."""
    return ColorBar(
        color_mapper=mapper, title=title, width=10, background_fill_alpha=0,
        title_text_color=INK, major_label_text_color=INK, title_text_font_style="normal",
    )  # fmt: skip


def _name_rows(plot: Any, layer: Heatmap) -> None:
    rows = len(layer.rows)
    plot.y_range = Range1d(rows, 0)
    plot.ygrid.visible = False
    plot.yaxis.minor_tick_line_color = None
    plot.yaxis.formatter = CustomJSTickFormatter(
        args={"rows": list(layer.rows)}, code=f"return {NAME_OF_ROW.format('tick')}"
    )
    if rows <= NAMED_ROWS:
        plot.yaxis.ticker = FixedTicker(ticks=[row + 0.5 for row in range(rows)])
        if rows > NAMED_ROWS / 2:
            plot.yaxis.major_label_text_font_size = "8px"


def _name_columns(plot: Any, layer: Heatmap) -> None:
    if layer.columns is None:
        # Long names of rows leave a phone's plot little width.
        plot.xaxis.ticker = BasicTicker(desired_num_ticks=4)
        return
    plot.xaxis.ticker = layer.x.tolist()
    plot.xaxis.major_label_overrides = dict(zip(layer.x.tolist(), layer.columns, strict=True))
    plot.xaxis.major_label_orientation = "vertical" if len(layer.columns) > 4 else 0.6
    plot.xaxis.major_label_text_font_size = "10px"


def _tips(plot: Any, layer: Heatmap) -> None:
    """Name the row and column under the pointer, also where the axis has no room for names."""
    row = CustomJSHover(
        args={"rows": list(layer.rows)},
        code=f"return String({NAME_OF_ROW.format('special_vars.y')});",
    )
    tips, formats = [("row", "$y{custom}"), ("x", "$x{0.[0]}")], {"$y": row}
    if layer.columns is not None:
        formats["$x"] = CustomJSHover(
            args={"names": list(layer.columns)},
            code="return String(names[Math.round(special_vars.x)] ?? '');",
        )
        tips[1] = ("column", "$x{custom}")
    tips.append((layer.value_label or "value", "@image{0.0000}"))
    plot.add_tools(HoverTool(tooltips=tips, formatters=formats))
