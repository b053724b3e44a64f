"""Pictures of a report's sections, as the documentation shows them.

Needs Debian's chromium and chromium-driver, and selenium.

    python docs/img/pictures.py RUN_FOLDER/diagnostic_report_v1.html
"""

from __future__ import annotations

import base64
import shutil
import sys
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.support.wait import WebDriverWait

HERE = Path(__file__).parent
DESKTOP, PHONE = 1400, 390
TALLEST = 1250
"""Pixels of a section that are shown at most."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars")
DARK = ("spectra", "light_curves", "latents")
ON_A_PHONE = ("summary", "spectra", "detector")


def open_page(page: Path, width: int, theme: str) -> webdriver.Chrome:
    """The page with every figure drawn."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for flag in FLAGS:
        options.add_argument(flag)
    browser = webdriver.Chrome(
        options=options, service=webdriver.ChromeService(shutil.which("chromedriver"))
    )
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width == PHONE}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.resolve().as_uri())
    root = "document.documentElement.dataset"
    WebDriverWait(browser, 120).until(
        lambda _: browser.execute_script(f"return {root}.ready") == "yes"
    )
    browser.execute_script(f"{root}.theme = arguments[0]", theme)
    return browser


def take(browser: Any, section: str, width: int, path: Path) -> None:
    """Write one section, from its top, as PNG."""
    place = "const box = document.getElementById(arguments[0]).getBoundingClientRect();"
    top, height = browser.execute_script(f"{place} return [box.y + scrollY, box.height]", section)
    clip = {"x": 0, "y": top, "width": width, "height": min(height, TALLEST), "scale": 1}
    shot = browser.execute_cdp_cmd(
        "Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True, "clip": clip}
    )
    path.write_bytes(base64.b64decode(shot["data"]))


def main() -> None:
    """All sections on a desk, some of them dark and on a phone."""
    page = Path(sys.argv[1])
    for width, theme, suffix, only in (
        (DESKTOP, "light", "", ()),
        (DESKTOP, "dark", "_dark", DARK),
        (PHONE, "light", "_phone", ON_A_PHONE),
    ):
        browser = open_page(page, width, theme)
        try:
            ids = "return [...document.querySelectorAll('section, footer')].map((each) => each.id)"
            for section in only or browser.execute_script(ids):
                take(browser, section, width, HERE / f"report_{section}{suffix}.png")
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
