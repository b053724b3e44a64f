"""Symbolic rules: which are broken, by which planets and bins, and how they push mu."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Heatmap,
    Line,
    PlanetLines,
    RuleReport,
    Severity,
    Table,
)
from spectramind_diag.options import SymbolicOptions
from spectramind_diag.shapes import (
    BIN,
    WAVELENGTH,
    broken,
    missing,
    molecules,
    photometer,
    robust_limits,
    table,
)

TITLE = "Symbolic rules"
GUIDE = (
    "A rule is zero where a spectrum satisfies it. One rule broken by all planets is too strict or "
    "wrong; one planet that breaks all rules is badly predicted. Influence says where lowering mu "
    "(positive) or raising it (negative) would satisfy a rule better."
)


class SymbolicDiagnostic:
    """Violation and influence by rule, planet and bin, and their trend over training."""

    def __init__(self, options: SymbolicOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        report = evidence.rules
        if report is None or not report.rules or not report.planet_ids:
            need = "The estimator carries no symbolic rules."
            return missing("symbolic", TITLE, GUIDE, need)
        rules = _rule_table(report, self.options.tolerance)
        verdict, severity = _verdict(report, rules)
        return DiagnosticResult(
            name="symbolic",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=(*_maps(report), *_trend(evidence, report.rules)),
            tables=(rules, _planet_table(report)),
            scalars={"total_violation": float(report.violation.mean(axis=(1, 2)).sum())},
        )


def _rule_table(report: RuleReport, tolerance: float) -> Table:
    mean = report.violation.mean(axis=2)
    return table(
        "rules",
        "Rules",
        {
            "rule": report.rules,
            "weight": report.weight,
            "mean violation": mean.mean(axis=1),
            "worst planet's": mean.max(axis=1),
            "worst planet": tuple(
                report.planet_ids[i] if row[i] > tolerance else "none"
                for row, i in zip(mean, mean.argmax(axis=1), strict=True)
            ),
            "share of planets": (mean > tolerance).mean(axis=1),
            "mean |influence| [1/ppm]": np.abs(report.influence).mean(axis=(1, 2)) / 1e6,
        },
        planets="worst planet",
    )


def _planet_table(report: RuleReport) -> Table:
    mean = report.violation.mean(axis=2)
    order = np.argsort(-mean.sum(axis=0), kind="stable")
    return table(
        "violations",
        "Violations by planet, worst first",
        {
            "planet": tuple(report.planet_ids[i] for i in order),
            "all rules": mean.sum(axis=0)[order],
            **{rule: mean[r][order] for r, rule in enumerate(report.rules)},
        },
        planets="planet",
    )


def _maps(report: RuleReport) -> tuple[Figure, ...]:
    """Where rules are broken; none if all hold everywhere: there is nothing to see."""
    if not report.violation.any() and not report.influence.any():
        return ()
    return (
        _by_planet(report),
        _by_bin(report),
        _chosen(report, "violation"),
        _chosen(report, "influence"),
    )


def _by_planet(report: RuleReport) -> Figure:
    mean = report.violation.mean(axis=2).T
    order = np.argsort(-mean.sum(axis=1), kind="stable")
    return Figure(
        name="violations_by_planet",
        title="Violation by planet and rule",
        caption="The worst planet is on top.",
        x=Axis(label="Rule"),
        y=Axis(label="Planet"),
        layers=(
            Heatmap(
                name="violation",
                x=np.arange(len(report.rules), dtype=float),
                rows=tuple(report.planet_ids[i] for i in order),
                columns=tuple(rule.replace("_", " ") for rule in report.rules),
                values=mean[order],
                value_label="mean violation",
                limits=(0.0, robust_limits(mean)[1]),
                rows_are_planets=True,
            ),
        ),
    )


def _by_bin(report: RuleReport) -> Figure:
    mean = report.violation.mean(axis=1)
    return Figure(
        name="violations_by_bin",
        title="Violation by rule and bin, mean over planets",
        x=BIN,
        y=Axis(label="Rule"),
        layers=(
            Heatmap(
                name="violation",
                x=np.arange(mean.shape[1], dtype=float),
                rows=report.rules,
                values=mean,
                value_label="mean violation",
                limits=(0.0, robust_limits(mean)[1]),
            ),
        ),
    )


def _chosen(report: RuleReport, of: str) -> Figure:
    values = report.violation if of == "violation" else report.influence / 1e6
    unit = "" if of == "violation" else "1/ppm"
    wavelength = report.wavelength
    return Figure(
        name=of,
        title=f"{of.capitalize()} of the chosen planet",
        x=WAVELENGTH,
        y=Axis(label=of.capitalize(), unit=unit),
        layers=(
            *photometer(wavelength),
            *molecules(wavelength),
            *(
                PlanetLines(name=rule, planets=report.planet_ids, x=at, y=y)
                for rule, row in zip(report.rules, values, strict=True)
                for at, y in [broken(wavelength, row)]
            ),
        ),
    )


def _trend(evidence: Evidence, rules: tuple[str, ...]) -> tuple[Figure, ...]:
    """Curves from epoch events that report ``rule_<name>``; none if training reports none."""
    curves: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for event in evidence.events:
        if event.get("event") == "epoch":
            for rule in rules:
                if (value := event.get(f"rule_{rule}")) is not None:
                    curves[rule].append((float(event.get("epoch", 0)), float(value)))
    if not curves:
        return ()
    return (
        Figure(
            name="trend",
            title="Violation over training",
            x=Axis(label="Epoch"),
            y=Axis(label="Mean violation"),
            layers=tuple(
                Line(name=rule, x=np.array(points)[:, 0], y=np.array(points)[:, 1])
                for rule, points in curves.items()
            ),
        ),
    )


def _verdict(report: RuleReport, rules: Table) -> tuple[str, Severity]:
    share = np.array(rules.columns["share of planets"], float)
    worst = int(np.array(rules.columns["mean violation"], float).argmax())
    broken_rules = int((share > 0).sum())
    if not broken_rules:
        text = f"All {len(report.rules)} rules hold for every planet"
        nothing = not report.influence.any()
        return text + (": there is nothing to map." if nothing else "."), Severity.OK
    text = (
        f"{broken_rules} of {len(report.rules)} rules are broken somewhere; most by "
        f"'{report.rules[worst]}', by {share[worst]:.0%} of the planets."
    )
    return text, Severity.NOTE if float(share.max()) < 0.5 else Severity.WARNING
