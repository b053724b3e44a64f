"""Figures as data to Bokeh figures; layers of many planets show the one that is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from bokeh.events import Tap
from bokeh.models import (
    BasicTicker,
    BoxAnnotation,
    ColorBar,
    ColumnDataSource,
    CustomJS,
    CustomJSHover,
    HoverTool,
    Label,
    LinearColorMapper,
    Whisker,
)
from bokeh.palettes import Cividis256, interp_palette
from bokeh.plotting import figure as bokeh_figure

from spectramind_core.arrays import F8
from spectramind_core.contracts import (
    Band,
    Bars,
    Figure,
    Heatmap,
    Layer,
    Line,
    PlanetBand,
    PlanetLines,
    PlanetPoints,
    Points,
    Spans,
)
from spectramind_core.molecules import BANDS
from spectramind_diag.report.palette import INK, SPANS, colour

HEIGHT = 340
DIVERGING = interp_palette(["#0072B2", "#f0f0f0", "#D55E00"], 256)
BACKGROUND = "background"
PlanetLayer = PlanetLines | PlanetPoints | PlanetBand


@dataclass
class Drawn:
    """A Bokeh figure and the data of planets that it can be switched to."""

    plot: Any
    logarithmic: bool = False
    """Whether y is drawn on a logarithmic axis, where small values need all their digits."""
    stores: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By the name of a data source: planets, and each column ``[planet, point]``."""


def draw(figure: Figure, chosen: str) -> Drawn:
    """Draw a figure with `chosen` as the planet that its many-planet layers show first."""
    plot = _empty(figure)
    drawn = Drawn(plot, figure.y.scale == "log")
    # Spans have colours of their own; counting them would give neighbours hard-to-tell hues.
    data = [layer for layer in figure.layers if not isinstance(layer, Spans)]
    for layer in figure.layers:
        if isinstance(layer, Spans):
            _spans(plot, layer)
    for index, layer in enumerate(data):
        _layer(drawn, f"{figure.name}:{index}", layer, colour(index), chosen)
    _fit_axes(plot)
    if plot.legend:
        legend = plot.legend[0]
        plot.add_layout(legend, "below")
        legend.ncols = 2
        legend.location = "top_left"
        legend.margin = legend.padding = 0
        legend.spacing = 10
        plot.legend.click_policy = "hide"
        plot.legend.background_fill_alpha = 0
        # Half grey pales a hidden layer's entry on light and dark pages alike.
        plot.legend.inactive_fill_color = "#808080"
        plot.legend.inactive_fill_alpha = 0.3
        plot.legend.border_line_alpha = 0
        plot.legend.label_text_color = INK
        plot.legend.label_text_font_size = "11px"
    return drawn


def _empty(figure: Figure) -> Any:
    heatmap = next((layer for layer in figure.layers if isinstance(layer, Heatmap)), None)
    options: dict[str, Any] = {}
    if heatmap is not None and len(set(heatmap.rows)) == len(heatmap.rows) <= 40:
        options["y_range"] = list(reversed(heatmap.rows))
    plot = bokeh_figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_label=_label(figure.x),
        y_axis_label=_label(figure.y),
        x_axis_type=figure.x.scale,
        y_axis_type=figure.y.scale if "y_range" not in options else "auto",
        tools="pan,box_zoom,wheel_zoom,tap,reset,save",
        active_scroll=None,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
        **options,
    )
    plot.toolbar.autohide = True
    plot.grid.grid_line_color = INK
    plot.grid.grid_line_alpha = 0.15
    plot.axis.major_tick_line_color = plot.axis.minor_tick_line_color = INK
    # A cloud that is being turned has no fixed axes.
    plot.axis.visible = figure.z is None
    plot.axis.axis_label_text_color = INK
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.major_label_text_color = INK
    plot.axis.axis_line_color = INK
    return plot


def _fit_axes(plot: Any) -> None:
    """Fit the axes to what is not in the background: such curves start hidden, and may run out."""
    shown = [renderer for renderer in plot.renderers if renderer.name != BACKGROUND]
    if len(shown) < len(plot.renderers):
        plot.y_range.renderers = shown


def _label(axis: Any) -> str:
    return f"{axis.label} ({axis.unit})" if axis.unit else str(axis.label)


