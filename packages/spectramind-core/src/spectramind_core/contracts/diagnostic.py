"""What a diagnostic returns: figures as data, tables, scalars and a verdict, never pixels."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

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
    """A curve."""

    mark: Literal["line"] = "line"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    y: Annotated[F8, Axes("f8", "point", finite=False)]
    style: Literal["solid", "dashed", "dotted"] = "solid"


class Points(Contract):
    """Points, optionally with error bars, a third coordinate, colour values and a planet each."""

    mark: Literal["points"] = "points"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    y: Annotated[F8, Axes("f8", "point", finite=False)]
    z: Annotated[F8, Axes("f8", "point", finite=False)] | None = None
    """Depth of a 3-D figure, which needs a ``Figure.z``."""
    error: Annotated[F8, Axes("f8", "point", finite=False)] | None = None
    colour: Annotated[F8, Axes("f8", "point", finite=False)] | None = None
    colour_label: str = ""
    colours: Annotated[dict[str, F8], Axes("f8", "point", finite=False)] = {}
    """Other values, by label, that a reader may colour the points by instead."""
    alpha: Annotated[F8, Axes("f8", "point")] | None = None
    """Opacity of each point, 0 to 1."""
    planet: Annotated[tuple[str, ...], Along("point")] | None = None


class Band(Contract):
    """A filled region between two curves."""

    mark: Literal["band"] = "band"
    name: str
    x: Annotated[F8, Axes("f8", "point", finite=False)]
    lower: Annotated[F8, Axes("f8", "point", finite=False)]
    upper: Annotated[F8, Axes("f8", "point", finite=False)]


class PlanetLines(Contract):
    """One curve per planet over a common x: a report shows the chosen planet's."""

    mark: Literal["planet_lines"] = "planet_lines"
    name: str
    planets: Annotated[tuple[str, ...], Along("planet")]
    x: Annotated[F8, Axes("f8", "point")]
    y: Annotated[F8, Axes("f8", "planet point", finite=False)]
    style: Literal["solid", "dashed", "dotted"] = "solid"
    background: bool = False
    """A noisy curve for comparison: the axes are fitted to the others, and where a reader can ask
    for a curve, this one starts hidden."""


class PlanetPoints(Contract):
    """One set of points per planet over a common x, optionally with error bars."""

    mark: Literal["planet_points"] = "planet_points"
    name: str
    planets: Annotated[tuple[str, ...], Along("planet")]
    x: Annotated[F8, Axes("f8", "point")]
    y: Annotated[F8, Axes("f8", "planet point", finite=False)]
    error: Annotated[F8, Axes("f8", "planet point", finite=False)] | None = None


class PlanetBand(Contract):
    """One filled region per planet over a common x."""

    mark: Literal["planet_band"] = "planet_band"
    name: str
    planets: Annotated[tuple[str, ...], Along("planet")]
    x: Annotated[F8, Axes("f8", "point")]
    lower: Annotated[F8, Axes("f8", "planet point", finite=False)]
    upper: Annotated[F8, Axes("f8", "planet point", finite=False)]


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
    """Centres, evenly spaced."""
    rows: Annotated[tuple[str, ...], Along("row")]
    """A label for each row, drawn from the top; planet ids where ``rows_are_planets``."""
    values: Annotated[F8, Axes("f8", "row column", finite=False)]
    columns: Annotated[tuple[str, ...], Along("column")] | None = None
    """A name for each column, where columns are things and not places along x."""
    value_label: str = ""
    limits: tuple[float, float] | None = None
    """Values at the ends of the colour scale, where outliers would hide everything else."""
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


Layer = Annotated[
    Line | Points | Band | PlanetLines | PlanetPoints | PlanetBand | Bars | Heatmap | Spans,
    Field(discriminator="mark"),
]


class Figure(Contract):
    """A figure as data: axes and layers, which any report component can draw."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    caption: str = ""
    x: Axis
    y: Axis
    z: Axis | None = None
    """Third axis of a 3-D scatter."""
    layers: tuple[Layer, ...]


class Table(Contract):
    """A table of equally long columns of numbers or text."""

    name: str = Field(pattern=r"^[a-z0-9_]+$")
    title: str
    columns: dict[str, tuple[str, ...] | tuple[float, ...]]
    planet_column: str = ""
    """The column that holds planet ids, if one does: reports link its rows."""

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        sizes = {name: len(column) for name, column in self.columns.items()}
        if len(set(sizes.values())) > 1:
            raise ValueError(f"columns differ in length: {sizes}")
        if self.planet_column and self.planet_column not in self.columns:
            raise ValueError(f"there is no column '{self.planet_column}' to hold planet ids")
        return self


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
