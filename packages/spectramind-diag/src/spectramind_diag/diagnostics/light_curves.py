"""White light in time: data, transit fit, drift, and whether the residuals are white."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Layer,
    LightCurve,
    Line,
    PlanetLines,
    PlanetPoints,
    Severity,
    Table,
)
from spectramind_diag.diagnostics.time_bins import allan, autocorrelation, binned, grid
from spectramind_diag.judged import PPM
from spectramind_diag.options import LightCurvesOptions
from spectramind_diag.shapes import missing, table, worst

TITLE = "Light curves"
GUIDE = (
    "The transit should be the only thing left once the drift is divided out. Residuals that stay "
    "correlated, or whose averages fall slower than the dashed line, hide a systematic error that "
    "all bins share."
)
TIME = Axis(label="Time since the start of the visit", unit="h")
SIZES = tuple(2**k for k in range(10))
LAGS = 30


@dataclass(frozen=True)
class Series:
    """White light of one visit by one instrument, relative to the star; all ``[time]``."""

    planet: str
    visit: int
    instrument: str
    time: F8
    flux: F8
    error: F8
    model: F8 | None
    drift: F8 | None
    depth: float

    @property
    def residual(self) -> F8 | None:
        return None if self.model is None else self.flux - self.model


class LightCurvesDiagnostic:
    """Calibrated white light with the transit that physics found in it."""

    def __init__(self, options: LightCurvesOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        series = list(_series(evidence))
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
                figures += [
                    _residuals(instrument, group, self.options.points),
                    _autocorrelation(instrument, group),
                    _allan(instrument, group),
                ]
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


def _series(evidence: Evidence) -> Iterable[Series]:
    """From the transit fits; where there are none, from the light curves' mean over bins."""
    for fit in evidence.transit_fits:
        ratio = fit.parameters.get("radius_ratio", np.nan)
        yield Series(
            planet=fit.planet_id,
            visit=fit.visit,
            instrument=str(fit.instrument),
            time=fit.time,
            flux=fit.flux,
            error=fit.error,
            model=fit.transit * fit.drift,
            drift=fit.drift,
            depth=ratio**2,
        )
    if evidence.transit_fits or evidence.light_curves is None:
        return
    for visits in evidence.light_curves:
        for visit in visits:
            for curve in (visit.fgs1, visit.airs):
                if curve is not None:
                    yield _white(visit.planet_id, visit.visit, curve)


def _white(planet: str, visit: int, curve: LightCurve) -> Series:
    good = curve.valid & np.isfinite(curve.flux)
    flux = np.where(good, curve.flux, 0.0).sum(axis=1)
    variance = np.where(good, curve.variance, 0.0).sum(axis=1)
    # A time bin that lacks some wavelengths would look like a dip.
    flux = np.where(good.sum(axis=1) == good.sum(axis=1).max(), flux, np.nan)
    level = float(np.nanmedian(flux)) if np.isfinite(flux).any() else np.nan
    return Series(
        planet=planet,
        visit=visit,
        instrument=str(curve.instrument),
        time=curve.time,
        flux=flux / level,
        error=np.sqrt(variance) / level,
        model=None,
        drift=None,
        depth=np.nan,
    )


def _slug(instrument: str) -> str:
    return instrument.lower().replace("-", "_")


def _visits(group: Sequence[Series]) -> dict[str, list[Series]]:
    """By visit, with the suffix that names it in a legend: none for the first."""
    found: dict[int, list[Series]] = defaultdict(list)
    for each in group:
        found[each.visit].append(each)
    return {f", visit {n}" if n else "": found[n] for n in sorted(found)}


def _flux(instrument: str, group: Sequence[Series], points: int) -> Figure:
    edges = grid([each.time for each in group], points)
    at = (edges[1:] + edges[:-1]) / 2
    layers: list[Layer] = []
    for suffix, visits in _visits(group).items():
        planets = tuple(each.planet for each in visits)
        means, weights = zip(
            *(binned(v.time, v.flux, edges, v.error**-2.0) for v in visits), strict=True
        )
        with np.errstate(divide="ignore"):
            error = np.where(np.array(weights) > 0, np.array(weights) ** -0.5, np.nan)
        layers.append(
            PlanetPoints(
                name=f"data{suffix}", planets=planets, x=at, y=np.array(means), error=error
            )
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
        name=f"flux_{_slug(instrument)}",
        title=f"{instrument}: white light of the chosen planet",
        caption=f"Means in {points} time bins; error bars as the variance promises.",
        x=TIME,
        y=Axis(label="Flux relative to the star"),
        layers=tuple(layers),
    )


def _residuals(instrument: str, group: Sequence[Series], points: int) -> Figure:
    edges = grid([each.time for each in group], points)
    at = (edges[1:] + edges[:-1]) / 2
    layers = []
    for suffix, visits in _visits(group).items():
        y = [binned(v.time, _residual(v), edges, v.error**-2.0)[0] * PPM for v in visits]
        planets = tuple(v.planet for v in visits)
        layers.append(
            PlanetPoints(name=f"data - model{suffix}", planets=planets, x=at, y=np.array(y))
        )
    return Figure(
        name=f"residual_{_slug(instrument)}",
        title=f"{instrument}: residuals of the chosen planet",
        x=TIME,
        y=Axis(label="Data - model", unit="ppm"),
        layers=tuple(layers),
    )


def _residual(series: Series) -> F8:
    residual = series.residual
    return np.full(series.time.size, np.nan) if residual is None else residual


def _autocorrelation(instrument: str, group: Sequence[Series]) -> Figure:
    at = np.arange(1, LAGS + 1, dtype=float)
    layers: list[Layer] = []
    for suffix, visits in _visits(group).items():
        y = np.array([autocorrelation(_residual(v), LAGS)[1:] for v in visits])
        planets = tuple(v.planet for v in visits)
        layers.append(PlanetLines(name=f"chosen planet{suffix}", planets=planets, x=at, y=y))
        if not suffix:
            layers.append(Line(name="median of all planets", x=at, y=_median(y), style="dashed"))
    return Figure(
        name=f"autocorrelation_{_slug(instrument)}",
        title=f"{instrument}: autocorrelation of residuals",
        caption="White residuals stay near zero.",
        x=Axis(label="Lag", unit="samples"),
        y=Axis(label="Autocorrelation"),
        layers=tuple(layers),
    )


def _allan(instrument: str, group: Sequence[Series]) -> Figure:
    longest = max(each.time.size for each in group)
    sizes = tuple(size for size in SIZES if longest // size >= 4) or (1,)
    minutes = 60 * float(np.median([np.median(np.diff(v.time)) for v in group if v.time.size > 1]))
    at = np.array(sizes) * minutes
    layers: list[Layer] = []
    for suffix, visits in _visits(group).items():
        planets = tuple(v.planet for v in visits)
        y = np.array([allan(_residual(v), sizes) for v in visits]) * PPM
        white = y[:, :1] / np.sqrt(np.array(sizes))
        layers += [
            PlanetLines(name=f"measured{suffix}", planets=planets, x=at, y=y),
            PlanetLines(
                name=f"white noise{suffix}", planets=planets, x=at, y=white, style="dashed"
            ),
        ]
    return Figure(
        name=f"allan_{_slug(instrument)}",
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
    residuals = [_residual(each) for each in series]
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
