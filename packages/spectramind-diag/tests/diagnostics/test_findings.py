"""Numbers in figures and tables equal numbers counted independently from the predictions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spectramind_core.components import Context, Evidence, NamedInputs
from spectramind_core.contracts import DiagnosticResult, Figure, LightCurveSet, Severity
from spectramind_core.plugins.declaration import Options
from spectramind_core.plugins.registry import Registry
from spectramind_core.storage import save
from spectramind_diag.diagnostics.shapley import group_matrix, grouped_shapley
from spectramind_diag.diagnostics.time_bins import allan, autocorrelation, binned
from spectramind_diag.options import MarkdownOptions
from spectramind_diag.report.markdown import MarkdownReport
from spectramind_diag.report.page import BokehReport
from spectramind_diag.report.png import picture

EVERY = (
    "score", "spectra", "light_curves", "frequency", "latents", "attribution", "symbolic",
    "calibration", "detector", "training", "comparison",
)  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {"latents": {"methods": ["pca"]}}


def run(name: str, evidence: Evidence, seed: int = 3, **options: Any) -> DiagnosticResult:
    registry = Registry.installed()
    component = registry.resolve("diagnostics", name)
    chosen = component.options.model_validate({**OPTIONS.get(name, {}), **options})
    result: DiagnosticResult = registry.build(component, chosen, {}).run(
        evidence, ctx=Context(seed=seed)
    )
    return result


def figure(result: DiagnosticResult, name: str) -> Figure:
    return next(figure for figure in result.figures if figure.name == name)


def layer(result: DiagnosticResult, name: str, of: str) -> Any:
    return next(layer for layer in figure(result, name).layers if layer.name == of)


def column(result: DiagnosticResult, table: str, name: str) -> Any:
    found = next(each for each in result.tables if each.name == table)
    return np.array(found.columns[name])


def test_the_score_is_the_metric_written_out_by_hand(evidence: Evidence) -> None:
    assert evidence.truth is not None
    y, mu, sigma = evidence.truth.spectra, evidence.prediction.mu, evidence.prediction.sigma
    total = weights = 0.0
    for p in range(y.shape[0]):
        for b in range(y.shape[1]):
            ideal = 1e-6 if b == 0 else 1e-5

            def g(m: float, s: float, at: float = y[p, b]) -> float:
                return float(-np.log(s) - (at - m) ** 2 / (2 * s * s))

            naive = g(evidence.scoring_mean or 0, evidence.scoring_std or 0)
            term = (g(mu[p, b], sigma[p, b]) - naive) / (g(y[p, b], ideal) - naive)
            weight = 57.846 if b == 0 else 1.0
            total, weights = total + weight * term, weights + weight
    result = run("score", evidence)
    assert result.scalars["raw_score"] == pytest.approx(total / weights, rel=1e-9)
    assert result.scalars["rmse_ppm"] == pytest.approx(1e6 * np.sqrt(np.mean((mu - y) ** 2)))
    assert result.scalars["mae_ppm"] == pytest.approx(1e6 * np.mean(np.abs(mu - y)))


def test_the_heatmap_has_the_worst_planet_on_top(evidence: Evidence) -> None:
    result = run("score", evidence)
    heatmap = layer(result, "gll_heatmap", "score")
    weights = np.ones(heatmap.values.shape[1])
    weights[0] = 57.846
    rows = heatmap.values @ weights / weights.sum()
    assert np.all(np.diff(rows) >= 0)
    assert heatmap.rows == tuple(column(result, "planets", "planet"))


def test_shares_of_the_instruments_add_up_to_the_score(evidence: Evidence) -> None:
    result = run("score", evidence)
    assert column(result, "instruments", "weight").sum() == pytest.approx(1)
    assert column(result, "instruments", "contributes").sum() == pytest.approx(
        result.scalars["raw_score"]
    )


def test_losing_against_a_baseline_is_an_alarm(evidence: Evidence) -> None:
    assert evidence.truth is not None
    ideal = evidence.prediction.replace(mu=evidence.truth.spectra)
    worse = evidence.prediction.replace(mu=evidence.prediction.mu + 1e-5)
    result = run("score", replace(evidence, prediction=worse, baselines={"other": ideal}))
    assert result.severity is Severity.ALARM
    assert "other" in result.verdict


def test_a_spectrum_in_the_figure_is_the_prediction(evidence: Evidence) -> None:
    result = run("spectra", evidence)
    mu = layer(result, "spectrum", "mu")
    row = mu.planets.index("1003")
    shown = np.delete(mu.y[row], [0, 2])  # the dash has two ends, and a gap behind it
    np.testing.assert_allclose(shown, evidence.prediction.of(["1003"]).mu[0] * 1e6)
    pull = run("spectra", evidence).scalars["pull_std"]
    assert evidence.truth is not None
    expected = (evidence.prediction.mu - evidence.truth.spectra) / evidence.prediction.sigma
    assert pull == pytest.approx(expected.std())


def test_every_pull_is_counted_once(evidence: Evidence) -> None:
    assert layer(run("spectra", evidence), "pulls", "pulls").height.sum() == pytest.approx(1)


def test_coverage_equals_an_independent_count(evidence: Evidence) -> None:
    assert evidence.truth is not None
    error = np.abs(evidence.prediction.mu - evidence.truth.spectra)
    inside = (error <= 1.6448536269514722 * evidence.prediction.sigma).mean()
    result = run("calibration", evidence)
    assert result.scalars["coverage_90"] == pytest.approx(inside)
    reliability = layer(result, "reliability", "temperature")
    assert reliability.y[np.isclose(reliability.x, 0.9)][0] == pytest.approx(inside)
    assert column(result, "steps", "coverage 90%")[1] == pytest.approx(inside)


def test_coverage_of_every_kind_equals_an_independent_count(make: Callable[..., Evidence]) -> None:
    evidence = make(planets=100)
    assert evidence.truth is not None
    truth, wavelength = evidence.truth.spectra, evidence.prediction.wavelength
    depth = np.median(evidence.prediction.mu, axis=1)
    shallow = depth <= np.quantile(depth, 1 / 3)
    methane = [(2.18 <= w <= 2.45) or (3.15 <= w <= 3.55) for w in wavelength]
    methane[0] = False
    result = run("calibration", evidence)
    kinds, after = column(result, "groups", "kind"), column(result, "groups", "after")
    covered, change = (
        column(result, "groups", "coverage 68%"),
        column(result, "groups", "Δ error 68%"),
    )
    heatmap = layer(result, "coverage_by_group", "coverage")
    for kind, planets, bins in (
        ("FGS1", slice(None), [0]),
        ("CH4 bands", slice(None), np.flatnonzero(methane)),
        ("depth: low", shallow, slice(None)),
    ):
        inside = []
        for name, step in evidence.steps:
            within = np.abs(step.mu - truth) <= 0.994457883 * step.sigma
            inside.append(within[planets][:, bins].mean())
            assert covered[(kinds == kind) & (after == name)] == pytest.approx(inside[-1])
            shown = heatmap.values[heatmap.rows.index(kind), heatmap.columns.index(f"68% {name}")]
            assert shown == pytest.approx(inside[-1] - 0.68)
        assert change[(kinds == kind) & (after == "temperature")] == pytest.approx(
            abs(inside[1] - 0.68) - abs(inside[0] - 0.68)
        )


@pytest.mark.parametrize("planets", [8, 100])
def test_kinds_of_planets_are_shown_if_there_are_enough_or_it_is_said(
    make: Callable[..., Evidence], planets: int
) -> None:
    result = run("calibration", make(planets=planets))
    rows = layer(result, "coverage_by_group", "coverage").rows
    kinds, counts = column(result, "groups", "kind"), column(result, "groups", "planets")
    of_planets = np.array([": " in kind for kind in kinds])
    assert {"all", "FGS1", "AIRS-CH0", "CH4 bands"} <= set(rows) <= set(kinds)
    assert of_planets.any() == any(": " in row for row in rows) == (planets == 100)
    assert (counts[of_planets] >= 30).all()
    assert (counts[~of_planets] == planets).all()
    said = "no kind of planet has the 30" in figure(result, "coverage_by_group").caption
    assert said == (planets == 8)


def test_a_calibrator_that_helps_lowers_the_coverage_error(evidence: Evidence) -> None:
    assert column(run("calibration", evidence), "steps", "Δ error 90%")[1] < 0


def test_power_sums_to_the_variance_of_a_tapered_spectrum() -> None:
    from spectramind_diag.diagnostics.frequency import airs, power

    rng = np.random.default_rng(1)
    wavelength = np.concatenate([[0.7], np.linspace(1.95, 3.9, 282)])
    spectra = rng.standard_normal((3, 283)) * 1e-4
    at, rows = airs(wavelength, spectra)
    fitted = [row - np.polyval(np.polyfit(at, row, 1), at) for row in rows]
    taper = np.hanning(at.size) / np.sqrt(np.mean(np.hanning(at.size) ** 2))
    tapered = np.array(fitted) * taper
    np.testing.assert_allclose(
        power(wavelength, spectra)[1].sum(axis=1), tapered.var(axis=1), rtol=1e-9
    )


def test_a_wave_shows_up_at_its_own_frequency() -> None:
    from spectramind_diag.diagnostics.frequency import power

    wavelength = np.concatenate([[0.7], np.linspace(1.95, 3.9, 282)])
    spectra = np.sin(2 * np.pi * 20 * wavelength)[None] * 1e-4
    frequency, found = power(wavelength, spectra)
    assert frequency[found[0].argmax()] == pytest.approx(20, abs=0.6)


def test_white_residuals_average_down_and_red_ones_do_not(make: Callable[..., Evidence]) -> None:
    rng = np.random.default_rng(0)
    white = rng.standard_normal(4096)
    found = allan(white, (1, 4, 16, 64))
    np.testing.assert_allclose(found * np.sqrt([1, 4, 16, 64]), found[0], rtol=0.2)
    red = allan(np.sin(np.arange(4096) / 500), (1, 64))
    assert red[1] == pytest.approx(red[0], rel=0.05)


def test_autocorrelation_equals_the_sum_written_out() -> None:
    values = np.random.default_rng(2).standard_normal(50)
    centred = values - values.mean()
    expected = [np.sum(centred[: 50 - k] * centred[k:]) / np.sum(centred**2) for k in range(6)]
    np.testing.assert_allclose(autocorrelation(values, 5), expected, atol=1e-12)


def test_time_bins_hold_the_weighted_mean_of_what_is_finite() -> None:
    time = np.array([0.1, 0.2, 0.6, 0.7])
    mean, weight = binned(
        time,
        np.array([1.0, 3.0, np.nan, 5.0]),
        np.array([0, 0.5, 1, 2.0]),
        np.array([1, 3, 1, 2.0]),
    )
    np.testing.assert_allclose(mean, [2.5, 5.0, np.nan])
    np.testing.assert_allclose(weight, [4, 2, 0])


def test_shapley_values_of_a_linear_model_are_known_and_add_up() -> None:
    rng = np.random.default_rng(4)
    weights = rng.standard_normal((6, 3))
    row, reference = rng.standard_normal(6), rng.standard_normal(6)
    names, member = group_matrix(("a", "a", "b", "c", "c", "b"))
    values, base = grouped_shapley(
        lambda rows: rows @ weights, row, reference, member, permutations=2, seed=1
    )
    assert names == ("a", "b", "c")
    contribution = (row - reference)[:, None] * weights
    np.testing.assert_allclose(values, member @ contribution, atol=1e-9)
    np.testing.assert_allclose(values.sum(axis=0) + base, row @ weights, atol=1e-9)


def test_shapley_values_add_up_where_inputs_interact() -> None:
    def model(rows: Any) -> Any:
        return np.stack([rows[:, 0] * rows[:, 1], np.tanh(rows.sum(axis=1))], axis=1)

    row, reference = np.array([1.0, 2.0, -1.0]), np.zeros(3)
    values, base = grouped_shapley(model, row, reference, np.eye(3), permutations=8, seed=1)
    np.testing.assert_allclose(values.sum(axis=0) + base, model(row[None])[0], atol=1e-9)
    # By symmetry the product is shared equally.
    np.testing.assert_allclose(values[:, 0], [1, 1, 0], atol=1e-9)


def test_what_inputs_add_to_mu_and_sigma_sums_to_the_prediction(evidence: Evidence) -> None:
    from spectramind_diag.diagnostics.shapley import explain

    estimator: Any = evidence.estimator
    assert evidence.light_curves is not None
    inputs = estimator.explain_inputs(evidence.light_curves, ctx=Context())
    reference = inputs.values.mean(axis=0)
    shap = explain(estimator, inputs, reference, 1, Context())
    predicted = estimator.predict_from(inputs.values, ctx=Context())
    for effect, whole in zip((shap.mu, shap.sigma), predicted, strict=True):
        np.testing.assert_allclose(effect.base + effect.values.sum(axis=1), 1e6 * whole, rtol=1e-9)


def test_attribution_overlay_adds_the_linear_contribution(evidence: Evidence) -> None:
    result = run("attribution", evidence)
    estimator: Any = evidence.estimator
    assert evidence.light_curves is not None
    inputs = estimator.explain_inputs(evidence.light_curves, ctx=Context())
    reference = inputs.values.mean(axis=0)
    strongest = str(column(result, "importance", "input")[0])
    feature = inputs.names.index(strongest)
    curve = layer(result, "shap_overlay", f"+ {strongest}")
    row = evidence.light_curves.planet_ids.index(curve.planets[0])
    base = 0.01 + reference @ estimator.weights
    change = (inputs.values[row] - reference)[feature] * estimator.weights[feature]
    np.testing.assert_allclose(np.delete(curve.y[0], [0, 2]), 1e6 * (base + change), rtol=1e-6)


def test_inputs_that_depend_on_the_set_are_explained(evidence: Evidence) -> None:
    """As where one planet was visited twice, and rows have room for both light curves."""
    plain: Any = evidence.estimator
    assert evidence.light_curves is not None
    often = evidence.light_curves.planet_ids[0]

    class Growing(type(plain)):  # type: ignore[misc]
        def explain_inputs(self, light_curves: LightCurveSet, *, ctx: Context) -> NamedInputs:
            found = super().explain_inputs(light_curves, ctx=ctx)
            if often not in light_curves.planet_ids:
                return found
            return NamedInputs(
                names=(*found.names, "second visit"),
                groups=(*found.groups, "second visit"),
                wavelength=np.append(found.wavelength, np.nan),
                values=np.column_stack([found.values, np.ones(len(found.values))]),
            )

        def predict_from(self, values: np.ndarray, *, ctx: Context) -> tuple[Any, Any]:
            return super().predict_from(values[:, : len(self.weights)], ctx=ctx)

    growing = Growing(plain.truth, plain.regions)
    few = {"planets": 2, "background": 3}
    for seed in range(4):  # other planets are drawn each time, with and without that one
        result = run("attribution", replace(evidence, estimator=growing), seed=seed, **few)
        assert result.figures


def test_an_outlying_visit_is_named(evidence: Evidence) -> None:
    result = run("detector", evidence)
    assert result.severity is Severity.WARNING
    assert "1002" in result.verdict
    assert "cosmic rays" in result.verdict


def test_an_outlying_visit_is_listed_with_what_is_usual(evidence: Evidence) -> None:
    result = run("detector", evidence)
    assert column(result, "outlying", "planet")[0] == "1002"
    assert column(result, "outlying", "value")[0] == 5000
    assert column(result, "outlying", "usual (median)")[0] == 50


def test_a_constant_background_stands_out_nowhere(evidence: Evidence) -> None:
    """Its standard deviation is no exact zero, and differs from visit to visit."""
    assert evidence.light_curves is not None
    visits = []
    for index, planet in enumerate(evidence.light_curves.planet_ids):
        for visit in evidence.light_curves[planet]:
            assert visit.airs is not None
            same = np.full(visit.airs.time.size, 13.1 + index / 7)
            airs = visit.airs.replace(counts={}, housekeeping={"background": same})
            visits.append(visit.replace(airs=airs))
    curves = LightCurveSet.from_visits(visits, evidence.light_curves.wavelength)
    result = run("detector", replace(evidence, light_curves=curves))
    assert not column(result, "visits_airs_ch0", "background, scatter").any()
    assert result.severity is Severity.OK


def test_a_second_visit_has_curves_of_its_own(evidence: Evidence) -> None:
    assert evidence.light_curves is not None
    (only,) = evidence.light_curves["1003"]
    visits = [v for planet in evidence.light_curves for v in planet]
    curves = LightCurveSet.from_visits(
        [*visits, only.replace(visit=1)], evidence.light_curves.wavelength
    )
    result = run("detector", replace(evidence, light_curves=curves))
    again = layer(result, "housekeeping_airs_ch0_0", "background, visit 1")
    assert again.planets == ("1003",)


def test_rules_that_hold_everywhere_leave_nothing_to_map(evidence: Evidence) -> None:
    assert evidence.rules is not None
    none = np.zeros_like(evidence.rules.violation)
    held = evidence.rules.replace(violation=none, influence=none)
    result = run("symbolic", replace(evidence, rules=held))
    assert [figure.name for figure in result.figures] == ["trend"]
    assert "nothing to map" in result.verdict
    assert set(column(result, "rules", "worst planet")) == {"none"}


def test_residuals_have_the_errors_that_the_variance_promises(evidence: Evidence) -> None:
    result = run("light_curves", evidence, points=100)
    shown = layer(result, "residual_fgs1", "data - model")
    assert shown.error[0] == pytest.approx(200 / np.sqrt(4))  # four samples of 200 ppm in each
    fit = evidence.transit_fits[0]
    together = (fit.flux - fit.transit * fit.drift).reshape(100, 4).mean(axis=1)
    np.testing.assert_allclose(shown.y[0], 1e6 * together, rtol=1e-6, atol=1e-6)


def test_lags_are_minutes(evidence: Evidence) -> None:
    curve = layer(run("light_curves", evidence), "autocorrelation_fgs1", "chosen planet")
    assert curve.x[0] == pytest.approx(60 * 7.5 / 400)


def test_rules_are_counted_as_the_report_says(evidence: Evidence) -> None:
    assert evidence.rules is not None
    result = run("symbolic", evidence)
    np.testing.assert_allclose(
        column(result, "rules", "mean violation"), evidence.rules.violation.mean(axis=(1, 2))
    )
    assert column(result, "rules", "share of planets")[1] == 0


def test_training_curves_hold_what_was_logged(evidence: Evidence) -> None:
    result = run("training", evidence)
    np.testing.assert_allclose(
        layer(result, "training_loss", "v50, stage 1").y, 3 - 0.1 * np.arange(10)
    )
    assert "truncated" in column(result, "failures", "error")


def test_runs_are_compared_on_the_planets_they_share(evidence: Evidence, tmp_path: Path) -> None:
    other = evidence.prediction.replace(sigma=evidence.prediction.sigma * 5).of(
        evidence.prediction.planet_ids[3:]
    )
    (tmp_path / "day" / "run" / "predictions").mkdir(parents=True)
    save(other, tmp_path / "day" / "run" / "predictions" / "final.h5")
    (tmp_path / "day" / "run" / "metrics.json").write_text(json.dumps({"score": 0.1}))
    runs = (tmp_path / "day" / "run", tmp_path / "absent")
    result = run("comparison", replace(evidence, runs=runs))
    np.testing.assert_allclose(column(result, "runs", "planets shared"), [12, 9])
    assert column(result, "runs", "this run's advantage")[1] > 0
    assert "absent is left out" in result.verdict


def test_a_run_is_not_said_to_beat_its_equal(evidence: Evidence, tmp_path: Path) -> None:
    (tmp_path / "day" / "run" / "predictions").mkdir(parents=True)
    save(evidence.prediction, tmp_path / "day" / "run" / "predictions" / "final.h5")
    (tmp_path / "day" / "run" / "metrics.json").write_text(json.dumps({"score": 0.1}))
    result = run("comparison", replace(evidence, runs=(tmp_path / "day" / "run",)))
    assert "scores the same" in result.verdict
    assert "best" not in result.verdict


def poor(whole: Evidence) -> Iterator[Evidence]:
    """Runs that know little, or know it badly."""
    alone = whole.prediction.of(["1001"])
    yield Evidence(prediction=alone)
    yield replace(whole, prediction=alone, truth=None, steps=(), baselines={})
    constant = whole.prediction.replace(mu=np.full_like(whole.prediction.mu, 0.01))
    yield replace(whole, prediction=constant, steps=(), training_truth=None)
    unknown = whole.prediction.replace(
        planet_features={"snr": np.full(3, np.nan)}, bin_features={}, latents=None
    )
    yield replace(whole, prediction=unknown, estimator=None, transit_fits=())
    nothing = tuple(
        fit.replace(flux=np.full_like(fit.flux, np.nan), error=np.full_like(fit.error, np.nan))
        for fit in whole.transit_fits
    )
    yield replace(whole, transit_fits=nothing)
    assert whole.light_curves is not None
    dead = []
    for visits in whole.light_curves:
        for visit in visits:
            assert visit.airs is not None
            flux = np.full_like(visit.airs.flux, np.nan)
            airs = visit.airs.replace(flux=flux, valid=np.zeros(flux.shape, bool), housekeeping={})
            dead.append(visit.replace(airs=airs, fgs1=None))
    curves = LightCurveSet.from_visits(dead, whole.light_curves.wavelength)
    yield replace(whole, light_curves=curves, transit_fits=())


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.filterwarnings("error::RuntimeWarning")
def test_poor_evidence_is_said_and_fails_nothing(
    name: str, make: Callable[..., Evidence], tmp_path: Path
) -> None:
    for index, given in enumerate(poor(make(3, 20, 20))):
        result = run(name, given)
        assert result.verdict
        assert isinstance(result.severity, Severity)
        folder = tmp_path / str(index)
        (page,) = BokehReport(Options()).write([result], given, folder=folder, ctx=Context())
        MarkdownReport(MarkdownOptions()).write([result], given, folder=folder, ctx=Context())
        assert f'id="{name}"' in page.read_text()
        for each in result.figures:
            picture(each)


def test_missing_latents_are_said_to_be_missing(make: Callable[..., Evidence]) -> None:
    bare = Evidence(prediction=make(3, 20, 20).prediction.replace(latents=None))
    assert run("latents", bare).severity is Severity.MISSING
