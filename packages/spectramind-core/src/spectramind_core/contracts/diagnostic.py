"""What a diagnostic returns: figures as data, tables, scalars and a verdict, never pixels."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from spectramind_core.arrays import F8, Along, Axes
from spectramind_core.contracts.base import Contract


class Severity(StrEnum):
    """How much a reader should care."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ALARM = "alarm"
    MISSING = "missing"
    """The diagnostic could not be made; its verdict says what is missing."""


class Axis(Contract):
    """One axis of a figure."""

    label: str
    unit: str = ""
    scale: Literal["linear", "log"] = "linear"


class Line(Contract):
    """A curve. With ``planet_ids``, one curve per planet: ``y`` is [planet * point]."""

    mark: Literal["line"] = "line"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    y: Annotated[F8, Axes("f8", "point", finite=False)]
    planet: Annotated[tuple[str, ...], Along("point")] | None = None
    """Planet of each point where the layer holds several planets; the report shows the chosen."""
    style: Literal["solid", "dashed", "dotted"] = "solid"


class Points(Contract):
    """Points, optionally with error bars, colour values and a planet each."""

    mark: Literal["points"] = "points"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    y: Annotated[F8, Axes("f8", "point", finite=False)]
    error: Annotated[F8, Axes("f8", "point", finite=False)] | None = None
    colour: Annotated[F8, Axes("f8", "point", finite=False)] | None = None
    colour_label: str = ""
    alpha: Annotated[F8, Axes("f8", "point")] | None = None
    planet: Annotated[tuple[str, ...], Along("point")] | None = None


class Band(Contract):
    """A filled region between two curves."""

    mark: Literal["band"] = "band"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    lower: Annotated[F8, Axes("f8", "point", finite=False)]
    upper: Annotated[F8, Axes("f8", "point", finite=False)]
    planet: Annotated[tuple[str, ...], Along("point")] | None = None


class Bars(Contract):
    """Bars or a histogram, given by their edges."""

    mark: Literal["bars"] = "bars"
    name: str
    left: Annotated[F8, Axes("f8", "bar")]
    right: Annotated[F8, Axes("f8", "bar")]
    height: Annotated[F8, Axes("f8", "bar", finite=False)]


class Heatmap(Contract):
    """Values on a grid."""

    mark: Literal["heatmap"] = "heatmap"
    name: str
    x: Annotated[F8, Axes("f8", "column")]
    """Centres."""
    rows: Annotated[tuple[str, ...], Along("row")]
    """A label for each row; planet ids where ``rows_are_planets``."""
    values: Annotated[F8, Axes("f8", "row column", finite=False)]
    value_label: str = ""
    diverging: bool = False
    """Whether the colour scale is centred on zero."""
    rows_are_planets: bool = False


class Spans(Contract):
    """Named ranges of x, such as molecule bands, shaded behind the data."""

    mark: Literal["spans"] = "spans"
    name: str
    left: Annotated[F8, Axes("f8", "span")]
    right: Annotated[F8, Axes("f8", "span")]
    labels: Annotated[tuple[str, ...], Along("span")]


Layer = Annotated[Line | Points | Band | Bars | Heatmap | Spans, Field(discriminator="mark")]


class Figure(Contract):
    """A figure as data: axes and layers, which any report component can draw."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    caption: str = ""
    x: Axis
    y: Axis
    layers: tuple[Layer, ...]


class Table(Contract):
    """A table of equally long columns of numbers or text."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    columns: dict[str, tuple[str, ...] | tuple[float, ...]]
    planet_column: str = ""
    """The column that holds planet ids, if one does: reports link its rows."""


class DiagnosticResult(Contract):
    """One diagnostic's findings. JSON with figures' values in HDF5 (docs/file-formats.md)."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    guide: str
    """What to look for, in a sentence or two."""
    verdict: str
    """What was found, in one line."""
    severity: Severity
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    scalars: dict[str, float] = {}
