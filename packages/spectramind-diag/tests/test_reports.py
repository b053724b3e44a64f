"""Reports draw every kind of layer there is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from spectramind_core.components import Context
from spectramind_core.contracts import (
    Axis,
    Band,
    Bars,
    DiagnosticResult,
    Figure,
    Heatmap,
    Line,
    PlanetBand,
    PlanetLines,
    PlanetPoints,
    Points,
    Severity,
    Spans,
    Table,
)
from spectramind_core.testing.outputs import evidence
from spectramind_diag.options import MarkdownOptions, PngOptions
from spectramind_diag.report.markdown import MarkdownReport
from spectramind_diag.report.page import render
from spectramind_diag.report.png import PngReport, picture
from spectramind_diag.report.summary import summarise


def everything() -> DiagnosticResult:
    """A finding with every kind of layer, and a table of planets."""
    planets = evidence().prediction.planet_ids
    x = np.linspace(0, 1, 7)
    many = np.arange(len(planets))[:, None] + np.zeros(7)
    layers = (
        Line(name="line", x=x, y=x),
        Points(name="points", x=x[:6], y=x[:6], error=x[:6], colour=x[:6], planet=planets),
        Band(name="band", x=x, lower=x - 1, upper=x + 1),
        Bars(name="bars", left=x[:-1], right=x[1:], height=x[1:]),
        Spans(name="spans", left=x[:1], right=x[1:2], labels=("H2O",)),
        PlanetLines(name="each", planets=planets, x=x, y=many),
        PlanetPoints(name="dots", planets=planets, x=x, y=many, error=many),
        PlanetBand(name="around", planets=planets, x=x, lower=many - 1, upper=many + 1),
    )
    heatmap = Heatmap(
        name="map", x=x, rows=planets, values=many, rows_are_planets=True, diverging=True
    )
    axes = {"x": Axis(label="wavelength", unit="µm"), "y": Axis(label="depth", unit="ppm")}
    return DiagnosticResult(
        name="everything",
        title="Everything",
        guide="all layers",
        verdict="drawn",
        severity=Severity.WARNING,
        figures=(
            Figure(name="layers", title="Layers", layers=layers, **axes),
            Figure(name="map", title="Map", layers=(heatmap,), **axes),
        ),
        tables=(
            Table(
                name="planets",
                title="Planets",
                columns={"planet": planets, "value": tuple(map(float, range(len(planets))))},
                planet_column="planet",
            ),
        ),
    )


def test_a_page_holds_every_planets_values(ctx: Context) -> None:
    page = render([everything()], evidence())
    start = page.index('id="data">') + len('id="data">')
    data = json.loads(page[start : page.index("</script>", start)])
    (store,) = (s for name, s in data["stores"]["everything--layers"].items() if ":5" in name)
    assert data["lists"][store["planets"]] == list(evidence().prediction.planet_ids)
    assert store["columns"]["y"]["points"] == 7


def test_pictures_are_drawn_of_every_figure(ctx: Context, tmp_path: Path) -> None:
    files = PngReport(PngOptions(dpi=50)).write(
        [everything()], evidence(), folder=tmp_path, ctx=ctx
    )
    assert [file.name for file in files] == ["layers.png", "map.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_a_pictures_axes_fit_what_is_not_in_the_background() -> None:
    x = np.linspace(0, 1, 5)
    mu = PlanetLines(name="mu", planets=("1",), x=x, y=np.array([[200.0, 210, 205, 208, 230]]))
    noisy = mu.replace(name="baseline", y=mu.y * 9, background=True)
    axes = {"x": Axis(label="wavelength", unit="µm"), "y": Axis(label="depth", unit="ppm")}
    canvas = picture(Figure(name="f", title="Spectrum", layers=(noisy, mu), **axes))
    low, high = canvas.axes[0].get_ylim()
    assert 190 < low < 200
    assert 230 < high < 240
    assert canvas.axes[0].get_title() == "Spectrum: 1"


def test_a_picture_is_of_one_planet() -> None:
    x = np.linspace(0, 1, 5)
    every = PlanetLines(name="first visit", planets=("1", "2"), x=x, y=np.zeros((2, 5)))
    again = PlanetLines(name="second visit", planets=("2",), x=x, y=np.ones((1, 5)))
    axes = {"x": Axis(label="x"), "y": Axis(label="y")}
    drawn = picture(Figure(name="f", title="t", layers=(every, again), **axes)).axes[0].lines
    assert [line.get_label() for line in drawn] == ["first visit"]


def test_a_heatmap_in_a_picture_names_its_rows() -> None:
    figure = everything().figures[1]
    labels = [text.get_text() for text in picture(figure).axes[0].get_yticklabels()]
    assert tuple(labels) == evidence().prediction.planet_ids


def test_markdown_keeps_tables_short(ctx: Context, tmp_path: Path) -> None:
    (path,) = MarkdownReport(MarkdownOptions(rows=2)).write(
        [everything()], evidence(), folder=tmp_path, ctx=ctx
    )
    assert "(4 more rows)" in path.read_text()


def test_the_gravest_findings_come_first() -> None:
    calm = everything().replace(severity=Severity.OK, name="calm")
    grave = everything().replace(severity=Severity.ALARM, name="grave")
    summary = summarise([calm, everything(), grave], evidence())
    assert [result.name for result in summary.first] == ["grave", "everything", "calm"]
    assert dict(summary.scores).keys() == {"final", "after estimator", "baseline transit"}
