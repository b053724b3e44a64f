"""What the detector calibration met: bad pixels, cosmic rays, background, jitter, by visit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Heatmap,
    LightCurve,
    PlanetLines,
    Severity,
    Table,
)
from spectramind_diag.diagnostics.time_bins import binned, grid
from spectramind_diag.options import DetectorOptions
from spectramind_diag.shapes import missing, table

TITLE = "Detector"
GUIDE = (
    "Most visits should look alike. A visit far from the others (many rejected samples, strong "
    "background, large jitter) deserves a look at its light curve before its spectrum is believed."
)
TIME = Axis(label="Time since the start of the visit", unit="h")


@dataclass(frozen=True)
class Visit:
    """Numbers of one visit by one instrument, and its housekeeping on its own time axis."""

    planet: str
    visit: int
    facts: Mapping[str, float]
    counted: frozenset[str]
    """Those of the facts that are counts."""
    time: F8
    housekeeping: Mapping[str, F8]


class DetectorDiagnostic:
    """Counts and housekeeping per visit, and the visits that stand out."""

    def __init__(self, options: DetectorOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        if evidence.light_curves is None or not len(evidence.light_curves):
            need = "There are no light curves, and so no record of the detector."
            return missing("detector", TITLE, GUIDE, need)
        groups: dict[str, list[Visit]] = defaultdict(list)
        for visits in evidence.light_curves:
            for each in visits:
                for curve in (each.fgs1, each.airs):
                    if curve is not None:
                        groups[str(curve.instrument)].append(
                            _visit(each.planet_id, each.visit, curve)
                        )
        figures: list[Figure] = []
        tables: list[Table] = []
        outlying: list[str] = []
        for instrument, group in groups.items():
            names, values = matrix(group)
            counted = {name for visit in group for name in visit.counted}
            away = deviations(values, np.array([name in counted for name in names]))
            figures += [
                _map(instrument, group, names, away, self.options.outlying),
                *_housekeeping(instrument, group, self.options.points),
            ]
            tables.append(_table(instrument, group, names, values))
            outlying += _outlying(instrument, group, names, away, self.options.outlying)
        severity = Severity.WARNING if outlying else Severity.OK
        return DiagnosticResult(
            name="detector",
            title=TITLE,
            guide=GUIDE,
            verdict=_verdict(outlying),
            severity=severity,
            figures=tuple(figures),
            tables=tuple(tables),
            scalars={"outlying": float(len(outlying))},
        )


def _visit(planet: str, number: int, curve: LightCurve) -> Visit:
    """Counts as they are, housekeeping as median and scatter, and what the samples say."""
    facts = {name: float(count) for name, count in curve.counts.items()}
    facts["invalid samples"] = float(1 - curve.valid.mean()) if curve.valid.size else np.nan
    flux = np.where(curve.valid, curve.flux, np.nan)
    known = flux[np.isfinite(flux)]
    facts["median flux"] = float(np.median(known)) if known.size else np.nan
    for name, series in curve.housekeeping.items():
        finite = series[np.isfinite(series)]
        facts[f"{name}, median"] = float(np.median(finite)) if finite.size else np.nan
        facts[f"{name}, scatter"] = float(_rounded(finite).std()) if finite.size else np.nan
    return Visit(planet, number, facts, frozenset(curve.counts), curve.time, curve.housekeeping)


def matrix(visits: Sequence[Visit]) -> tuple[tuple[str, ...], F8]:
    """All quantities' names and ``[visit, quantity]``; NaN where a visit lacks one."""
    names = tuple(dict.fromkeys(name for visit in visits for name in visit.facts))
    rows = [[visit.facts.get(name, np.nan) for name in names] for visit in visits]
    return names, np.array(rows, float).reshape(len(visits), len(names))


def deviations(values: F8, counted: Bool) -> F8:
    """Distance from the median in robust standard deviations, ``[visit, quantity]``.

    The scale is 1.4826 times the median absolute deviation, but at least a thousandth of the
    median, and for what is `counted` ``[quantity]`` at least the Poisson scatter; where all agree
    it is zero everywhere.
    """
    result = np.zeros_like(values)
    for column, found, count in zip(result.T, values.T, counted, strict=True):
        known = np.isfinite(found)
        if known.sum() < 4:
            continue
        middle = np.median(found[known])
        scale = 1.4826 * np.median(np.abs(found[known] - middle))
        scale = max(scale, 1e-3 * abs(middle), np.sqrt(max(middle, 1.0)) if count else 0.0)
        if scale > 0:
            column[known] = (found[known] - middle) / scale
    return result


