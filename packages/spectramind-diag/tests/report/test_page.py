"""The page in a real browser: planets can be chosen and figures follow."""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import Axis, DiagnosticResult, Figure, Line, Severity, Table
from spectramind_core.plugins.declaration import Options
from spectramind_core.plugins.registry import Registry
from spectramind_diag.report.page import BokehReport, render

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
HOSTILE = "</script><script>document.title='broken'</script>"


def findings(evidence: Evidence) -> list[DiagnosticResult]:
    registry, found = Registry.installed(), []
    for name in ("score", "spectra", "latents", "light_curves"):
        component = registry.resolve("diagnostics", name)
        options = {"methods": ["pca"]} if name == "latents" else {}
        diagnostic = registry.build(component, component.options.model_validate(options), {})
        found.append(diagnostic.run(evidence, ctx=Context()))
    return found


def test_reports_are_numbered(evidence: Evidence, tmp_path: Path) -> None:
    report = BokehReport(Options())
    names = [report.write([], evidence, folder=tmp_path, ctx=Context())[0].name for _ in range(2)]
    assert names == ["diagnostic_report_v1.html", "diagnostic_report_v2.html"]


def test_a_hostile_planet_stays_text(evidence: Evidence) -> None:
    ids = (HOSTILE, *evidence.prediction.planet_ids[1:])
    given = replace(
        evidence,
        prediction=evidence.prediction.replace(planet_ids=ids),
        truth=None,
        baselines={},
        steps=(),
    )
    page = render(findings(given), given)
    assert HOSTILE not in page
    assert "<script>document.title" not in page