def _layer(drawn: Drawn, key: str, layer: Layer, hue: str, chosen: str) -> None:
    plot = drawn.plot
    if isinstance(layer, Line):
        _line(plot, ColumnDataSource({"x": layer.x, "y": layer.y}), layer, hue)
    elif isinstance(layer, Points):
        _points(plot, key, layer, hue)
    elif isinstance(layer, Band):
        source = ColumnDataSource({"x": layer.x, "lower": layer.lower, "upper": layer.upper})
        _band(plot, source, layer.name, hue)
    elif isinstance(layer, Bars):
        plot.quad(
            left=layer.left, right=layer.right, bottom=0, top=layer.height,
            color=hue, fill_alpha=0.6, legend_label=layer.name,
        )  # fmt: skip
    elif isinstance(layer, Heatmap):
        _heatmap(plot, layer)
    elif not isinstance(layer, Spans):
        _of_planets(drawn, key, layer, hue, chosen)


def _line(plot: Any, source: ColumnDataSource, layer: Line | PlanetLines, hue: str) -> None:
    behind = isinstance(layer, PlanetLines) and layer.background
    glyph = plot.line(
        "x", "y", source=source, color=hue, line_dash=layer.style, line_width=1.6,
        legend_label=layer.name, name=BACKGROUND if behind else None,
        visible=not behind,
    )  # fmt: skip
    plot.add_tools(HoverTool(renderers=[glyph], tooltips=_tips(layer.name), mode="mouse"))


def _band(plot: Any, source: ColumnDataSource, name: str, hue: str) -> None:
    plot.varea("x", "lower", "upper", source=source, color=hue, alpha=0.22, legend_label=name)


def _points(plot: Any, key: str, layer: Points, hue: str) -> None:
    data: dict[str, Any] = {"x": layer.x, "y": layer.y}
    if layer.z is not None:
        # The page turns the cloud: it projects these onto x and y.
        data |= {"east": layer.x, "north": layer.y, "up": layer.z}
    tips = _tips(layer.name)
    style: dict[str, Any] = {"color": hue}
    if layer.planet is not None:
        data["planet"] = list(layer.planet)
        tips.append(("planet", "@planet"))
    if layer.colour is not None:
        data["colour"] = layer.colour
        data |= {f"by {name}": values for name, values in layer.colours.items()}
        if layer.colours:
            data[f"by {layer.colour_label}"] = layer.colour
        finite = layer.colour[np.isfinite(layer.colour)]
        mapper = LinearColorMapper(
            Cividis256,
            low=float(finite.min()) if finite.size else 0.0,
            high=float(finite.max()) if finite.size else 1.0,
            nan_color=INK,
            name=f"{key}:colours",
        )
        # The outline keeps the dark end of the scale visible on a dark page.
        style = {"fill_color": {"field": "colour", "transform": mapper}, "line_color": INK}
        tips.append((layer.colour_label or "colour", "@colour"))
        bar = _colour_bar(mapper, layer.colour_label)
        bar.name = f"{key}:bar"
        plot.add_layout(bar, "right")
    data["alpha"] = layer.alpha if layer.alpha is not None else np.full(layer.x.size, 0.85)
    source = ColumnDataSource(data, name=key)
    if layer.error is not None:
        source.data["low"], source.data["high"] = layer.y - layer.error, layer.y + layer.error
        plot.add_layout(_whisker(source, hue))
    glyph = plot.scatter(
        "x", "y", source=source, size=6, alpha="alpha", legend_label=layer.name,
        nonselection_alpha="alpha", selection_line_color="#E69F00", selection_line_width=3,
        selection_alpha=1, **style,
    )  # fmt: skip
    plot.add_tools(HoverTool(renderers=[glyph], tooltips=tips))
    if layer.planet is not None:
        source.selected.js_on_change(
            "indices",
            CustomJS(
                args={"source": source},
                code="const i = source.selected.indices[0];"
                "if (i !== undefined) window.smv50.choose(source.data.planet[i]);",
            ),
        )


