"""Figures as data become glyphs: gaps, colours, names of rows, numbers in tables."""

from __future__ import annotations

import numpy as np
import pytest

from spectramind_core.contracts import Band, Bars, Line, PlanetBand, PlanetLines, Spans
from spectramind_diag.report.marks import closed
from spectramind_diag.report.numbers import cells
from spectramind_diag.report.palette import LINES, hues
from spectramind_diag.shapes import broken


def test_a_band_covers_nothing_in_its_gap_and_all_of_the_rest() -> None:
    x = np.array([0.0, 1.0, 1.5, 2.0, 3.0, 5.0])
    lower = np.array([[1.0, 1.0, np.nan, 0.0, 0.0, 0.0], [2.0, 2.0, np.nan, 5.0, 5.0, 5.0]])
    height = np.array([2.0, 2.0, np.nan, 1.0, 1.0, 1.0])
    at, (low, high) = closed(x, lower, lower + height)
    assert np.isfinite(low).all()
    for row in range(2):
        inside = (at[:-1] >= 1) & (at[1:] <= 2) & (np.diff(at) > 0)
        assert np.all(high[row][:-1][inside] == low[row][:-1][inside])
        assert np.trapezoid(high[row] - low[row], at) == pytest.approx(2 * 1 + 1 * 3)


def test_a_band_without_a_gap_is_left_alone() -> None:
    x = np.arange(4.0)
    lower = np.array([[0.0, np.nan, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
    at, (low, _) = closed(x, lower, lower + 1)
    assert at is x
    assert low is lower


def test_the_photometer_is_a_dash_apart_from_the_spectrum() -> None:
    wavelength = np.array([0.7, 1.95, 2.0, 2.1])
    at, curves = broken(wavelength, np.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]))
    np.testing.assert_array_equal(curves, [[1, 1, np.nan, 2, 3, 4], [5, 5, np.nan, 6, 7, 8]])
    assert np.all(np.diff(at) > 0)
    assert at[2] < wavelength[1]
    np.testing.assert_array_equal(at[3:], wavelength[1:])


def test_the_chosen_planet_has_the_same_colour_in_every_figure() -> None:
    x = np.zeros(2)
    one = np.zeros((1, 2))
    spans = Spans(name="s", left=x[:1], right=x[:1], labels=("H2O",))
    training = Band(name="training", x=x, lower=x, upper=x)
    median = Line(name="training median", x=x, y=x)
    within = PlanetBand(name="mu ± sigma", planets=("1",), x=x, lower=one, upper=one)
    planet = PlanetLines(name="mu", planets=("1",), x=x, y=one)
    bars = Bars(name="b", left=x, right=x, height=x)
    assert hues([spans, training, median, within, planet, bars])[1:] == [
        LINES[1], LINES[1], LINES[0], LINES[0], LINES[2],
    ]  # fmt: skip
    assert hues([planet, training]) == [LINES[0], LINES[1]], "a band that nothing follows"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ((24837.4, 8508.39, 7.1), ["24837", "8508", "7"]),
        ((0.56, -0.00001, 0.32912), ["0.56", "-1e-05", "0.3291"]),
        ((0.56097, 0.0101), ["0.5610", "0.0101"]),
        ((122.06, 93.497), ["122.1", "93.5"]),
        ((3.0, 0.0, -2.0), ["3", "0", "-2"]),
        ((1.5, float("nan")), ["1.500", "–"]),
        (("a", "b"), ["a", "b"]),
        ((), []),
        ((float("nan"),), ["–"]),
    ],
)
def test_columns_have_the_decimals_that_tell(values: tuple[float, ...], texts: list[str]) -> None:
    assert cells(values) == texts
