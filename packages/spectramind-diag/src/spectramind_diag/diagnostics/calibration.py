"""Whether sigma and intervals hold what they promise, before and after each calibrator."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8, Bool
from spectramind_core.calibration_metrics import (
    LEVELS,
    SMALLEST_STRATUM,
    covered,
    crps,
    limits,
    pit,
    strata,
    winkler,
)
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    Bars,
    DiagnosticResult,
    Figure,
    Heatmap,
    Line,
    Prediction,
    Severity,
    Table,
)
from spectramind_core.molecules import BANDS, membership
from spectramind_core.plugins.declaration import Options
from spectramind_diag.judged import PPM, Judged, judge
from spectramind_diag.shapes import BIN, missing, table

TITLE = "Calibration"
GUIDE = (
    "On the diagonal, intervals hold as often as they promise; below it sigma is too small. The "
    "PIT histogram should be flat: a U means overconfident, a hump underconfident, a slope a bias."
)
NOMINAL = np.linspace(0.05, 0.95, 19)
PIT_BINS = 20
KINDS = 12
"""Kinds of planets that are shown, of which the table has all."""


class CalibrationDiagnostic:
    """Reliability, PIT and coverage by bin and by strata; what each calibrator changed."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        final = judge(evidence)
        if final is None:
            need = "No truth is known about these planets: coverage cannot be counted."
            return missing("calibration", TITLE, GUIDE, need)
        steps = {
            name: found for name, step in evidence.steps if (found := judge(evidence, step))
        } or {"final": final}
        groups = groups_of(final.prediction)
        verdict, severity = _verdict(steps, final)
        return DiagnosticResult(
            name="calibration",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=(_reliability(steps), _pit(steps), _by_bin(final), _by_group(steps, groups)),
            tables=(_step_table(steps), _group_table(steps, groups), *_band_table(final)),
            scalars={
                f"coverage_{round(level * 100)}": coverage(final, level).mean() for level in LEVELS
            }
            | {"crps_ppm": _crps(final)},
        )


def coverage(judged: Judged, level: float) -> F8:
    """``[planet, wave]``: 1 where the truth lies within the central interval of `level`."""
    lower, upper = limits(judged.prediction, level)
    return covered(lower, upper, judged.truth).astype(float)


def _crps(judged: Judged) -> float:
    prediction = judged.prediction
    return float(crps(prediction.mu, prediction.sigma, judged.truth).mean() * PPM)


def _reliability(steps: dict[str, Judged]) -> Figure:
    ends = np.array([0.0, 1.0])
    curves = [
        Line(
            name=name,
            x=NOMINAL,
            y=np.array([coverage(step, float(level)).mean() for level in NOMINAL]),
        )
        for name, step in reversed(steps.items())
    ]
    return Figure(
        name="reliability",
        title="Coverage against promise",
        caption="All planets and bins together, central intervals.",
        x=Axis(label="Nominal coverage"),
        y=Axis(label="Observed coverage"),
        layers=(
            *curves,
            Line(name="ideal", x=ends, y=ends, style="dashed"),
        ),
    )


def _pit(steps: dict[str, Judged]) -> Figure:
    edges = np.linspace(0, 1, PIT_BINS + 1)
    shares = {}
    for name, step in steps.items():
        found = pit(step.prediction.mu, step.prediction.sigma, step.truth)
        shares[name] = np.histogram(found, edges)[0] / found.size
    *before, last = shares.items()
    return Figure(
        name="pit",
        title="Probability integral transform",
        x=Axis(label="PIT"),
        y=Axis(label="Share"),
        layers=(
            Bars(name=last[0], left=edges[:-1], right=edges[1:], height=last[1]),
            *(
                Line(name=name, x=np.repeat(edges, 2)[1:-1], y=np.repeat(share, 2))
                for name, share in before
            ),
            Line(name="ideal", x=np.array([0.0, 1.0]), y=np.full(2, 1 / PIT_BINS), style="dashed"),
        ),
    )


def _by_bin(judged: Judged) -> Figure:
    levels = np.array(LEVELS)
    values = np.array([coverage(judged, level).mean(axis=0) - level for level in LEVELS])
    return Figure(
        name="coverage_by_bin",
        title="Coverage minus promise, by bin",
        caption="Blue covers too seldom, orange too often.",
        x=BIN,
        y=Axis(label="Nominal coverage"),
        layers=(
            Heatmap(
                name="coverage",
                x=np.arange(values.shape[1], dtype=float),
                rows=tuple(f"{level:.0%}" for level in levels),
                values=values,
                value_label="observed - nominal",
                diverging=True,
            ),
        ),
    )


def groups_of(prediction: Prediction) -> dict[str, Bool]:
    """Parts ``[planet, wave]`` of a prediction that coverage is counted in.

    Everything, each instrument, the bins of each molecule's bands, and kinds of planets: the
    lowest and highest thirds of depth and of each feature (faint stars, few visits …), if they have
    the planets that a stratum needs.
    """
    wavelength = prediction.wavelength
    optical = np.arange(wavelength.size) == 0
    bins = {"all": np.ones(wavelength.size, bool), "FGS1": optical, "AIRS-CH0": ~optical}
    bins |= {
        f"{name} bands": inside & ~optical
        for name, inside in zip(BANDS, membership(wavelength), strict=True)
    }
    shape = prediction.mu.shape
    found = {name: np.broadcast_to(each, shape) for name, each in bins.items()}
    for name, planets in strata(prediction).items():
        found[name.replace("_", " ")] = np.broadcast_to(planets[:, None], shape)
    return {name: each for name, each in found.items() if each.any()}


