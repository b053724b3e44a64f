"""The report `png`: a picture of each figure, for papers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure as Canvas

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Band,
    Bars,
    DiagnosticResult,
    Figure,
    Heatmap,
    Layer,
    Line,
    PlanetBand,
    PlanetPoints,
    Points,
    Spans,
)
from spectramind_core.storage import replacing, write_text
from spectramind_diag.options import PngOptions
from spectramind_diag.report.hover import axis_label
from spectramind_diag.report.marks import PlanetLayer
from spectramind_diag.report.page import render
from spectramind_diag.report.palette import colour_limits, hues, span_hue

MOST_ROWS = 20
"""Rows of a heatmap that are named, about."""
STYLES = {"solid": "-", "dashed": "--", "dotted": ":"}


class PngReport:
    """Writes ``figures/<diagnostic>/<figure>.png``; layers of many planets show the first.

    Curves in the background, which a reader cannot ask for here, are left out.

    Heatmaps of the score and power spectra lie in ``figures`` itself, as ``gll_heatmap.png`` and
    ``fft_*.png``; projections can be turned and recoloured in ``umap.html`` and ``tsne.html``.
    """

    def __init__(self, options: PngOptions) -> None:
        self._dpi = options.dpi

    def write(
        self,
        results: Sequence[DiagnosticResult],
        evidence: Evidence,
        *,
        folder: Path,
        ctx: Context,
    ) -> tuple[Path, ...]:
        """Write every figure of every result."""
        written = []
        for result in results:
            for figure in result.figures:
                path = place(folder / "figures", result.name, figure.name)
                canvas = FigureCanvasAgg(picture(figure))
                with replacing(path) as temporary:
                    canvas.figure.savefig(temporary, dpi=self._dpi, format="png")
                written.append(path)
        return (*written, *_projections(results, evidence, folder / "figures"))


def place(folder: Path, diagnostic: str, figure: str) -> Path:
    """Where a figure's picture goes."""
    if figure == "gll_heatmap" or figure.startswith("fft_"):
        return folder / f"{figure}.png"
    if figure.startswith("shap_"):
        return folder / "shap_overlay" / f"{figure}.png"
    return folder / diagnostic / f"{figure}.png"


def _projections(
    results: Sequence[DiagnosticResult], evidence: Evidence, folder: Path
) -> tuple[Path, ...]:
    """A small page of its own for each projection whose distances cannot be read off a picture."""
    written = []
    for method in ("umap", "tsne"):
        for result in results:
            figures = tuple(f for f in result.figures if f.name in (method, f"{method}_3d"))
            if figures:
                alone = result.replace(figures=figures, tables=(), scalars={})
                written.append(write_text(folder / f"{method}.html", render([alone], evidence)))
    return tuple(written)


def picture(figure: Figure) -> Canvas:
    """A figure as matplotlib draws it, 7 x 4 inches."""
    canvas = Canvas(figsize=(7, 4), layout="constrained")
    axes: Any = canvas.add_subplot(projection=None if figure.z is None else "3d")
    planet = _planet(figure)
    title = f"{figure.title}: {planet}" if planet else figure.title
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_xlabel(axis_label(figure.x))
    axes.set_ylabel(axis_label(figure.y))
    if figure.z is None:
        axes.set_xscale(figure.x.scale)
        axes.set_yscale(figure.y.scale)
    else:
        axes.set_zlabel(axis_label(figure.z))
    for layer, hue in zip(figure.layers, hues(figure.layers), strict=True):
        _layer(canvas, axes, layer, hue, planet)
    if len(axes.get_legend_handles_labels()[0]) > 1:
        canvas.legend(loc="outside lower center", ncols=3, fontsize=7, frameon=False)
    return canvas


def _planet(figure: Figure) -> str:
    """The planet that is shown of many: the first; empty if there are none."""
    for layer in figure.layers:
        if isinstance(layer, PlanetLayer) and layer.planets:
            return layer.planets[0]
    return ""


