"""What is told of the point under the pointer."""

from __future__ import annotations

from typing import Any

from bokeh.models import HoverTool

from spectramind_core.contracts import Axis, Figure

Tip = tuple[str, str]


def axis_label(axis: Axis) -> str:
    """An axis' label with its unit."""
    return f"{axis.label} ({axis.unit})" if axis.unit else axis.label


def hover(plot: Any, figure: Figure, glyph: Any, *more: Tip, x: str = "x", y: str = "y") -> None:
    """Name of the glyph and its values along the axes, as the axes are labelled.

    Bokeh takes the second part of a tip as HTML with placeholders and escapes only what these
    stand for: text from elsewhere belongs into the first part or behind a placeholder.
    """
    place = [_number(axis_label(figure.x), x), _number(axis_label(figure.y), y)]
    plot.add_tools(
        HoverTool(
            renderers=[glyph],
            tooltips=[("", "$name"), *more, *(place if figure.z is None else [])],
            formatters={f"@{column}": "printf" for column in (x, y, "colour")},
        )
    )


def _number(label: str, column: str) -> Tip:
    return label, f"@{column}{{%.6g}}"
