"""Reports draw every kind of layer, keep text from outside as text, and switch planets together."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

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
from spectramind_core.plugins.declaration import Options
from spectramind_core.testing import ReportTests
from spectramind_core.testing.outputs import evidence
from spectramind_diag.options import MarkdownOptions, PngOptions
from spectramind_diag.report.markdown import MarkdownReport
from spectramind_diag.report.page import BokehReport, render
from spectramind_diag.report.png import PngReport
from spectramind_diag.report.summary import summarise

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")


class TestBokeh(ReportTests):
    name = "bokeh"


class TestMarkdown(ReportTests):
    name = "markdown"


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


def test_report_numbers_count_up(ctx: Context, tmp_path: Path) -> None:
    report = BokehReport(Options())
    names = [report.write([], evidence(), folder=tmp_path, ctx=ctx)[0].name for _ in range(2)]
    assert names == ["diagnostic_report_v1.html", "diagnostic_report_v2.html"]


def test_pictures_are_drawn_of_every_figure(ctx: Context, tmp_path: Path) -> None:
    files = PngReport(PngOptions(dpi=50)).write(
        [everything()], evidence(), folder=tmp_path, ctx=ctx
    )
    assert [file.name for file in files] == ["layers.png", "map.png"]
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


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
    assert dict(summary.scores).keys() == {"final", "estimator", "baseline transit"}


@pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="no browser: apt-get install chromium chromium-driver"
)
def test_choosing_a_planet_changes_every_figure_in_a_browser(ctx: Context, tmp_path: Path) -> None:
    from selenium import webdriver
    from selenium.webdriver.support.ui import WebDriverWait

    (path,) = BokehReport(Options()).write([everything()], evidence(), folder=tmp_path, ctx=ctx)
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (
        "headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run",
        "disable-background-networking", "disable-component-update", "disable-sync",
        f"user-data-dir={tmp_path / 'profile'}", "window-size=1280,1600",
    ):  # fmt: skip
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        driver.get(path.as_uri())
        drawn = "return document.querySelectorAll('.plot[data-drawn]').length === 2"
        WebDriverWait(driver, 60).until(lambda d: d.execute_script(drawn))
        value = (
            "return Bokeh.documents.map(d => d.get_model_by_name('layers:5'))"
            ".find(s => s).data.y[0]"
        )
        assert driver.execute_script(value) == 0
        driver.execute_script("document.querySelectorAll('tr[data-planet]')[3].click()")
        assert driver.execute_script(value) == 3
        assert driver.execute_script("return document.getElementById('planet').value") == "1003"
        driver.execute_script("document.getElementById('next').click()")
        assert driver.execute_script(value) == 4
        severe = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert severe == []
    finally:
        driver.quit()