def test_the_page_asks_the_network_for_nothing(evidence: Evidence) -> None:
    page = render(findings(evidence), evidence)
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=[\"'](https?:)?//", page)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        pytest.skip("no browser: install Debian's chromium and chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    session = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    session.set_script_timeout(30)
    yield session
    session.quit()


def open_report(
    browser: Any, evidence: Evidence, folder: Path, results: list[DiagnosticResult] | None = None
) -> list[DiagnosticResult]:
    """Write a page about evidence, open it and return what it shows."""
    results = findings(evidence) if results is None else results
    (path,) = BokehReport(Options()).write(results, evidence, folder=folder, ctx=Context())
    browser.get(path.as_uri())
    return results


SHOWN = """
const plot = document.querySelector(`[data-item="${arguments[0]}"]`);
const done = arguments[arguments.length - 1];
plot.scrollIntoView();
const wait = () => {
  if (plot.dataset.drawn !== "yes") return setTimeout(wait, 50);
  for (const doc of Bokeh.documents) {
    const source = doc.get_model_by_name(arguments[1]);
    if (source) return done([...source.data.y].filter(Number.isFinite).slice(0, 20));
  }
  done(null);
};
wait();
"""


@pytest.mark.slow
def test_choosing_a_planet_changes_every_linked_figure(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make(30, 40, 20)
    results = open_report(browser, evidence, tmp_path)
    spectra = next(result for result in results if result.name == "spectra")
    layers = spectra.figures[0].layers
    place = next(i for i, layer in enumerate(layers) if layer.name == "mu")
    mu: Any = layers[place]
    wanted = (
        ("spectra--spectrum", f"spectrum:{place}"),
        ("light_curves--flux_fgs1", "flux_fgs1:0"),
    )
    before = {at: browser.execute_async_script(SHOWN, *at) for at in wanted}
    assert all(before.values())

    row = browser.find_element("css selector", '#spectra tr[data-planet="1007"]')
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", row)
    row.click()

    after = {at: browser.execute_async_script(SHOWN, *at) for at in wanted}
    assert all(before[at] != after[at] for at in wanted)
    expected = mu.y[mu.planets.index("1007")]
    assert after[wanted[0]] == pytest.approx(expected[expected == expected][:20], rel=1e-4)
    assert browser.execute_script("return document.getElementById('planet').value") == "1007"
    assert severe(browser) == []


def severe(browser: Any) -> list[Any]:
    return [line for line in browser.get_log("browser") if line["level"] == "SEVERE"]


def drawn(browser: Any, item: str) -> Any:
    """The figure, scrolled to and drawn."""
    from selenium.webdriver.support.wait import WebDriverWait

    plot = browser.find_element("css selector", f"[data-item='{item}']")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    WebDriverWait(browser, 20).until(lambda _: plot.get_attribute("data-drawn") == "yes")
    return plot


@pytest.mark.slow
def test_curves_are_hidden_and_shown_by_keyboard(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make(4, 40, 20)
    open_report(browser, evidence, tmp_path)
    from selenium.webdriver.common.keys import Keys

    drawn(browser, "spectra--spectrum")
    toggle = browser.find_element(
        "xpath", "//*[@data-item='spectra--spectrum']/following-sibling::div/button[text()='mu']"
    )
    pressed = [toggle.get_attribute("aria-pressed")]
    for _ in range(2):
        toggle.send_keys(Keys.ENTER)
        pressed.append(toggle.get_attribute("aria-pressed"))
    assert pressed == ["true", "false", "true"]
    assert toggle.size["width"] > 10, "the focused button is seen"
    assert severe(browser) == []


@pytest.mark.slow
def test_a_heatmap_names_the_row_under_the_pointer_without_markup(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make(3, 40, 20)
    ids = ("<b>bold</b>", *evidence.prediction.planet_ids[1:])
    given = replace(evidence, prediction=evidence.prediction.replace(planet_ids=ids))
    assert evidence.truth is not None
    given = replace(given, truth=evidence.truth.replace(planet_ids=ids), baselines={}, steps=())
    open_report(browser, given, tmp_path)
    from selenium.webdriver import ActionChains
    from selenium.webdriver.support.wait import WebDriverWait

    heatmap = drawn(browser, "score--gll_heatmap")
    shown = set()
    for up in (-90, -20, 60):
        ActionChains(browser).move_to_element_with_offset(heatmap, -40, up).perform()
        text = WebDriverWait(browser, 5).until(lambda _: browser.execute_script(TOOLTIP))
        shown.add(text.split("row:")[1].split()[0])
    assert shown == set(ids)


@pytest.mark.slow
def test_a_name_with_markup_stays_text_under_the_pointer(
    browser: Any, evidence: Evidence, tmp_path: Path
) -> None:
    """Names of curves come from specs, plugins and folders, and Bokeh's tips are HTML."""
    from selenium.webdriver import ActionChains

    name = "<img src=x onerror=\"document.title='broken'\"> @y"
    x = np.linspace(0, 1, 50)
    result = DiagnosticResult(
        name="third_party",
        title=f"{name} title",
        guide=name,
        verdict=name,
        severity=Severity.NOTE,
        figures=(
            Figure(
                name="line",
                title=name,
                x=Axis(label=name, unit="<b>m</b>"),
                y=Axis(label=name),
                layers=(
                    Line(name=name, x=x, y=np.full(50, 0.5)),
                    Line(name="other", x=x[[0, -1]], y=np.array([0.0, 1.0])),
                ),
            ),
        ),
        scalars={name: 1.0},
        tables=(Table(name="t", title=name, columns={name: (name,)}),),
    )
    open_report(browser, evidence, tmp_path, [result])
    plot = drawn(browser, "third_party--line")
    texts = ""
    for up in range(-120, 40, 4):  # the legend's height decides where the line lies
        ActionChains(browser).move_to_element_with_offset(plot, 60, up).perform()
        texts = browser.execute_script(TOOLTIP)
        if "title='broken'" in texts:
            break
    assert name in texts
    assert "(<b>m</b>)" in texts
    assert browser.title == "a test: diagnostic report"
    assert severe(browser) == []


@pytest.mark.slow
def test_tables_are_sorted_and_searched(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make(15, 40, 20)
    open_report(browser, evidence, tmp_path)
    head = browser.find_element("xpath", "//*[@id='spectra']//th[button='mean sigma [ppm]']")
    button = head.find_element("tag name", "button")
    rows = "return [...document.querySelectorAll('#spectra tr[data-planet]:not([hidden])')]"
    sigma = rows + ".map(row => Number(row.cells[5].textContent))"
    button.send_keys("\n")
    rising = browser.execute_script(sigma)
    assert (rising, head.get_attribute("aria-sort")) == (sorted(rising), "ascending")
    button.send_keys("\n")
    assert browser.execute_script(sigma) == rising[::-1]
    browser.find_element("css selector", "#spectra .search").send_keys("1007")
    assert browser.execute_script(rows + ".map(row => row.dataset.planet)") == ["1007"]


@pytest.mark.slow
def test_a_legend_leaves_out_visits_that_a_planet_does_not_have(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make(4, 40, 20)
    again = tuple(f.replace(visit=1) for f in evidence.transit_fits if f.planet_id == "1002")
    evidence = replace(evidence, transit_fits=(*evidence.transit_fits, *again))
    open_report(browser, evidence, tmp_path)
    drawn(browser, "light_curves--flux_fgs1")
    shown = {}
    for planet in ("1001", "1002"):
        browser.execute_script("window.smv50.choose(arguments[0])", planet)
        shown[planet] = browser.execute_script(LEGEND, "flux_fgs1:0")
    assert "data, visit 1" in shown["1002"]
    assert [name for name in shown["1002"] if "visit 1" not in name] == shown["1001"]


@pytest.mark.slow
def test_every_figure_is_printed_though_none_was_scrolled_to(
    browser: Any, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    from selenium.webdriver.support.wait import WebDriverWait

    evidence = make(4, 40, 20)
    results = open_report(browser, evidence, tmp_path)
    ready = "return document.documentElement.dataset.ready"
    WebDriverWait(browser, 30).until(lambda _: browser.execute_script(ready) == "yes")
    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {})["data"])
    # Each canvas prints as an image whose transparency is another; shading and icons are narrower.
    images = re.findall(rb"<<[^<>]*/Subtype\s*/Image[^<>]*>>", pdf)
    wide = [image for image in images if int(re.findall(rb"/Width (\d+)", image)[0]) > 300]
    printed = sum(b"/SMask" in image for image in wide)
    canvases = browser.execute_script(CANVASES)
    assert printed == canvases >= sum(len(result.figures) for result in results)


LEGEND = """
const doc = Bokeh.documents.find((each) => each.get_model_by_name(arguments[0]));
const legend = doc.roots()[0].below.find((part) => part.type === "Legend");
return legend.items.filter((item) => item.visible).map((item) => item.label.value);
"""


CANVASES = """
const inside = (root) => [...root.querySelectorAll("*")].reduce((count, node) => count
  + (node.tagName === "CANVAS" && node.width > 300)
  + (node.shadowRoot ? inside(node.shadowRoot) : 0), 0);
return inside(document);
"""


TOOLTIP = """
const texts = (root) => [...root.querySelectorAll("*")].flatMap((node) => [
  ...(node.className?.includes?.("bk-tooltip-row") ? [node.textContent] : []),
  ...(node.shadowRoot ? texts(node.shadowRoot) : []),
]);
return texts(document).join(" ");
"""
