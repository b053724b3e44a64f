"""The report `bokeh`: one HTML file that needs no network.

Figures are embedded as JSON and drawn those in view first; the values of layers that hold many
planets lie beside them as base64 in 65,535 steps a row, so that a thousand planets stay small.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bokeh.embed import json_item
from bokeh.resources import Resources
from jinja2 import Environment

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import DiagnosticResult
from spectramind_core.plugins.declaration import Options
from spectramind_core.storage import write_text
from spectramind_diag.report.draw import draw
from spectramind_diag.report.summary import summarise

PACKAGE = files("spectramind_diag.report")
STEPS = 65534


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
    for result in results:
        for figure in result.figures:
            drawn = draw(figure, planets[0] if planets else "")
            key = f"{result.name}--{figure.name}"
            items[key] = json_item(drawn.plot)
            for store in drawn.stores.values():
                store["planets"] = lists.setdefault(tuple(store["planets"]), len(lists))
            stores[key] = {
                name: _packed(store, drawn.logarithmic) for name, store in drawn.stores.items()
            }
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_text("templates/page.html"))
    return template.render(
        results=results,
        summary=summarise(results, evidence),
        manifest=evidence.manifest,
        planets=planets,
        # Inside a script element "</" and "<!--" mean something: no "<" is left in it.
        data=json.dumps({"items": items, "stores": stores, "lists": list(lists)}).replace(
            "<", "\\u003c"
        ),
        bokeh_js=Resources(mode="inline", components=["bokeh"]).render_js(),
        style=_text("static/style.css"),
        script=_text("static/page.js"),
    )


def _packed(store: dict[str, Any], logarithmic: bool) -> dict[str, Any]:
    """Values of many planets as text: whole on a logarithmic axis, else in 65,535 steps a row."""
    columns: dict[str, F8] = store["columns"]
    pack = _whole if logarithmic else _stepped
    return {
        "planets": store["planets"],
        "columns": {
            name: {"points": values.shape[1], **pack(values)} for name, values in columns.items()
        },
    }


def _whole(values: F8) -> dict[str, str]:
    return {"values": _base64(values.astype("<f4"))}


def _stepped(values: F8) -> dict[str, str]:
    """Each row from its lowest to its highest value; 65535 marks what is not finite."""
    finite = np.isfinite(values)
    low = np.where(finite, values, np.inf).min(axis=1, initial=np.inf)
    high = np.where(finite, values, -np.inf).max(axis=1, initial=-np.inf)
    low, high = np.where(np.isfinite(low), low, 0.0), np.where(np.isfinite(high), high, 0.0)
    step = np.maximum((high - low) / STEPS, np.finfo(float).tiny)
    codes = np.rint((np.where(finite, values, low[:, None]) - low[:, None]) / step[:, None])
    return {
        "codes": _base64(np.where(finite, codes, STEPS + 1).astype("<u2")),
        "low": _base64(low.astype("<f8")),
        "step": _base64(step.astype("<f8")),
    }


def _base64(values: npt.NDArray[Any]) -> str:
    return base64.b64encode(values.tobytes()).decode()


def _text(name: str) -> str:
    return PACKAGE.joinpath(name).read_text(encoding="utf-8")