def _heatmap(plot: Any, layer: Heatmap) -> None:
    values = layer.values[::-1]
    finite = values[np.isfinite(values)]
    low, high = layer.limits or (
        (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    )
    if layer.diverging:
        low, high = -max(abs(low), abs(high)), max(abs(low), abs(high))
    palette = DIVERGING if layer.diverging else Cividis256
    mapper = LinearColorMapper(palette, low=low, high=high, nan_color="rgba(0,0,0,0)")
    step = float(np.diff(layer.x).mean()) if layer.x.size > 1 else 1.0
    rows, columns = values.shape
    plot.image(
        [values.astype(np.float32)],
        x=float(layer.x[0]) - step / 2, y=0, dw=step * columns, dh=rows, color_mapper=mapper,
    )  # fmt: skip
    _heatmap_tips(plot, layer)
    if layer.columns is None:
        # Long names of rows leave a phone's plot little width.
        plot.xaxis.ticker = BasicTicker(desired_num_ticks=4)
    else:
        plot.xaxis.ticker = layer.x.tolist()
        plot.xaxis.major_label_overrides = dict(zip(layer.x.tolist(), layer.columns, strict=True))
        plot.xaxis.major_label_orientation = "vertical" if len(layer.columns) > 6 else 0.6
        plot.xaxis.major_label_text_font_size = "10px"
    plot.add_layout(_colour_bar(mapper, layer.value_label), "right")
    if layer.rows_are_planets:
        plot.js_on_event(
            Tap,
            CustomJS(
                args={"rows": list(layer.rows)},
                code="const i = rows.length - 1 - Math.floor(cb_obj.y);"
                "if (rows[i] !== undefined) window.smv50.choose(rows[i]);",
            ),
        )


def _heatmap_tips(plot: Any, layer: Heatmap) -> None:
    """Name the row and column under the pointer, also where the axis has no room for names."""
    row = CustomJSHover(
        args={"rows": list(layer.rows)},
        code="return String(rows[rows.length - 1 - Math.floor(special_vars.y)] ?? '');",
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


def _spans(plot: Any, layer: Spans) -> None:
    names = list(dict.fromkeys((*BANDS, *layer.labels)))
    for left, right, label in zip(layer.left, layer.right, layer.labels, strict=True):
        hue = SPANS[names.index(label) % len(SPANS)]
        plot.add_layout(
            BoxAnnotation(left=left, right=right, fill_color=hue, fill_alpha=0.10, line_alpha=0,
                          level="underlay")
        )  # fmt: skip
        place = Label(
            x=(left + right) / 2, y=4 + 13 * names.index(label), y_units="screen", text=label,
            text_color=hue, text_font_size="10px", text_align="center",
        )  # fmt: skip
        plot.add_layout(place)


def _of_planets(drawn: Drawn, key: str, layer: PlanetLayer, hue: str, chosen: str) -> None:
    """A layer that holds every planet and shows one; the page switches it."""
    plot, columns = drawn.plot, _columns(layer)
    row = layer.planets.index(chosen) if chosen in layer.planets else 0
    shown = {name: values[row] for name, values in columns.items()} if layer.planets else {}
    source = ColumnDataSource({"x": layer.x, **shown}, name=key)
    drawn.stores[key] = {"planets": list(layer.planets), "columns": columns}
    if isinstance(layer, PlanetLines):
        _line(plot, source, layer, hue)
    elif isinstance(layer, PlanetBand):
        _band(plot, source, layer.name, hue)
    else:
        if layer.error is not None:
            plot.add_layout(_whisker(source, hue))
        glyph = plot.scatter(
            "x", "y", source=source, size=4, color=hue, alpha=0.8, legend_label=layer.name
        )
        plot.add_tools(HoverTool(renderers=[glyph], tooltips=_tips(layer.name)))


def _columns(layer: PlanetLayer) -> dict[str, F8]:
    if isinstance(layer, PlanetBand):
        return {"lower": layer.lower, "upper": layer.upper}
    found = {"y": layer.y}
    if isinstance(layer, PlanetPoints) and layer.error is not None:
        found |= {"low": layer.y - layer.error, "high": layer.y + layer.error}
    return found


def _whisker(source: ColumnDataSource, hue: str) -> Whisker:
    whisker = Whisker(
        base="x", lower="low", upper="high", source=source, line_color=hue, line_alpha=0.4
    )
    whisker.upper_head.size = whisker.lower_head.size = 0
    return whisker


def _colour_bar(mapper: LinearColorMapper, title: str) -> ColorBar:
    return ColorBar(
        color_mapper=mapper, title=title, width=10, background_fill_alpha=0,
        title_text_color=INK, major_label_text_color=INK, title_text_font_style="normal",
    )  # fmt: skip


def _tips(name: str) -> list[tuple[str, str]]:
    return [("", name), ("x", "@x{0.0000}"), ("y", "@y")]
