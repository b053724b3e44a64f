"""Why mu and sigma are what they are: Shapley values of inputs a person can name, and attention."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Attends, Context, Evidence, Explainable
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Heatmap,
    Line,
    PlanetLines,
    Prediction,
    Severity,
    Table,
)
from spectramind_diag.diagnostics.shapley import Effect, Shap, explain
from spectramind_diag.judged import PPM
from spectramind_diag.options import AttributionOptions
from spectramind_diag.shapes import (
    BIN,
    DEPTH,
    WAVELENGTH,
    broken,
    missing,
    molecules,
    photometer,
    robust_limits,
    table,
)

TITLE = "Attribution"
GUIDE = (
    "Each value is what an input adds to mu or sigma of a bin, compared with the average planet "
    "(Shapley). A bin should owe most to its own wavelength and its neighbours; weight on "
    "unrelated inputs is a shortcut that may fail on other planets."
)


class AttributionDiagnostic:
    """SHAP for mu and sigma on named inputs, the network's attention, and whether they agree."""

    def __init__(self, options: AttributionOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        estimator, curves = evidence.estimator, evidence.light_curves
        if curves is None:
            return missing("attribution", TITLE, GUIDE, "There are no light curves to explain.")
        explains = isinstance(estimator, Explainable)
        if not explains and not isinstance(estimator, Attends):
            need = "This estimator names no inputs (Explainable) and has no attention (Attends)."
            return missing("attribution", TITLE, GUIDE, need)
        known = set(curves.planet_ids)
        planets = [planet for planet in evidence.prediction.planet_ids if planet in known]
        if not planets:
            return missing("attribution", TITLE, GUIDE, "No predicted planet has light curves.")
        rng = ctx.child("sample").rng()
        # The first planet is the one that reports open on.
        order = [planets[0], *(planets[1 + i] for i in rng.permutation(len(planets) - 1))]
        chosen = tuple(sorted(order[: self.options.planets]))
        attention = None
        if isinstance(estimator, Attends):
            attention = estimator.attention(curves.of(chosen), ctx=ctx)
        shap = None
        if isinstance(estimator, Explainable):
            average = order[: self.options.background]
            together = tuple(dict.fromkeys((*chosen, *average)))
            inputs = estimator.explain_inputs(curves.of(together), ctx=ctx)
            reference = inputs.values[[together.index(p) for p in average]].mean(axis=0)
            asked = replace(inputs, values=inputs.values[: len(chosen)])
            shap = explain(estimator, asked, reference, self.options.permutations, ctx)
        return _result(evidence, chosen, shap, attention, len(planets))


def _result(
    evidence: Evidence, chosen: tuple[str, ...], shap: Shap | None, attention: F8 | None, of: int
) -> DiagnosticResult:
    wavelength, predicted = evidence.prediction.wavelength, evidence.prediction.of(chosen)
    figures: list[Figure] = []
    tables: tuple[Table, ...] = ()
    scalars: dict[str, float] = {}
    said: list[str] = []
    severity = Severity.OK
    if shap is not None:
        figures += [
            _overlay("mu", wavelength, predicted, predicted.mu, shap, shap.mu),
            _overlay("sigma", wavelength, predicted, predicted.sigma, shap, shap.sigma),
            _map("mu", shap.groups, shap.mu),
            _map("sigma", shap.groups, shap.sigma),
        ]
        tables = (importance(shap),)
        said.append(f"The strongest input is '{tables[0].columns['input'][0]}'.")
        if len(chosen) < of:
            said.append(f"{len(chosen)} of {of} planets are explained: the first, and a sample.")
    else:
        said.append("The estimator names no inputs: attention only.")
        severity = Severity.NOTE
    if attention is not None:
        figures.append(_attention(attention))
    if shap is not None and attention is not None:
        agreement = agree(shap, attention, wavelength)
        scalars["rank_correlation_with_attention"] = agreement
        said.append(f"Shapley values and attention correlate by {agreement:.2f} (rank).")
    return DiagnosticResult(
        name="attribution",
        title=TITLE,
        guide=GUIDE,
        verdict=" ".join(said),
        severity=severity,
        figures=tuple(figures),
        tables=tables,
        scalars=scalars,
    )


def importance(shap: Shap) -> Table:
    """Mean absolute Shapley value of each input over planets and bins, the strongest first."""
    mu, sigma = shap.mu.strength.mean(axis=1), shap.sigma.strength.mean(axis=1)
    order = np.argsort(-mu, kind="stable")
    return table(
        "importance",
        "Inputs by importance",
        {
            "input": tuple(shap.groups[i] for i in order),
            "for mu [ppm]": mu[order],
            "for sigma [ppm]": sigma[order],
        },
    )


def _overlay(
    of: str, wavelength: F8, predicted: Prediction, values: F8, shap: Shap, effect: Effect
) -> Figure:
    """What the strongest inputs add to the average planet's mu or sigma, on top of the spectrum."""
    strongest = np.argsort(-effect.strength.mean(axis=1), kind="stable")[:4]
    at, base, found = broken(wavelength, effect.base, values * PPM)
    planets = predicted.planet_ids
    return Figure(
        name="shap_overlay" if of == "mu" else f"shap_overlay_{of}",
        title=f"What the strongest inputs add to {of} of the chosen planet",
        caption=f"Each curve is the average planet's {of} plus one input's Shapley values. "
        "Only explained planets have curves.",
        x=WAVELENGTH,
        y=DEPTH if of == "mu" else Axis(label=of, unit="ppm"),
        layers=(
            *photometer(wavelength),
            *molecules(wavelength),
            PlanetLines(name=of, planets=planets, x=at, y=found),
            Line(name="average planet", x=at, y=base, style="dashed"),
            *(
                PlanetLines(
                    name=f"+ {shap.groups[g]}",
                    planets=planets,
                    x=at,
                    y=broken(wavelength, effect.base + effect.values[:, g])[1],
                )
                for g in strongest
            ),
        ),
    )


def _map(of: str, groups: tuple[str, ...], effect: Effect) -> Figure:
    return Figure(
        name=f"shap_{of}",
        title=f"Mean strength of each input for {of} of each bin",
        x=BIN,
        y=Axis(label="Input"),
        layers=(
            Heatmap(
                name="strength",
                x=np.arange(effect.base.size, dtype=float),
                rows=groups,
                values=effect.strength,
                value_label="mean |Shapley value| [ppm]",
                limits=robust_limits(effect.strength),
            ),
        ),
    )


def _attention(attention: F8) -> Figure:
    return Figure(
        name="attention",
        title="Attention between bins",
        caption="Share of attention that the bin of a row pays to the bin of a column.",
        x=BIN,
        y=Axis(label="Bin that attends"),
        layers=(
            Heatmap(
                name="attention",
                x=np.arange(attention.shape[1], dtype=float),
                rows=tuple(str(i) for i in range(len(attention))),
                values=attention,
                value_label="share of attention",
                limits=robust_limits(attention),
            ),
        ),
    )


def agree(shap: Shap, attention: F8, wavelength: F8) -> float:
    """Rank correlation between attention and Shapley strength, over bins and inputs of bins.

    Attention is summed over the bins nearest to each input group, so that both are
    ``[group, wave]``; NaN if fewer than two groups lie along wavelength or all are alike.
    """
    from scipy.stats import spearmanr

    lying = np.flatnonzero(np.isfinite(shap.wavelength))
    if lying.size < 2:
        return float("nan")
    nearest = np.abs(wavelength[:, None] - shap.wavelength[lying]).argmin(axis=1)
    paid = np.array([attention[:, nearest == g].sum(axis=1) for g in range(lying.size)])
    strength = shap.mu.strength[lying]
    if np.ptp(paid) == 0 or np.ptp(strength) == 0:
        return float("nan")
    return float(spearmanr(paid.ravel(), strength.ravel()).statistic)