def _by_group(steps: dict[str, Judged], groups: dict[str, Bool]) -> Figure:
    columns = {
        f"{level:.0%} {name}": coverage(step, level) - level
        for level in LEVELS
        for name, step in steps.items()
    }
    values = np.array([[c[g].mean() for c in columns.values()] for g in groups.values()])
    # Planets may have dozens of features: shown are those whose thirds are farthest off.
    last = list(columns).index(f"90% {list(steps)[-1]}")
    order = np.argsort(-np.abs(values[:, last]), kind="stable")
    of_planets = [g for g in order if ": " in list(groups)[g]][:KINDS]
    shown = [g for g, name in enumerate(groups) if ": " not in name or g in of_planets]
    planets = (
        f"of planets, the {KINDS} kinds that are farthest off, of {SMALLEST_STRATUM} or more each"
        if of_planets
        else f"no kind of planet has the {SMALLEST_STRATUM} planets that its coverage needs"
    )
    return Figure(
        name="coverage_by_group",
        title="Coverage minus promise, by kind of bin and planet",
        caption=f"Before and after each calibrator; {planets}. "
        "Blue covers too seldom, orange too often.",
        x=Axis(label="Nominal coverage, after"),
        y=Axis(label="Kind"),
        layers=(
            Heatmap(
                name="coverage",
                x=np.arange(len(columns), dtype=float),
                columns=tuple(columns),
                rows=tuple(list(groups)[g] for g in shown),
                values=values[shown],
                value_label="observed - nominal",
                diverging=True,
            ),
        ),
    )


def _coverages(steps: dict[str, Judged], group: Bool | None = None) -> dict[str, F8]:
    """Coverage after each step ``[step]``, and by how much the step before was farther off."""
    columns: dict[str, F8] = {}
    for level in LEVELS:
        counts = [coverage(step, level) for step in steps.values()]
        found = np.array([(c if group is None else c[group]).mean() for c in counts])
        columns[f"coverage {level:.0%}"] = found
        columns[f"Δ error {level:.0%}"] = np.diff(np.abs(found - level), prepend=np.nan)
    return columns


def _step_table(steps: dict[str, Judged]) -> Table:
    """Coverage, width, Winkler score and CRPS of each step, and the change of coverage error."""
    ends = [limits(step.prediction, 0.9) for step in steps.values()]
    return table(
        "steps",
        "Before and after each calibrator",
        {
            "after": tuple(steps),
            **_coverages(steps),
            "width 90% [ppm]": np.array([(high - low).mean() * PPM for low, high in ends]),
            "Winkler 90% [ppm]": np.array(
                [
                    winkler(low, high, step.truth, 0.9).mean() * PPM
                    for (low, high), step in zip(ends, steps.values(), strict=True)
                ]
            ),
            "CRPS [ppm]": np.array([_crps(step) for step in steps.values()]),
        },
    )


def _group_table(steps: dict[str, Judged], groups: dict[str, Bool]) -> Table:
    found = [_coverages(steps, group) for group in groups.values()]
    return table(
        "groups",
        "Before and after each calibrator, by kind of bin and of planet (kinds of "
        f"{SMALLEST_STRATUM} planets or more)",
        {
            "kind": tuple(name for name in groups for _ in steps),
            "after": tuple(steps) * len(groups),
            "planets": np.repeat([g.any(axis=1).sum() for g in groups.values()], len(steps)),
            "bins": np.repeat([g.any(axis=0).sum() for g in groups.values()], len(steps)),
            **{name: np.concatenate([each[name] for each in found]) for name in found[0]},
        },
    )


def _band_table(judged: Judged) -> tuple[Table, ...]:
    bands = judged.prediction.bands
    if bands is None:
        return ()
    whole = [
        covered(bands.lower[:, i], bands.upper[:, i], judged.truth).all(axis=1).mean()
        for i in range(bands.coverage.size)
    ]
    return (
        table(
            "bands",
            "Whole spectra within their simultaneous bands",
            {"nominal": bands.coverage, "observed": np.array(whole)},
        ),
    )


def _verdict(steps: dict[str, Judged], final: Judged) -> tuple[str, Severity]:
    level = 0.9
    after = float(coverage(final, level).mean())
    before = float(coverage(next(iter(steps.values())), level).mean())
    text = f"Intervals of 90 % hold {after:.1%} of the time"
    if len(steps) > 1:
        text += f" ({before:.1%} before calibration)"
    away = after - level
    if away < -0.1:
        return text + ": sigma is much too small.", Severity.ALARM
    if abs(away) > 0.05:
        return text + (": too narrow." if away < 0 else ": too wide."), Severity.WARNING
    return text + ".", Severity.OK
