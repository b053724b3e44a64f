"""Where the score is won and lost: by planet, by bin, by instrument, against the baselines."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Heatmap,
    Line,
    Points,
    Severity,
    Table,
)
from spectramind_core.scoring import Score
from spectramind_diag.judged import BASELINE, PPM, Judged, contenders, judge, rms, score_of
from spectramind_diag.options import ScoreOptions
from spectramind_diag.shapes import (
    BIN,
    WAVELENGTH,
    broken,
    histogram,
    missing,
    molecules,
    photometer,
    robust_limits,
    table,
)

TITLE = "Score"
GUIDE = (
    "1 is an ideal spectrum, 0 the naive prediction; below 0 is worse than naive, and a single "
    "overconfident bin can cost more than a good planet earns. Look for rows (planets) and "
    "columns (bins) that stand out."
)


class ScoreDiagnostic:
    """GLL score per planet and bin, with errors, entropy and the comparison with baselines."""

    def __init__(self, options: ScoreOptions) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        judged = judge(evidence)
        if judged is None:
            return missing(
                "score", TITLE, GUIDE, "No truth is known about these planets: nothing to score."
            )
        score = score_of(evidence, judged)
        rivals = comparison(evidence)
        verdict, severity = _verdict(score, rivals)
        return DiagnosticResult(
            name="score",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=(
                heatmap(judged, score),
                _by_bin(judged, score),
                _by_planet(score),
                _error_against_sigma(judged),
            ),
            tables=(
                rivals,
                planet_table(judged, score),
                _bin_table(judged, score, self.options.worst_bins),
                _instrument_table(judged, score),
            ),
            scalars=scalars(judged, score),
        )


def scalars(judged: Judged, score: Score) -> dict[str, float]:
    """The headline numbers. Errors and sigma in ppm, entropy in nats with depth in ppm."""
    error = judged.residual * PPM
    return {
        "score": score.value,
        "raw_score": score.raw,
        "rmse_ppm": float(rms(error)),
        "mae_ppm": float(np.abs(error).mean()),
        "mean_sigma_ppm": float(judged.prediction.sigma.mean() * PPM),
        "entropy_nats": float(entropy(judged.prediction.sigma).mean()),
        "planets": float(len(judged.planets)),
    }


def entropy(sigma: F8) -> F8:
    """Differential entropy of each bin's Gaussian, nats, with depth in ppm."""
    result: F8 = 0.5 * np.log(2 * np.pi * np.e * (sigma * PPM) ** 2)
    return result


def comparison(evidence: Evidence) -> Table:
    """Score and errors of the final prediction, the steps before it and the baselines."""
    found = contenders(evidence)
    scores = [score_of(evidence, each) for each in found.values()]
    errors = [each.residual * PPM for each in found.values()]
    return table(
        "comparison",
        "The prediction against its own steps and the baselines",
        {
            "prediction": tuple(found),
            "score": np.array([s.value for s in scores]),
            "raw score": np.array([s.raw for s in scores]),
            "RMSE [ppm]": np.array([rms(e) for e in errors]),
            "MAE [ppm]": np.array([np.abs(e).mean() for e in errors]),
            "mean sigma [ppm]": np.array([j.prediction.sigma.mean() * PPM for j in found.values()]),
        },
    )


def planet_table(judged: Judged, score: Score) -> Table:
    """Every planet, the worst first."""
    order = np.argsort(score.per_planet, kind="stable")
    residual, prediction = judged.residual[order] * PPM, judged.prediction
    return table(
        "planets",
        "Planets, worst first",
        {
            "planet": tuple(judged.planets[i] for i in order),
            "score": score.per_planet[order],
            "RMSE [ppm]": rms(residual, axis=1),
            "MAE [ppm]": np.abs(residual).mean(axis=1),
            "mean error [ppm]": residual.mean(axis=1),
            "mean sigma [ppm]": prediction.sigma[order].mean(axis=1) * PPM,
            "depth [ppm]": np.median(prediction.mu[order], axis=1) * PPM,
            "entropy [nats]": entropy(prediction.sigma[order]).mean(axis=1),
        },
        planets="planet",
    )


def heatmap(judged: Judged, score: Score) -> Figure:
    """Every element's own score, the worst planet on top."""
    order = np.argsort(score.per_planet, kind="stable")
    low, _ = robust_limits(score.terms, 0.02)
    return Figure(
        name="gll_heatmap",
        title="Score of every planet and bin",
        caption="Planets from worst (top) to best. Colours end at the worst 2 % of elements. "
        "Choose a row to see that planet everywhere.",
        x=BIN,
        y=Axis(label="Planet"),
        layers=(
            Heatmap(
                name="score",
                x=np.arange(score.terms.shape[1], dtype=float),
                rows=tuple(judged.planets[i] for i in order),
                values=score.terms[order],
                value_label="score",
                limits=(min(low, 0.0), 1.0),
                rows_are_planets=True,
            ),
        ),
    )


