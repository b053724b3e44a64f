"""Shapes that several diagnostics give their figures: wavelength axes, molecules, histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.contracts import (
    Axis,
    Bars,
    DiagnosticResult,
    Severity,
    Spans,
    Table,
)
from spectramind_core.molecules import BANDS

WAVELENGTH = Axis(label="Wavelength", unit="µm")
DEPTH = Axis(label="Transit depth", unit="ppm")
BIN = Axis(label="Spectral bin (0 is FGS1)")

BREAK = 0.5
"""A first gap wider than this, in micron, is drawn as a break."""
OFFSET = 0.09
"""Distance of the photometer from the spectrum behind a break, in micron."""
WIDTH = 0.05
"""Width that the photometer is drawn with behind a break, in micron."""


def _apart(wavelength: F8) -> bool:
    """Whether the first bin is a photometer far to the blue of a spectrograph."""
    return wavelength.size > 1 and bool(wavelength[1] - wavelength[0] > BREAK)


def broken(wavelength: F8, *curves: F8) -> tuple[F8, ...]:
    """Where curves are drawn: the photometer as a dash of its own, left of the spectrum.

    Curves are ``[..., wave]``, and gain two points: the dash has two ends, and a gap (NaN) stands
    between it and the spectrum, so that no line joins them.
    """
    if not _apart(wavelength):
        return (wavelength, *curves)
    dash = wavelength[1] - OFFSET + np.array([-WIDTH, WIDTH]) / 2
    gap = (dash[1] + wavelength[1]) / 2
    at = np.concatenate([dash, [gap], wavelength[1:]])
    return (at, *(np.insert(np.insert(c, 1, np.nan, -1), 0, c[..., 0], -1) for c in curves))


def photometer(wavelength: F8) -> tuple[Spans, ...]:
    """A labelled strip around the photometer's bin, where it is drawn beside the spectrum."""
    if not _apart(wavelength):
        return ()
    left, right = broken(wavelength)[0][:2]
    return (Spans(name="FGS1", left=np.array([left]), right=np.array([right]), labels=("FGS1",)),)


def molecules(wavelength: F8) -> tuple[Spans, ...]:
    """Molecule bands within a spectrum's range, one layer a molecule."""
    low, high = wavelength[int(_apart(wavelength))], wavelength.max()
    found = []
    for name, bands in BANDS.items():
        inside = [(max(a, low), min(b, high)) for a, b in bands if a < high and b > low]
        if inside:
            left, right = np.array(inside).T
            found.append(Spans(name=name, left=left, right=right, labels=(name,) * len(inside)))
    return tuple(found)


def histogram(name: str, values: F8, *, bins: int = 50, limits: tuple[float, float]) -> Bars:
    """Share of the finite values per bin; what lies outside is counted in the outermost bins."""
    finite = values[np.isfinite(values)]
    count, edges = np.histogram(np.clip(finite, *limits), bins=bins, range=limits)
    return Bars(name=name, left=edges[:-1], right=edges[1:], height=count / max(finite.size, 1))


def robust_limits(values: F8, tail: float = 0.01) -> tuple[float, float]:
    """Quantiles that hold all but a tail on either side, never equal."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.quantile(finite, [tail, 1 - tail])
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def table(
    name: str, title: str, columns: Mapping[str, Sequence[str] | F8], *, planets: str = ""
) -> Table:
    """A table of equally long columns; `planets` names the column that holds planet ids."""
    plain: dict[str, tuple[str, ...] | tuple[float, ...]] = {
        key: tuple(float(item) for item in column)
        if isinstance(column, np.ndarray)
        else tuple(column)
        for key, column in columns.items()
    }
    return Table(name=name, title=title, columns=plain, planet_column=planets)


def missing(name: str, title: str, guide: str, need: str) -> DiagnosticResult:
    """A diagnostic that could not be made, saying what it would have needed."""
    return DiagnosticResult(
        name=name, title=title, guide=guide, verdict=need, severity=Severity.MISSING
    )


def worst(*severities: Severity) -> Severity:
    """The most serious of several severities."""
    order = (Severity.OK, Severity.NOTE, Severity.WARNING, Severity.ALARM)
    return max(severities, key=order.index, default=Severity.OK)
