"""The spectra themselves: mu and sigma with truth, residuals and pulls."""

from __future__ import annotations

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Evidence
from spectramind_core.contracts import (
    Axis,
    DiagnosticResult,
    Figure,
    Layer,
    Line,
    PlanetBand,
    PlanetLines,
    Prediction,
    Severity,
    Table,
)
from spectramind_core.plugins.declaration import Options
from spectramind_diag.judged import PPM, Judged, judge
from spectramind_diag.shapes import (
    DEPTH,
    WAVELENGTH,
    broken,
    histogram,
    molecules,
    photometer,
    robust_limits,
    table,
)

GUIDE = (
    "The shaded band is one sigma: about two thirds of the truth should lie within it. Look for "
    "features that the prediction smooths away, and for offsets that all bins share."
)
CONSTANT = 1e-9
"""A spectrum whose bins differ by less, in (Rp/Rs)^2, is constant."""


class SpectraDiagnostic:
    """Each planet's spectrum with truth, baselines, molecule bands, residual and pull."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        judged = judge(evidence)
        figures = [_spectrum(evidence)]
        if judged is not None:
            figures += [_residual(judged), _pulls(judged), _residuals(judged)]
        verdict, severity = _verdict(evidence.prediction, judged)
        return DiagnosticResult(
            name="spectra",
            title="Spectra",
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=tuple(figures),
            tables=(planet_table(evidence.prediction),),
            scalars=_scalars(evidence.prediction, judged),
        )


def _spectrum(evidence: Evidence) -> Figure:
    found, wavelength = evidence.prediction, evidence.prediction.wavelength
    mu, sigma = found.mu * PPM, found.sigma * PPM
    at, low, high, middle = broken(wavelength, mu - sigma, mu + sigma, mu)
    planets = found.planet_ids
    layers: list[Layer] = [
        *photometer(wavelength),
        *molecules(wavelength),
        PlanetBand(name="mu ± sigma", planets=planets, x=at, lower=low, upper=high),
        PlanetLines(name="mu", planets=planets, x=at, y=middle),
    ]
    if evidence.truth is not None:
        truth = evidence.truth
        y = broken(wavelength, truth.spectra * PPM)[1]
        layers.append(
            PlanetLines(name="truth", planets=truth.planet_ids, x=at, y=y, style="dashed")
        )
    for name, rival in evidence.baselines.items():
        y = broken(wavelength, rival.mu * PPM)[1]
        layers.append(
            PlanetLines(
                name=f"baseline {name}",
                planets=rival.planet_ids,
                x=at,
                y=y,
                style="dotted",
                background=True,
            )
        )
    return Figure(
        name="spectrum",
        title="Transmission spectrum of the chosen planet",
        caption="FGS1 (one visible band) is the dash at the left, off the wavelength scale. "
        "Choose baselines in the legend.",
        x=WAVELENGTH,
        y=DEPTH,
        layers=tuple(layers),
    )


def _residual(judged: Judged) -> Figure:
    wavelength, planets = judged.prediction.wavelength, judged.planets
    sigma = judged.prediction.sigma * PPM
    at, low, high, error = broken(wavelength, -sigma, sigma, judged.residual * PPM)
    return Figure(
        name="residual",
        title="Error of the chosen planet",
        caption="mu minus truth, within the claimed sigma.",
        x=WAVELENGTH,
        y=Axis(label="mu - truth", unit="ppm"),
        layers=(
            *photometer(wavelength),
            PlanetBand(name="± sigma", planets=planets, x=at, lower=low, upper=high),
            PlanetLines(name="mu - truth", planets=planets, x=at, y=error),
        ),
    )


def _pulls(judged: Judged) -> Figure:
    limits, bins = (-5.0, 5.0), 50
    grid = np.linspace(*limits, 201)
    width = (limits[1] - limits[0]) / bins
    density = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi) * width
    return Figure(
        name="pulls",
        title="Pulls of all planets and bins",
        caption="Wider than the curve: sigma is too small. Off centre: a bias. "
        "Pulls beyond 5 are counted in the outermost bars.",
        x=Axis(label="(mu - truth) / sigma"),
        y=Axis(label="Share"),
        layers=(
            histogram("pulls", judged.pull, bins=bins, limits=limits),
            Line(name="standard normal", x=grid, y=density),
        ),
    )


def _residuals(judged: Judged) -> Figure:
    error = judged.residual * PPM
    low, high = robust_limits(error, 0.005)
    reach = max(-low, high, 1e-9)
    return Figure(
        name="residuals",
        title="Errors of all planets and bins",
        caption="Errors beyond the ends are counted in the outermost bars.",
        x=Axis(label="mu - truth", unit="ppm"),
        y=Axis(label="Share"),
        layers=(
            histogram("AIRS-CH0", error[:, 1:], limits=(-reach, reach)),
            histogram("FGS1", error[:, 0], limits=(-reach, reach)),
        ),
    )


def planet_table(prediction: Prediction) -> Table:
    """What is predicted for each planet, in the prediction's order."""
    airs = prediction.mu[:, 1:] if prediction.mu.shape[1] > 1 else prediction.mu
    return table(
        "spectra",
        "Predicted spectra",
        {
            "planet": prediction.planet_ids,
            "FGS1 depth [ppm]": prediction.mu[:, 0] * PPM,
            "AIRS depth [ppm]": np.median(airs, axis=1) * PPM,
            "AIRS variation [ppm]": airs.std(axis=1) * PPM,
            "FGS1 sigma [ppm]": prediction.sigma[:, 0] * PPM,
            "mean sigma [ppm]": prediction.sigma.mean(axis=1) * PPM,
        },
        planets="planet",
    )


def _constant(prediction: Prediction) -> int:
    airs: F8 = prediction.mu[:, 1:]
    return int((np.ptp(airs, axis=1) < CONSTANT).sum()) if airs.shape[1] > 1 else 0


def _scalars(prediction: Prediction, judged: Judged | None) -> dict[str, float]:
    found = {
        "planets": float(len(prediction.planet_ids)),
        "constant_spectra": float(_constant(prediction)),
    }
    if judged is not None:
        pull = judged.pull
        found |= {
            "pull_mean": float(pull.mean()),
            "pull_std": float(pull.std()),
            "beyond_5_sigma": float((np.abs(pull) > 5).mean()),
        }
    return found


def _verdict(prediction: Prediction, judged: Judged | None) -> tuple[str, Severity]:
    flat = _constant(prediction)
    note = f" {flat} of {len(prediction.planet_ids)} AIRS spectra are constant." if flat else ""
    if judged is None:
        severity = Severity.WARNING if flat else Severity.NOTE
        return f"No truth is known: residuals and pulls are left out.{note}", severity
    spread, far = float(judged.pull.std()), float((np.abs(judged.pull) > 5).mean())
    text = f"Pulls scatter by {spread:.2f} (1 is honest); {far:.2%} lie beyond five sigma."
    if spread > 2 or far > 0.01:
        return text + note, Severity.ALARM
    if not 0.8 <= spread <= 1.25 or flat:
        return text + note, Severity.WARNING
    return text, Severity.OK
