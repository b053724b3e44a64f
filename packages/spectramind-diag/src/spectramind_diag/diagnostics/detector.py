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
from spectramind_diag.diagnostics.visits import TIME, by_visit, slug
from spectramind_diag.options import DetectorOptions
from spectramind_diag.shapes import missing, table

TITLE = "Detector"
GUIDE = (
    "Most visits should look alike. A visit far from the others (many rejected samples, strong "
    "background, large jitter) deserves a look at its light curve before its spectrum is believed."
)


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
        outlying: list[Outlier] = []
        for instrument, group in groups.items():
            names, values = matrix(group)
            counted = {name for visit in group for name in visit.counted}
            away = deviations(values, np.array([name in counted for name in names]))
            figures += [
                _map(instrument, group, names, away, self.options.outlying),
                *_housekeeping(instrument, group, self.options.points),
            ]
            tables.append(_table(instrument, group, names, values))
            outlying += _outlying(instrument, group, names, values, away, self.options.outlying)
        outlying.sort(key=lambda each: -abs(each.deviations))
        severity = Severity.WARNING if outlying else Severity.OK
        return DiagnosticResult(
            name="detector",
            title=TITLE,
            guide=GUIDE,
            verdict=_verdict(outlying),
            severity=severity,
            figures=tuple(figures),
            tables=(*_outlier_table(outlying), *tables),
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
        if name in curve.counts:
            continue  # their total says it all
        finite = series[np.isfinite(series)]
        facts[f"{name}, median"] = float(np.median(finite)) if finite.size else np.nan
        facts[f"{name}, scatter"] = _scatter(_rounded(finite))
    return Visit(planet, number, facts, frozenset(curve.counts), curve.time, curve.housekeeping)


def _scatter(values: F8) -> float:
    """Standard deviation; exactly 0 where all are equal, which rounding would hide."""
    if not values.size:
        return float("nan")
    return float(values.std()) if np.ptp(values) > 0 else 0.0


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


@dataclass(frozen=True)
class Outlier:
    """A quantity of a visit that is far from the usual."""

    visit: Visit
    instrument: str
    quantity: str
    value: float
    usual: float
    deviations: float


def _outlying(
    instrument: str,
    group: Sequence[Visit],
    names: tuple[str, ...],
    values: F8,
    away: F8,
    limit: float,
) -> list[Outlier]:
    return [
        Outlier(
            visit=group[v],
            instrument=instrument,
            quantity=names[q].replace("_", " "),
            value=values[v, q],
            usual=float(np.nanmedian(values[:, q])),
            deviations=away[v, q],
        )
        for v, q in np.argwhere(np.abs(away) > limit)
    ]


def _outlier_table(found: Sequence[Outlier]) -> tuple[Table, ...]:
    if not found:
        return ()
    return (
        table(
            "outlying",
            "Outlying visits, farthest first",
            {
                "planet": tuple(each.visit.planet for each in found),
                "visit": np.array([each.visit.visit for each in found], float),
                "instrument": tuple(each.instrument for each in found),
                "quantity": tuple(each.quantity for each in found),
                "value": np.array([each.value for each in found]),
                "usual (median)": np.array([each.usual for each in found]),
                "robust deviations": np.array([each.deviations for each in found]),
            },
            planets="planet",
        ),
    )


def _map(
    instrument: str, group: Sequence[Visit], names: tuple[str, ...], away: F8, limit: float
) -> Figure:
    strength = np.abs(away).max(axis=1) if away.size else np.zeros(len(group))
    order = np.argsort(-strength, kind="stable")
    return Figure(
        name=f"outliers_{slug(instrument)}",
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


def _housekeeping(instrument: str, group: Sequence[Visit], points: int) -> Iterator[Figure]:
    """One figure per recorded quantity: the chosen planet's visits over time."""
    edges = grid([visit.time for visit in group], points)
    at = (edges[1:] + edges[:-1]) / 2
    for index, name in enumerate(dict.fromkeys(key for v in group for key in v.housekeeping)):
        words = name.replace("_", " ")
        layers = []
        for suffix, visits in by_visit([v for v in group if name in v.housekeeping]).items():
            rows = [binned(v.time, v.housekeeping[name], edges)[0] for v in visits]
            layers.append(
                PlanetLines(
                    name=f"{words}{suffix}",
                    planets=tuple(v.planet for v in visits),
                    x=at,
                    y=_rounded(np.array(rows)),
                )
            )
        yield Figure(
            name=f"housekeeping_{slug(instrument)}_{index}",
            title=f"{instrument}: {words} of the chosen planet",
            caption=f"Means in {points} time bins.",
            x=TIME,
            y=Axis(label=words.capitalize(), unit=_unit(name)),
            layers=tuple(layers),
        )


def _rounded(values: F8) -> F8:
    """Without steps of single precision, which would fill the axis of what is constant."""
    step = 1e-5 * float(np.nanmedian(np.abs(values))) if np.isfinite(values).any() else 0.0
    return np.round(values / step) * step if step > 0 else values


def _unit(name: str) -> str:
    """Unit of the quantities that detector calibrations are known to record."""
    if name.startswith("background"):
        return "electron/pixel"
    if name == "cosmic_rays":
        return "pixels rejected"
    return "pixel" if any(word in name for word in ("centroid", "jitter", "width")) else ""


def _table(instrument: str, group: Sequence[Visit], names: tuple[str, ...], values: F8) -> Table:
    return table(
        f"visits_{slug(instrument)}",
        f"{instrument}: visits",
        {
            "planet": tuple(visit.planet for visit in group),
            "visit": np.array([visit.visit for visit in group], float),
            **{name: values[:, i] for i, name in enumerate(names)},
        },
        planets="planet",
    )


def _verdict(outlying: Sequence[Outlier]) -> str:
    if not outlying:
        return "No visit stands out."
    first = outlying[0]
    more = f", and {len(outlying) - 1} more" if len(outlying) > 1 else ""
    return (
        f"Outlying: planet {first.visit.planet}, visit {first.visit.visit}: {first.instrument} "
        f"{first.quantity} ({first.deviations:+.0f} deviations){more}."
    )