def _layer(canvas: Canvas, axes: Any, layer: Layer, hue: str, planet: str) -> None:
    """Draw a layer; what lacks the planet, or is in the background, is left out."""
    if isinstance(layer, PlanetLayer):
        if planet in layer.planets:
            _of_planet(axes, layer, hue, layer.planets.index(planet))
    elif isinstance(layer, Line):
        axes.plot(layer.x, layer.y, STYLES[layer.style], color=hue, lw=1, label=layer.name)
    elif isinstance(layer, Points):
        _points(canvas, axes, layer, hue)
    elif isinstance(layer, Band):
        _fill(axes, layer, layer.lower, layer.upper, hue)
    elif isinstance(layer, Bars):
        axes.bar(
            layer.left, layer.height, layer.right - layer.left,
            align="edge", color=hue, alpha=0.6, label=layer.name,
        )  # fmt: skip
    elif isinstance(layer, Heatmap):
        _heatmap(canvas, axes, layer)
    else:
        _shade(axes, layer)


def _of_planet(axes: Any, layer: PlanetLayer, hue: str, row: int) -> None:
    if isinstance(layer, PlanetBand):
        _fill(axes, layer, layer.lower[row], layer.upper[row], hue)
    elif isinstance(layer, PlanetPoints):
        error = None if layer.error is None else layer.error[row]
        axes.errorbar(
            layer.x, layer.y[row], error, fmt=".", color=hue, ms=4, elinewidth=0.5,
            label=layer.name,
        )  # fmt: skip
    elif not layer.background:
        axes.plot(layer.x, layer.y[row], STYLES[layer.style], color=hue, lw=1, label=layer.name)


def _fill(axes: Any, layer: Band | PlanetBand, lower: F8, upper: F8, hue: str) -> None:
    axes.fill_between(layer.x, lower, upper, color=hue, alpha=0.25, lw=0, label=layer.name)


def _shade(axes: Any, layer: Spans) -> None:
    for left, right, label in zip(layer.left, layer.right, layer.labels, strict=True):
        place, hue = span_hue(label, layer.labels)
        axes.axvspan(left, right, color=hue, alpha=0.10)
        axes.annotate(
            label, ((left + right) / 2, 0), (0, 3 + 7 * place), color=hue, fontsize=6, ha="center",
            xycoords=("data", "axes fraction"), textcoords="offset points", annotation_clip=True,
        )  # fmt: skip


def _points(canvas: Canvas, axes: Any, layer: Points, hue: str) -> None:
    if layer.error is not None:
        axes.errorbar(layer.x, layer.y, layer.error, fmt="none", ecolor=hue, alpha=0.3)
    place = (layer.x, layer.y) if layer.z is None else (layer.x, layer.y, layer.z)
    dots = axes.scatter(
        *place, s=8, c=hue if layer.colour is None else layer.colour,
        cmap=None if layer.colour is None else "cividis", label=layer.name,
    )  # fmt: skip
    if layer.colour is not None:
        canvas.colorbar(dots, ax=axes, label=layer.colour_label)


def _heatmap(canvas: Canvas, axes: Any, layer: Heatmap) -> None:
    low, high = colour_limits(layer)
    step = float(np.diff(layer.x).mean()) if layer.x.size > 1 else 1.0
    image = axes.imshow(
        layer.values, aspect="auto", vmin=low, vmax=high, interpolation="nearest",
        cmap="RdBu_r" if layer.diverging else "cividis",
        extent=(layer.x[0] - step / 2, layer.x[-1] + step / 2, len(layer.rows), 0),
    )  # fmt: skip
    if layer.columns is not None:
        axes.set_xticks(layer.x, labels=layer.columns, rotation=35, ha="right", fontsize=7)
    every = max(1, len(layer.rows) // MOST_ROWS)
    named = np.arange(0, len(layer.rows), every)
    axes.set_yticks(named + 0.5, labels=[layer.rows[row] for row in named], fontsize=6)
    canvas.colorbar(image, ax=axes, label=layer.value_label)
