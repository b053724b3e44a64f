"""Structure over wavelength: power spectra and autocorrelation against the training spectra."""

from __future__ import annotations

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
    Severity,
    Table,
)
from spectramind_core.plugins.declaration import Options
from spectramind_diag.diagnostics.time_bins import autocorrelation
from spectramind_diag.judged import PPM, Judged, judge
from spectramind_diag.shapes import missing, table

TITLE = "Frequency"
GUIDE = (
    "Real spectra are smooth: their power falls steeply with frequency. A prediction that runs "
    "above the training band at high frequency carries noise; one that runs below it is "
    "oversmoothed. Residuals should be as flat as noise."
)
FREQUENCY = Axis(label="Frequency", unit="cycles/µm", scale="log")
POWER = Axis(label="Power", unit="ppm²", scale="log")
FINE = 10.0
"""Frequencies above this, in cycles per micron, are finer than any molecule band."""
FEWEST = 16
"""Bins a spectrum needs for a power spectrum."""


class FrequencyDiagnostic:
    """FFT power and autocorrelation of mu and of residuals, beside the training spectra."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def run(self, evidence: Evidence, *, ctx: Context) -> DiagnosticResult:
        wavelength = evidence.prediction.wavelength
        if wavelength.size - 1 < FEWEST:
            need = f"Fewer than {FEWEST} AIRS bins: no power spectrum."
            return missing("frequency", TITLE, GUIDE, need)
        judged = judge(evidence)
        fine = fine_power(wavelength, evidence.prediction.mu)
        training = None
        if evidence.training_truth is not None and evidence.training_truth.planet_ids:
            training = evidence.training_truth.spectra
        figures = [_power(evidence, training), _correlation(evidence, training)]
        if judged is not None:
            figures += [_residual_power(judged), _residual_correlation(judged)]
        verdict, severity, scalars = _verdict(wavelength, fine, training)
        return DiagnosticResult(
            name="frequency",
            title=TITLE,
            guide=GUIDE,
            verdict=verdict,
            severity=severity,
            figures=tuple(figures),
            tables=(_table(evidence, fine),),
            scalars=scalars,
        )


def airs(wavelength: F8, spectra: F8) -> tuple[F8, F8]:
    """AIRS bins on an even grid, ``[wave - 1]`` micron and ``[planet, wave - 1]`` ppm."""
    even = np.linspace(wavelength[1], wavelength[-1], wavelength.size - 1)
    rows = [np.interp(even, wavelength[1:], row[1:]) for row in spectra]
    return even, np.array(rows).reshape(len(spectra), even.size) * PPM


def power(wavelength: F8, spectra: F8) -> tuple[F8, F8]:
    """Frequencies ``[f]`` in cycles per micron and power ``[planet, f]`` in ppm^2.

    A straight line is taken off and the ends are tapered (Hann), so that a slope does not leak
    into all frequencies. The power of all frequencies sums to the tapered variance.
    """
    at, rows = airs(wavelength, spectra)
    centred = at - at.mean()
    slope = (rows @ centred) / (centred @ centred)
    flat = rows - rows.mean(axis=1, keepdims=True) - slope[:, None] * centred
    taper = np.hanning(at.size)
    taper = taper / np.sqrt(np.mean(taper**2))
    transform = np.fft.rfft(flat * taper, axis=1) / at.size
    both_sides = np.full(transform.shape[1], 2.0)
    both_sides[0] = 1.0
    if at.size % 2 == 0:
        both_sides[-1] = 1.0
    frequency = np.fft.rfftfreq(at.size, at[1] - at[0])
    return frequency[1:], (np.abs(transform) ** 2 * both_sides)[:, 1:]


def fine_power(wavelength: F8, spectra: F8) -> F8:
    """``[planet]`` ppm: rms of what is finer than any molecule band."""
    frequency, found = power(wavelength, spectra)
    result: F8 = np.sqrt(found[:, frequency > FINE].sum(axis=1))
    return result


def _training_layers(at: F8, rows: F8) -> tuple[Layer, ...]:
    low, middle, high = np.quantile(rows, [0.05, 0.5, 0.95], axis=0)
    return (
        Band(name="training spectra, 5-95 %", x=at, lower=low, upper=high),
        Line(name="training median", x=at, y=middle, style="dotted"),
    )


def _power(evidence: Evidence, training: F8 | None) -> Figure:
    wavelength, prediction = evidence.prediction.wavelength, evidence.prediction
    at, found = power(wavelength, prediction.mu)
    layers: tuple[Layer, ...] = ()
    if training is not None:
        layers = _training_layers(at, power(wavelength, training)[1])
    return Figure(
        name="fft_mu",
        title="Power spectrum of mu",
        caption="AIRS bins, straight line removed, Hann taper.",
        x=FREQUENCY,
        y=POWER,
        layers=(
            *layers,
            Line(name="median of all planets", x=at, y=np.median(found, axis=0), style="dashed"),
            PlanetLines(name="chosen planet", planets=prediction.planet_ids, x=at, y=found),
        ),
    )


def _residual_power(judged: Judged) -> Figure:
    at, found = power(judged.prediction.wavelength, judged.residual)
    claimed = np.median((judged.prediction.sigma[:, 1:] * PPM) ** 2)
    # White noise of variance v spreads v evenly over all frequencies.
    level = np.full(at.size, claimed / at.size)
    return Figure(
        name="fft_residuals",
        title="Power spectrum of residuals",
        x=FREQUENCY,
        y=POWER,
        layers=(
            Line(name="white noise of the claimed sigma", x=at, y=level, style="dotted"),
            Line(name="median of all planets", x=at, y=np.median(found, axis=0), style="dashed"),
            PlanetLines(name="chosen planet", planets=judged.planets, x=at, y=found),
        ),
    )


def correlations(wavelength: F8, spectra: F8) -> tuple[F8, F8]:
    """Lags ``[lag]`` in micron and autocorrelation over wavelength ``[planet, lag]``."""
    at, rows = airs(wavelength, spectra)
    lags = at.size // 2
    found = np.array([autocorrelation(row, lags) for row in rows]).reshape(len(rows), lags + 1)
    return np.arange(lags + 1) * (at[1] - at[0]), found


def _correlation(evidence: Evidence, training: F8 | None) -> Figure:
    wavelength, prediction = evidence.prediction.wavelength, evidence.prediction
    at, found = correlations(wavelength, prediction.mu)
    layers: tuple[Layer, ...] = ()
    if training is not None:
        known = correlations(wavelength, training)[1]
        layers = _training_layers(at, np.nan_to_num(known))
    return _correlation_figure("mu", at, found, prediction.planet_ids, layers)


def _residual_correlation(judged: Judged) -> Figure:
    at, found = correlations(judged.prediction.wavelength, judged.residual)
    return _correlation_figure("residuals", at, found, judged.planets, ())


def _correlation_figure(
    of: str, at: F8, found: F8, planets: tuple[str, ...], layers: tuple[Layer, ...]
) -> Figure:
    return Figure(
        name=f"autocorrelation_{of}",
        title=f"Autocorrelation of {of} over wavelength",
        x=Axis(label="Lag", unit="µm"),
        y=Axis(label="Autocorrelation"),
        layers=(
            *layers,
            Line(
                name="mean of all planets",
                x=at,
                y=np.nan_to_num(found).mean(axis=0),
                style="dashed",
            ),
            PlanetLines(name="chosen planet", planets=planets, x=at, y=found),
        ),
    )


def _table(evidence: Evidence, fine: F8) -> Table:
    order = np.argsort(-fine, kind="stable")
    airs_std = evidence.prediction.mu[:, 1:].std(axis=1) * PPM
    return table(
        "fine_structure",
        "Fine structure by planet, most first",
        {
            "planet": tuple(evidence.prediction.planet_ids[i] for i in order),
            "fine structure [ppm]": fine[order],
            "all variation [ppm]": airs_std[order],
        },
        planets="planet",
    )


def _verdict(
    wavelength: F8, fine: F8, training: F8 | None
) -> tuple[str, Severity, dict[str, float]]:
    ours = float(np.median(fine))
    if training is None:
        text = f"mu varies by {ours:.1f} ppm in fine structure; no training spectra to compare."
        return text, Severity.NOTE, {"fine_structure_ppm": ours}
    theirs = float(np.median(fine_power(wavelength, training)))
    scalars = {"fine_structure_ppm": ours, "training_fine_structure_ppm": theirs}
    text = f"mu varies by {ours:.1f} ppm in fine structure, training spectra by {theirs:.1f} ppm: "
    if ours > 3 * theirs:
        return text + "noise is left in mu.", Severity.WARNING, scalars
    if ours < theirs / 3:
        return text + "mu is oversmoothed.", Severity.NOTE, scalars
    return text + "of the same order.", Severity.OK, scalars
