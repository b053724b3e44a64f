"""Diagnostics and report of 1,100 planets: seconds, megabytes, first paint.

Claims of the project: all diagnostics but SHAP and UMAP in 60 s on two cores, under 2 GB of memory;
the page at most 25 MB, painted in 3 s in headless Chromium. Everything that a run may know is made
up: predictions, truth, light curves (40 time bins), transit fits, rules, housekeeping, training.

    python benchmarks/report.py [planets]
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from spectramind_core.threads import THREADS

os.environ.update(THREADS | os.environ)

from spectramind_core.components import Context
from spectramind_core.plugins.registry import Registry
from spectramind_diag.report.page import render
from spectramind_diag.testing import make_evidence

LEFT_OUT = ("attribution",)
OPTIONS = {"latents": {"methods": ["pca", "tsne"]}}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]


CHOOSE = """
const began = performance.now();
document.getElementById("next").click();
requestAnimationFrame(() => requestAnimationFrame(() =>
  arguments[arguments.length - 1]((performance.now() - began) / 1000)));
"""


def in_browser(page: Path) -> tuple[float, float] | None:
    """Seconds to Chromium's first paint, and to another planet in all figures; None without it."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        return None
    from selenium import webdriver
    from selenium.webdriver.support.wait import WebDriverWait

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        browser.set_script_timeout(120)
        browser.get(page.as_uri())
        script = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
        painted = float(browser.execute_script(script)) / 1000
        ready = "return document.documentElement.dataset.ready"
        WebDriverWait(browser, 120).until(lambda _: browser.execute_script(ready) == "yes")
        return painted, float(browser.execute_async_script(CHOOSE))
    finally:
        browser.quit()


def say(what: str, value: float, unit: str, limit: float) -> None:
    """One figure, its limit, and whether it holds."""
    verdict = "met" if value <= limit else "NOT MET"
    print(f"{what}: {value:.2f} {unit} (limit {limit:g}: {verdict})")


def main() -> None:
    """Print one figure a line, each beside its limit."""
    planets = int(sys.argv[1]) if len(sys.argv) > 1 else 1100
    given, registry, results = make_evidence(planets, 283), Registry.installed(), []
    began = time.perf_counter()
    for name in (entry.name for entry in registry.entries("diagnostics")):
        if name not in LEFT_OUT:
            component = registry.resolve("diagnostics", name)
            options = component.options.model_validate(OPTIONS.get(name, {}))
            found = registry.build(component, options, {}).run(given, ctx=Context())
            results.append(found)
    say(f"{planets} planets, diagnostics", time.perf_counter() - began, "s", 60)
    began = time.perf_counter()
    page = render(results, given)
    print(f"page written in {time.perf_counter() - began:.2f} s")
    say("page", len(page) / 1e6, "MB", 25)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say("peak memory, the made-up light curves included", peak, "GB", 2)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        seen = in_browser(path)
    if seen is None:
        print("first paint: no Chromium")
        return
    say("first paint", seen[0], "s", 3)
    print(f"another planet in all figures: {seen[1]:.2f} s")


if __name__ == "__main__":
    main()
