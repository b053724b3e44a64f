"""Diagnostics and report of 1,100 planets: seconds, megabytes, first paint.

Claims of the project: all diagnostics but SHAP and UMAP in 60 s on two cores, under 2 GB of memory;
the page at most 25 MB, painted in 3 s in headless Chromium.

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

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before sklearn is imported: as the CLI does

from spectramind_core.components import Context
from spectramind_core.plugins.registry import Registry
from spectramind_core.testing.outputs import evidence
from spectramind_diag.report.page import render

LEFT_OUT = ("attribution",)
OPTIONS = {"latents": {"methods": ["pca", "tsne"]}}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]


def first_paint(page: Path) -> float | None:
    """Seconds until Chromium paints something of the page; None where there is no Chromium."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not chromium or not driver:
        return None
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    try:
        browser.get(page.as_uri())
        script = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
        return float(browser.execute_script(script)) / 1000
    finally:
        browser.quit()


def main() -> None:
    """Print one figure a line, each beside its limit."""
    planets = int(sys.argv[1]) if len(sys.argv) > 1 else 1100
    given, registry, results = evidence(planets), Registry.installed(), []
    began = time.perf_counter()
    for name in (entry.name for entry in registry.entries("diagnostics")):
        if name not in LEFT_OUT:
            component = registry.resolve("diagnostics", name)
            options = component.options.model_validate(OPTIONS.get(name, {}))
            found = registry.build(component, options, {}).run(given, ctx=Context())
            results.append(found)
    print(f"{planets} planets, diagnostics: {time.perf_counter() - began:.1f} s (limit 60)")
    began = time.perf_counter()
    page = render(results, given)
    print(f"page: {time.perf_counter() - began:.1f} s, {len(page) / 1e6:.1f} MB (limit 25)")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"peak memory: {peak:.2f} GB (limit 2; the made-up light curves included)")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page, encoding="utf-8")
        painted = first_paint(path)
    print(
        "first paint: no Chromium" if painted is None else f"first paint: {painted:.2f} s (limit 3)"
    )


if __name__ == "__main__":
    main()