def _label(visit: Visit) -> str:
    return f"{visit.planet}, visit {visit.visit}"


def _outlying(
    instrument: str, group: Sequence[Visit], names: tuple[str, ...], away: F8, limit: float
) -> list[str]:
    found = np.argwhere(np.abs(away) > limit)
    ranked = sorted(found.tolist(), key=lambda at: -abs(away[at[0], at[1]]))
    return [
        f"{_label(group[v])}: {instrument} {names[q]} ({away[v, q]:+.0f} deviations)"
        for v, q in ranked
    ]


def _map(
    instrument: str, group: Sequence[Visit], names: tuple[str, ...], away: F8, limit: float
) -> Figure:
    strength = np.abs(away).max(axis=1) if away.size else np.zeros(len(group))
    order = np.argsort(-strength, kind="stable")
    return Figure(
        name=f"outliers_{_slug(instrument)}",
        title=f"{instrument}: how far each visit is from the usual",
        caption="Robust deviations from the median; the most unusual visit is on top.",
        x=Axis(label="Quantity"),
        y=Axis(label="Visit"),
        layers=(
            Heatmap(
                name="deviation",
                x=np.arange(len(names), dtype=float),
                rows=tuple(group[i].planet for i in order),
                columns=tuple(name.replace("_", " ") for name in names),
                values=away[order],
                value_label="robust deviations",
                limits=(-2 * limit, 2 * limit),
                diverging=True,
                rows_are_planets=True,
            ),
        ),
    )


def _slug(instrument: str) -> str:
    return instrument.lower().replace("-", "_")


def _housekeeping(instrument: str, group: Sequence[Visit], points: int) -> Iterator[Figure]:
    """One figure per recorded quantity: the chosen planet's first visit over time."""
    first = [visit for visit in group if visit.visit == min(v.visit for v in group)]
    edges = grid([visit.time for visit in first], points)
    at = (edges[1:] + edges[:-1]) / 2
    for index, name in enumerate(dict.fromkeys(key for v in first for key in v.housekeeping)):
        having = [visit for visit in first if name in visit.housekeeping]
        rows = _rounded(np.array([binned(v.time, v.housekeeping[name], edges)[0] for v in having]))
        yield Figure(
            name=f"housekeeping_{_slug(instrument)}_{index}",
            title=f"{instrument}: {name.replace('_', ' ')} of the chosen planet",
            x=TIME,
            y=Axis(label=name.replace("_", " ").capitalize(), unit=_unit(name)),
            layers=(
                PlanetLines(
                    name=name.replace("_", " "),
                    planets=tuple(v.planet for v in having),
                    x=at,
                    y=rows,
                ),
            ),
        )


def _rounded(values: F8) -> F8:
    """Without steps of single precision, which would fill the axis of what is constant."""
    step = 1e-5 * float(np.nanmedian(np.abs(values))) if np.isfinite(values).any() else 0.0
    return np.round(values / step) * step if step > 0 else values


def _unit(name: str) -> str:
    """Unit of the quantities that detector calibrations are known to record."""
    if name.startswith("background"):
        return "electron/pixel"
    return "pixel" if any(word in name for word in ("centroid", "jitter", "width")) else ""


def _table(instrument: str, group: Sequence[Visit], names: tuple[str, ...], values: F8) -> Table:
    return table(
        f"visits_{_slug(instrument)}",
        f"{instrument}: visits",
        {
            "planet": tuple(visit.planet for visit in group),
            "visit": np.array([visit.visit for visit in group], float),
            **{name: values[:, i] for i, name in enumerate(names)},
        },
        planets="planet",
    )


def _verdict(outlying: Sequence[str]) -> str:
    if not outlying:
        return "No visit stands out."
    more = f", and {len(outlying) - 1} more" if len(outlying) > 1 else ""
    return f"Outlying: {outlying[0]}{more}."