def _by_bin(judged: Judged, score: Score) -> Figure:
    wavelength = judged.prediction.wavelength
    at, mean, middle = broken(wavelength, score.terms.mean(axis=0), np.median(score.terms, axis=0))
    return Figure(
        name="score_by_bin",
        title="Score by wavelength",
        caption="A mean far below the median is the work of a few overconfident planets. "
        "FGS1 is the dash at the left.",
        x=WAVELENGTH,
        y=Axis(label="Score"),
        layers=(
            *photometer(wavelength),
            *molecules(wavelength),
            Line(name="mean over planets", x=at, y=mean),
            Line(name="median over planets", x=at, y=middle, style="dashed"),
        ),
    )


def _by_planet(score: Score) -> Figure:
    low, high = robust_limits(score.per_planet, 0.02)
    return Figure(
        name="score_by_planet",
        title="Distribution of planets' scores",
        caption="Scores below the left end are counted in the first bar.",
        x=Axis(label="Score of a planet"),
        y=Axis(label="Share of planets"),
        layers=(
            histogram("planets", score.per_planet, bins=40, limits=(min(low, 0.0), max(high, 1.0))),
        ),
    )


def _error_against_sigma(judged: Judged) -> Figure:
    sigma = judged.prediction.sigma.mean(axis=1) * PPM
    error = rms(judged.residual, axis=1) * PPM
    ends = np.array([sigma.min(), sigma.max()])
    return Figure(
        name="error_against_sigma",
        title="Error against claimed error",
        caption="On the line, a planet's error is what its sigma claims; above it, overconfident.",
        x=Axis(label="Mean sigma", unit="ppm", scale="log"),
        y=Axis(label="RMS error", unit="ppm", scale="log"),
        layers=(
            Points(name="planets", x=sigma, y=error, planet=judged.planets),
            Line(name="error = sigma", x=ends, y=ends, style="dashed"),
        ),
    )


def _bin_table(judged: Judged, score: Score, count: int) -> Table:
    mean = score.terms.mean(axis=0)
    order = np.argsort(mean, kind="stable")[:count]
    residual = judged.residual[:, order] * PPM
    return table(
        "bins",
        f"The {order.size} worst bins",
        {
            "bin": order.astype(float),
            "wavelength [µm]": judged.prediction.wavelength[order],
            "score": mean[order],
            "RMSE [ppm]": rms(residual, axis=0),
            "mean error [ppm]": residual.mean(axis=0),
            "mean sigma [ppm]": judged.prediction.sigma[:, order].mean(axis=0) * PPM,
        },
    )


def _instrument_table(judged: Judged, score: Score) -> Table:
    optical = np.arange(score.terms.shape[1]) == 0
    parts = {"FGS1": optical, "AIRS-CH0": ~optical}
    parts = {name: part for name, part in parts.items() if part.any()}
    total, won = score.weights.sum(), score.terms * score.weights
    return table(
        "instruments",
        "Share of the score by instrument",
        {
            "instrument": tuple(parts),
            "weight": np.array([score.weights[:, p].sum() / total for p in parts.values()]),
            "score": np.array(
                [won[:, p].sum() / score.weights[:, p].sum() for p in parts.values()]
            ),
            "contributes": np.array([won[:, p].sum() / total for p in parts.values()]),
            "RMSE [ppm]": np.array([rms(judged.residual[:, p]) * PPM for p in parts.values()]),
        },
    )


def _verdict(score: Score, rivals: Table) -> tuple[str, Severity]:
    names = [str(name) for name in rivals.columns["prediction"]]
    raw = dict(zip(names, map(float, rivals.columns["raw score"]), strict=True))
    baselines = {n: s for n, s in raw.items() if n.startswith(BASELINE)}
    text = f"Score {score.value:.4f}"
    if score.value != score.raw:
        text += f" (unclipped {score.raw:.4f})"
    if score.raw <= 0:
        return f"{text}: no better than the naive prediction.", Severity.ALARM
    if not baselines:
        return f"{text}; there is no baseline to compare with.", Severity.NOTE
    best = max(baselines, key=baselines.__getitem__)
    gain = score.raw - baselines[best]
    name = best.removeprefix(BASELINE)
    if gain < 0:
        text += f", {-gain:.4f} below the baseline '{name}'."
        return text, Severity.ALARM
    return f"{text}, {gain:.4f} above the best baseline, '{name}'.", Severity.OK
