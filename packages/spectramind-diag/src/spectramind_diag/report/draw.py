"""Figures as data to Bokeh figures; layers of many planets show the one that is chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bokeh.models import PlainText
from bokeh.plotting import figure as bokeh_figure

from spectramind_core.contracts import (
    Axis,
    Band,
    Bars,
    Figure,
    Heatmap,
    Layer,
    Line,
    Points,
    Spans,
)
from spectramind_diag.report.cloud import draw_points
from spectramind_diag.report.heatmap import draw_heatmap
from spectramind_diag.report.hover import axis_label
from spectramind_diag.report.marks import (
    BACKGROUND,
    draw_band,
    draw_bars,
    draw_line,
    draw_planets,
    draw_spans,
)
from spectramind_diag.report.palette import INK, hues

HEIGHT = 340


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
    drawn = Drawn(_empty(figure), figure.y.scale == "log")
    for index, (layer, hue) in enumerate(zip(figure.layers, hues(figure.layers), strict=True)):
        _layer(drawn, figure, f"{figure.name}:{index}", layer, hue, chosen)
    _fit_axes(drawn.plot)
    _legend(drawn.plot)
    return drawn


def _empty(figure: Figure) -> Any:
    plot = bokeh_figure(
        height=HEIGHT,
        sizing_mode="stretch_width",
        x_axis_label=_text(figure.x),
        y_axis_label=_text(figure.y),
        x_axis_type=figure.x.scale,
        y_axis_type=figure.y.scale,
        tools="pan,box_zoom,wheel_zoom,tap,reset,save",
        # A finger must be able to scroll the page; the page switches panning on for a mouse.
        active_drag=None,
        active_scroll=None,
        background_fill_alpha=0,
        border_fill_alpha=0,
        outline_line_color=None,
    )
    plot.toolbar.autohide = True
    plot.grid.grid_line_color = INK
    plot.grid.grid_line_alpha = 0.15
    plot.axis.major_tick_line_color = plot.axis.minor_tick_line_color = INK
    plot.axis.axis_label_text_color = INK
    plot.axis.axis_label_text_font_style = "normal"
    plot.axis.major_label_text_color = INK
    plot.axis.axis_line_color = INK
    return plot


def _text(axis: Axis) -> PlainText:
    """A label that is never taken for TeX, which Bokeh would fetch a renderer for."""
    return PlainText(text=axis_label(axis))


def _layer(drawn: Drawn, figure: Figure, key: str, layer: Layer, hue: str, chosen: str) -> None:
    plot = drawn.plot
    if isinstance(layer, Line):
        draw_line(plot, figure, layer, hue)
    elif isinstance(layer, Points):
        draw_points(plot, figure, key, layer, hue)
    elif isinstance(layer, Band):
        draw_band(plot, layer, hue)
    elif isinstance(layer, Bars):
        draw_bars(plot, figure, layer, hue)
    elif isinstance(layer, Heatmap):
        draw_heatmap(plot, layer)
    elif isinstance(layer, Spans):
        draw_spans(plot, layer)
    else:
        drawn.stores[key] = draw_planets(plot, figure, key, layer, hue, chosen)


def _fit_axes(plot: Any) -> None:
    """Fit the axes to what is not in the background: such curves start hidden, and may run out."""
    shown = [renderer for renderer in plot.renderers if BACKGROUND not in renderer.tags]
    if len(shown) < len(plot.renderers):
        plot.y_range.renderers = shown


def _legend(plot: Any) -> None:
    """Below the figure; a single layer needs none."""
    if not plot.legend:
        return
    legend = plot.legend[0]
    if len(legend.items) == 1:
        legend.visible = False
        return
    plot.add_layout(legend, "below")
    legend.location = "top_left"
    legend.margin = legend.padding = 0
    legend.spacing = 10
    legend.click_policy = "hide"
    legend.background_fill_alpha = 0
    # Half grey pales a hidden layer's entry on light and dark pages alike.
    legend.inactive_fill_color = "#808080"
    legend.inactive_fill_alpha = 0.3
    legend.border_line_alpha = 0
    legend.label_text_color = INK
    legend.label_text_font_size = "11px"
