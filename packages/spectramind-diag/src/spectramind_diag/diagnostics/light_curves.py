"""White light in time: data, transit fit, drift, and whether the residuals are white."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    Band,
    DiagnosticResult,
    Figure,
    Layer,
    Line,
    PlanetLines,
    PlanetPoints,
    Severity,
    Table,
)
from spectramind_diag.diagnostics.time_bins import allan, autocorrelation, binned, grid
from spectramind_diag.diagnostics.visits import TIME, by_visit, slug
from spectramind_diag.diagnostics.white_light import Series, white_light
from spectramind_diag.judged import PPM
from spectramind_diag.options import LightCurvesOptions
from spectramind_diag.shapes import missing, table, worst

TITLE = "Light curves"
GUIDE = (
    "The transit should be the only thing left once the drift is divided out. Residuals that stay "
    "correlated, or whose averages fall slower than the dashed line, hide a systematic error that "
    "all bins share."
)
SIZES = tuple(2**k for k in range(10))
LAGS = 30


class LightCurvesDiagnostic:
    """Calibrated white light with the transit that physics found in it."""

    def __init__(self, options: LightCurvesOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        series = list(white_light(evidence))
        if not series:
            return missing(
                "light_curves",
                TITLE,
                GUIDE,
                "There are neither transit fits nor light curves to show.",
            )
        groups: dict[str, list[Series]] = defaultdict(list)
        for each in series:
            groups[each.instrument].append(each)
        figures: list[Figure] = []
        for instrument, group in groups.items():
            figures.append(_flux(instrument, group, self.options.points))
            if group[0].model is not None:
                figures.append(_residuals(instrument, group, self.options.points))
                if any(each.time.size > 1 for each in group):
                    figures += [_autocorrelation(instrument, group), _allan(instrument, group)]
        facts = _table(series)
        verdict, severity = _verdict(evidence, facts)
        return DiagnosticResult(
            name="light_curves",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=tuple(figures),
            tables=(facts,),
        )


def _flux(instrument: str, group: Sequence[Series], points: int) -> Figure:
    edges = grid([each.time for each in group], points)
    at = (edges[1:] + edges[:-1]) / 2
    layers: list[Layer] = []
    for suffix, visits in by_visit(group).items():
        planets = tuple(each.planet for each in visits)
        flux, error = _means(visits, [v.flux for v in visits], edges)
        layers.append(
            PlanetPoints(name=f"data{suffix}", planets=planets, x=at, y=flux, error=error)
        )
        for name, curves, style in (
            ("transit x drift", [v.model for v in visits], "solid"),
            ("drift", [v.drift for v in visits], "dashed"),
        ):
            known = [c for c in curves if c is not None]
            if len(known) == len(visits):
                y = np.array(
                    [binned(v.time, c, edges)[0] for v, c in zip(visits, known, strict=True)]
                )
                layers.append(
                    PlanetLines(name=f"{name}{suffix}", planets=planets, x=at, y=y, style=style)
                )
    return Figure(
        name=f"flux_{slug(instrument)}",
        title=f"{instrument}: white light of the chosen planet",
        caption=f"Means in {points} time bins; error bars as the variance promises.",
        x=TIME,
        y=Axis(label="Flux relative to the star"),
        layers=tuple(layers),
    )


def _means(visits: Sequence[Series], values: Sequence[F8], edges: F8) -> tuple[F8, F8]:
    """Weighted means and their promised errors ``[visit, bin]``; NaN in empty bins."""
    means, weights = zip(
        *(binned(v.time, y, edges, v.error**-2.0) for v, y in zip(visits, values, strict=True)),
        strict=True,
    )
    weight = np.array(weights)
    return np.array(means), np.where(weight > 0, np.maximum(weight, 1e-300) ** -0.5, np.nan)


def _residuals(instrument: str, group: Sequence[Series], points: int) -> Figure:
    edges = grid([each.time for each in group], points)
    at = (edges[1:] + edges[:-1]) / 2
    layers: list[Layer] = []
    for suffix, visits in by_visit(group).items():
        y, error = _means(visits, [v.residual for v in visits], edges)
        layers.append(
            PlanetPoints(
                name=f"data - model{suffix}",
                planets=tuple(v.planet for v in visits),
                x=at,
                y=y * PPM,
                error=error * PPM,
            )
        )
    ends = edges[[0, -1]]
    layers.append(Line(name="no residual", x=ends, y=np.zeros(2), style="dashed"))
    return Figure(
        name=f"residual_{slug(instrument)}",
        title=f"{instrument}: residuals of the chosen planet",
        caption="Two thirds of the error bars should reach the line.",
        x=TIME,
        y=Axis(label="Data - model", unit="ppm"),
        layers=tuple(layers),
    )


def _cadence(group: Sequence[Series]) -> float:
    """Minutes between samples of visits, at least one of which has two."""
    return 60 * float(np.median([np.median(np.diff(v.time)) for v in group if v.time.size > 1]))


def _autocorrelation(instrument: str, group: Sequence[Series]) -> Figure:
    at = np.arange(1, LAGS + 1) * _cadence(group)
    layers: list[Layer] = []
    for suffix, visits in by_visit(group).items():
        y = np.array([autocorrelation(v.residual, LAGS)[1:] for v in visits])
        planets = tuple(v.planet for v in visits)
        layers.append(PlanetLines(name=f"chosen planet{suffix}", planets=planets, x=at, y=y))
        if not suffix:
            layers.append(Line(name="median of all planets", x=at, y=_median(y), style="dashed"))
    # Of white residuals, 95 % stay within two standard deviations, which are 1 / sqrt(samples).
    reach = np.full(LAGS, 2 / np.sqrt(np.median([each.time.size for each in group])))
    layers.append(Band(name="white noise, 95 %", x=at, lower=-reach, upper=reach))
    return Figure(
        name=f"autocorrelation_{slug(instrument)}",
        title=f"{instrument}: autocorrelation of residuals",
        caption="White residuals stay within the band.",
        x=Axis(label="Lag", unit="min"),
        y=Axis(label="Autocorrelation"),
        layers=tuple(layers),
    )


def _allan(instrument: str, group: Sequence[Series]) -> Figure:
    longest = max(each.time.size for each in group)
    sizes = tuple(size for size in SIZES if longest // size >= 4) or (1,)
    at = np.array(sizes) * _cadence(group)
    layers: list[Layer] = []
    for suffix, visits in by_visit(group).items():
        planets = tuple(v.planet for v in visits)
        y = np.array([allan(v.residual, sizes) for v in visits]) * PPM
        white = y[:, :1] / np.sqrt(np.array(sizes))
        layers += [
            PlanetLines(name=f"measured{suffix}", planets=planets, x=at, y=y),
            PlanetLines(
                name=f"white noise{suffix}", planets=planets, x=at, y=white, style="dashed"
            ),
        ]
    return Figure(
        name=f"allan_{slug(instrument)}",
        title=f"{instrument}: scatter of time averages (Allan curve)",
        caption="Red noise keeps the measured curve above that of white noise.",
        x=Axis(label="Averaged over", unit="min", scale="log"),
        y=Axis(label="Scatter", unit="ppm", scale="log"),
        layers=tuple(layers),
    )


def red_noise(residual: F8) -> float:
    """Largest ratio of measured to white scatter over averages that leave at least 16 means."""
    count = int(np.isfinite(residual).sum())
    sizes = tuple(size for size in SIZES if count // size >= 16)
    if len(sizes) < 2:
        return float("nan")
    found = allan(residual, sizes)
    return float(np.nanmax(found / found[0] * np.sqrt(sizes))) if found[0] > 0 else 1.0


def _table(series: Sequence[Series]) -> Table:
    residuals = [each.residual for each in series]
    return table(
        "visits",
        "Visits",
        {
            "planet": tuple(each.planet for each in series),
            "visit": np.array([each.visit for each in series], float),
            "instrument": tuple(each.instrument for each in series),
            "fitted depth [ppm]": np.array([each.depth for each in series]) * PPM,
            "scatter [ppm]": np.array([_scatter(r) for r in residuals]) * PPM,
            "promised [ppm]": np.array([_middle(each.error) for each in series]) * PPM,
            "lag-1 autocorrelation": np.array([autocorrelation(r, 1)[1] for r in residuals]),
            "red noise ratio": np.array([red_noise(r) for r in residuals]),
        },
        planets="planet",
    )


def _scatter(values: F8) -> float:
    finite = values[np.isfinite(values)]
    return float(finite.std()) if finite.size else float("nan")


def _middle(values: F8) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if finite.size else float("nan")


def _median(rows: F8) -> F8:
    """Median over rows of what is finite; NaN where nothing is."""
    known = np.isfinite(rows).any(axis=0)
    result = np.full(rows.shape[1], np.nan)
    result[known] = np.nanmedian(rows[:, known], axis=0)
    return result


def _verdict(evidence: Evidence, facts: Table) -> tuple[str, Severity]:
    if not evidence.transit_fits:
        return (
            "No transit fits: white light is shown as calibrated, without a model.",
            Severity.NOTE,
        )
    red = np.array(facts.columns["red noise ratio"], float)
    planets = np.array(facts.columns["planet"])
    known = np.isfinite(red)
    if not known.any():
        return "The visits are too short to tell white residuals from red.", Severity.NOTE
    share = float((red[known] > 2).mean())
    at = int(np.nanargmax(red))
    text = (
        f"Time averages scatter {np.median(red[known]):.2f} times as much as white noise would "
        f"(median); worst is planet {planets[at]} with {red[at]:.2f}."
    )
    severity = Severity.ALARM if share > 0.5 else Severity.WARNING if share > 0.1 else Severity.OK
    lost = set(evidence.prediction.planet_ids) - set(planets.tolist())
    if lost:
        text += f" {len(lost)} planets have no fit."
        severity = worst(severity, Severity.NOTE)
    return text, severity
