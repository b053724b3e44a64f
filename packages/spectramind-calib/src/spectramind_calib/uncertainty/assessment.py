"""Tables of what a calibrator changed: coverage, width, Winkler score, CRPS and PIT, as CSV.

The runner writes the same numbers of every step on test planets to ``calibration/<step>.json``;
these tables are about calibration planets, hence there even where no truth is known for others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.calibration_metrics import PIT_BINS, covered, crps, limits, pit, winkler
from spectramind_core.contracts import Prediction, Truth


def write_comparison(
    folder: Path, before: Prediction, after: Prediction, truth: Truth, levels: Sequence[float]
) -> None:
    """Write ``coverage.csv`` (per bin and level), ``summary.csv`` and ``pit.csv``.

    Parameters
    ----------
    before, after, truth
        The same planets in the same order.
    """
    steps = {"before": before, "after": after}
    per_level = [
        [_judged(step, truth.spectra, level) for step in steps.values()] for level in levels
    ]
    _write(
        folder / "coverage.csv",
        "bin,wavelength_micron,level,coverage_before,coverage_after,delta_before,delta_after,"
        "width_ppm_before,width_ppm_after,winkler_ppm_before,winkler_ppm_after",
        (
            (
                *(b, wave, level, old[0][b], new[0][b], old[0][b] - level, new[0][b] - level),
                *(old[1][b], new[1][b], old[2][b], new[2][b]),
            )
            for level, (old, new) in zip(levels, per_level, strict=True)
            for b, wave in enumerate(truth.wavelength)
        ),
    )
    _write(
        folder / "summary.csv",
        "step,level,coverage,delta,width_ppm,winkler_ppm,crps_ppm",
        (
            (name, level, *_summary(judged, level), _crps_ppm(step, truth))
            for level, both in zip(levels, per_level, strict=True)
            for (name, step), judged in zip(steps.items(), both, strict=True)
        ),
    )
    histograms = [_pit_histogram(step, truth) for step in steps.values()]
    edges = np.linspace(0, 1, PIT_BINS + 1)
    _write(
        folder / "pit.csv",
        "from,to,share_before,share_after",
        zip(edges[:-1], edges[1:], *histograms, strict=True),
    )


def _judged(prediction: Prediction, truth: F8, level: float) -> tuple[F8, F8, F8]:
    """Coverage, width and Winkler score of each bin, the latter two in ppm."""
    lower, upper = limits(prediction, level)
    inside = covered(lower, upper, truth).mean(axis=0)
    score = winkler(lower, upper, truth, level).mean(axis=0)
    return inside, 1e6 * (upper - lower).mean(axis=0), 1e6 * score


def _summary(judged: tuple[F8, F8, F8], level: float) -> tuple[float, ...]:
    coverage, width, score = (float(each.mean()) for each in judged)
    return coverage, coverage - level, width, score


def _crps_ppm(prediction: Prediction, truth: Truth) -> float:
    return 1e6 * float(crps(prediction.mu, prediction.sigma, truth.spectra).mean())


def _pit_histogram(prediction: Prediction, truth: Truth) -> F8:
    values = pit(prediction.mu, prediction.sigma, truth.spectra)
    counts, _ = np.histogram(values, bins=PIT_BINS, range=(0, 1))
    shares: F8 = counts / counts.sum()
    return shares


def _write(file: Path, header: str, rows: Iterable[Iterable[object]]) -> None:
    lines = [",".join(_text(value) for value in row) for row in rows]
    file.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def _text(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
