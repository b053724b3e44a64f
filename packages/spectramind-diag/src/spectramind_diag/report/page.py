"""The report `bokeh`: one HTML file that needs no network.

Figures are embedded as JSON and drawn those in view first; the values of layers that hold many
planets lie beside them, packed, so that a thousand planets stay small.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from bokeh.embed import json_item
from bokeh.resources import Resources
from jinja2 import Environment, Template

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import DiagnosticResult, Severity
from spectramind_core.plugins.declaration import Options
from spectramind_core.storage import write_text
from spectramind_diag.report.draw import draw
from spectramind_diag.report.numbers import cells
from spectramind_diag.report.packed import Packed
from spectramind_diag.report.summary import summarise

PACKAGE = files("spectramind_diag.report")
FEW_ROWS = 12
"""Rows of a table that need no search."""
MARKS = {
    Severity.OK: "●",
    Severity.NOTE: "◆",
    Severity.WARNING: "▲",
    Severity.ALARM: "■",
    Severity.MISSING: "○",
}
"""Signs that differ in shape as well as in colour."""


class BokehReport:
    """Draws any diagnostic's findings."""

    def __init__(self, options: Options) -> None:
        pass

    def write(
        self,
        results: Sequence[DiagnosticResult],
        evidence: Evidence,
        *,
        folder: Path,
        ctx: Context,
    ) -> tuple[Path, ...]:
        """Write ``diagnostic_report_v<N>.html`` with the first N that is free."""
        page = render(results, evidence)
        return (write_text(next_name(folder), page),)


def next_name(folder: Path) -> Path:
    """The first report name that is not taken."""
    number = 1
    while (path := folder / f"diagnostic_report_v{number}.html").exists():
        number += 1
    return path


def render(results: Sequence[DiagnosticResult], evidence: Evidence) -> str:
    """The page as text; everything from outside is escaped by the template."""
    planets = list(evidence.prediction.planet_ids)
    items: dict[str, Any] = {}
    stores: dict[str, Any] = {}
    lists: dict[tuple[str, ...], int] = {tuple(planets): 0}
    packed = Packed()
    for result in results:
        for figure in result.figures:
            drawn = draw(figure, planets[0] if planets else "")
            key = f"{result.name}--{figure.name}"
            items[key] = json_item(drawn.plot)
            for store in drawn.stores.values():
                store["planets"] = lists.setdefault(tuple(store["planets"]), len(lists))
                store["columns"] = {
                    name: packed.add(values, logarithmic=drawn.logarithmic)
                    for name, values in store["columns"].items()
                }
            stores[key] = drawn.stores
    return _template().render(
        name=evidence.manifest.get("name", "SpectraMind V50"),
        results=results,
        marks=MARKS,
        summary=summarise(results, evidence),
        few=FEW_ROWS,
        manifest=evidence.manifest,
        command=shlex.join(evidence.manifest.get("command", ())),
        planets=planets,
        # Inside a script element "</" and "<!--" mean something: no "<" is left in it.
        data=json.dumps({"items": items, "stores": stores, "lists": list(lists)}).replace(
            "<", "\\u003c"
        ),
        values=packed.text(),
        bokeh_js=Resources(mode="inline", components=["bokeh"]).render_js(),
        style=_text("static/style.css"),
        script=_text("static/page.js"),
    )


def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["cells"] = _cells
    environment.filters["rows"] = lambda columns: zip(*columns, strict=True)
    return environment.from_string(_text("templates/page.html"))


def _cells(column: tuple[str, ...] | tuple[float, ...]) -> list[tuple[str, bool]]:
    """Each value of a table's column as text, and whether it is a number."""
    texts = cells(column)
    return [(text, not isinstance(value, str)) for text, value in zip(texts, column, strict=True)]


def _text(name: str) -> str:
    return PACKAGE.joinpath(name).read_text(encoding="utf-8")
