"""Estimator v50: the conformance kit, and what its issue promises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from spectramind_core.components import (
    Attends,
    ChecksRules,
    Context,
    Explainable,
    FitsTransits,
    Labelled,
    RulePart,
)
from spectramind_core.contracts import LightCurveSet
from spectramind_core.errors import StorageError, TrainingError
from spectramind_core.testing import EstimatorTests
from spectramind_models.graph.gat import GatEncoder
from spectramind_models.graph.options import GraphOptions
from spectramind_models.heads.low_rank import LowRank
from spectramind_models.heads.options import LowRankOptions
from spectramind_models.rules.bounds import Bounds
from spectramind_models.rules.options import BoundsOptions, SmoothnessOptions
from spectramind_models.rules.smoothness import Smoothness
from spectramind_models.training.options import StageOptions, TrainingOptions
from spectramind_models.transit.estimators import Wiener
from spectramind_models.v50.estimator import FILE, V50
from spectramind_models.v50.options import V50Options

SHORT = TrainingOptions(
    stages=(StageOptions(epochs=2, learning_rate=1e-3, joint=0.2, reobserve=0.5),), batch_size=8
)
OPTIONS = V50Options(width=16, tokens=16, folds=3, training=SHORT)
SPEC = {"component": "spectramind-models:v50@4"}


def context(folder: Path, **more: Any) -> Context:
    return Context(seed=5, folder=folder, spec=SPEC, **more)


@pytest.fixture(scope="session")
def fitted(
    labelled: Labelled, parts: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> V50:
    estimator = V50(OPTIONS, parts)
    estimator.fit(labelled, validation=None, ctx=context(tmp_path_factory.mktemp("fit")))
    return estimator


class TestV50(EstimatorTests):
    name = "v50"
    planets = 12
    options = {
        "width": 16,
        "tokens": 16,
        "folds": 3,
        "training": {"stages": [{"epochs": 1}], "batch_size": 8},
    }

    @pytest.fixture(autouse=True)
    def _light_parts(self, parts: dict[str, Any]) -> None:
        self._parts = parts

    def parts(self) -> Mapping[str, Any]:
        return self._parts


def test_untrained_it_is_the_physics_posterior(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    still = TrainingOptions(stages=(StageOptions(epochs=1, learning_rate=1e-30),))
    estimator = V50(OPTIONS.model_copy(update={"training": still}), parts)
    wiener = Wiener(OPTIONS.physics)
    ctx = context(tmp_path)
    some = Labelled(labelled.light_curves, labelled.truth)
    estimator.fit(some, validation=some, ctx=ctx)
    wiener.fit(some, validation=None, ctx=ctx)
    ours, physics = (e.predict(some.light_curves, ctx=ctx) for e in (estimator, wiener))
    np.testing.assert_array_equal(ours.mu, physics.mu)
    np.testing.assert_array_equal(ours.sigma, physics.sigma)


def test_visits_teach_the_fit_unless_told_otherwise() -> None:
    in_part = V50Options.model_validate({"physics": {"drift_order": 3}})
    assert in_part.physics.population
    assert not V50Options.model_validate({"physics": {"population": False}}).physics.population


def test_training_moves_it_away_from_physics(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    hard = TrainingOptions(stages=(StageOptions(epochs=6, learning_rate=5e-3),), batch_size=6)
    estimator = V50(OPTIONS.model_copy(update={"training": hard}), parts)
    ctx = context(tmp_path)
    estimator.fit(labelled, validation=labelled, ctx=ctx)
    wiener = Wiener(OPTIONS.physics)
    wiener.fit(labelled, validation=None, ctx=ctx)
    ours, physics = (e.predict(labelled.light_curves, ctx=ctx) for e in (estimator, wiener))
    assert float(np.abs(ours.sigma / physics.sigma - 1).max()) > 0.01


def test_a_planet_of_nothing_but_nan_never_reaches_another(
    fitted: V50, labelled: Labelled, tmp_path: Path
) -> None:
    ids = labelled.light_curves.planet_ids
    (spoilt,) = labelled.light_curves[ids[0]]
    assert spoilt.fgs1 is not None
    assert spoilt.airs is not None
    dead = {
        name: curve.replace(flux=np.full_like(curve.flux, np.nan), valid=np.zeros_like(curve.valid))
        for name, curve in (("fgs1", spoilt.fgs1), ("airs", spoilt.airs))
    }
    others = [labelled.light_curves[planet][0] for planet in ids[1:4]]
    with_nan = LightCurveSet.from_visits(
        [spoilt.replace(**dead), *others], labelled.light_curves.wavelength
    )
    together = fitted.predict(with_nan, ctx=context(tmp_path))
    alone = fitted.predict(labelled.light_curves.of(ids[1:4]), ctx=context(tmp_path))
    assert np.all(np.isfinite(together.mu))
    np.testing.assert_allclose(together.of(ids[1:4]).mu, alone.mu, rtol=0, atol=1e-11)
    np.testing.assert_allclose(together.of(ids[1:4]).sigma, alone.sigma, rtol=0, atol=1e-11)


def test_several_visits_masked_bins_and_an_absent_instrument_work(
    fitted: V50, labelled: Labelled, tmp_path: Path
) -> None:
    first, second, third = (
        labelled.light_curves[planet][0] for planet in labelled.light_curves.planet_ids[:3]
    )
    assert second.airs is not None
    valid = np.array(second.airs.valid)
    valid[:, 40:80] = False
    visits = [
        first,
        first.replace(visit=1),
        second.replace(airs=second.airs.replace(valid=valid)),
        third.replace(fgs1=None),
    ]
    some = LightCurveSet.from_visits(visits, labelled.light_curves.wavelength)
    found = fitted.predict(some, ctx=context(tmp_path))
    assert found.mu.shape == (3, 283)
    assert found.planet_features["visits"][0] == 2
    # What lies under the mask is no light: it must not matter, and the mask itself must.
    spoilt = second.airs.replace(flux=np.where(valid, second.airs.flux, 1e9), valid=valid)
    ctx = context(tmp_path)
    others = [
        fitted.predict(LightCurveSet.from_visits([visit], found.wavelength), ctx=ctx)
        for visit in (visits[2], second.replace(airs=spoilt), second)
    ]
    masked, covered, seen = others
    np.testing.assert_array_equal(masked.mu, covered.mu)
    np.testing.assert_array_equal(masked.sigma, covered.sigma)
    assert np.all(masked.mu[0, 41:81] != seen.mu[0, 41:81])


def test_masked_bins_are_less_sure(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    # Under the options' priors: learnt ones state white light's error anew for each fit, and that
    # moves all bins by more than a mask moves its own.
    physics = OPTIONS.physics.model_copy(update={"population": False})
    estimator = V50(OPTIONS.model_copy(update={"physics": physics}), parts)
    ctx = context(tmp_path)
    estimator.fit(labelled, validation=None, ctx=ctx)
    (visit,) = labelled.light_curves[labelled.light_curves.planet_ids[1]]
    assert visit.airs is not None
    valid = np.array(visit.airs.valid)
    valid[:, 40:80] = False
    whole, masked = (
        estimator.predict(LightCurveSet.from_visits([each], estimator._wavelength), ctx=ctx)
        for each in (visit, visit.replace(airs=visit.airs.replace(valid=valid)))
    )
    assert masked.sigma[0, 41:81].mean() > 1.02 * whole.sigma[0, 41:81].mean()


def test_a_killed_training_ends_as_a_straight_one_to_the_bit(
    fitted: V50, labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    def kill(name: str, values: Mapping[str, float]) -> None:
        if values["epoch"] == 2:
            raise KeyboardInterrupt

    estimator = V50(OPTIONS, parts)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(labelled, validation=None, ctx=context(tmp_path, metrics=kill))
    again = V50(OPTIONS, parts)
    again.fit(labelled, validation=None, ctx=context(tmp_path))
    ctx = context(tmp_path)
    assert again.predict(labelled.light_curves, ctx=ctx) == fitted.predict(
        labelled.light_curves, ctx=ctx
    )


def test_epochs_tell_their_member_and_how_rules_fare(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    told: list[Mapping[str, Any]] = []
    rules = [
        RulePart("tight", Bounds(BoundsOptions(max_depth=0.001)), 0.1),
        RulePart("loose", Bounds(BoundsOptions(max_depth=0.9)), 0.1),
        RulePart("ignored", Bounds(BoundsOptions()), 0.0),
    ]
    estimator = V50(OPTIONS.model_copy(update={"members": 2}), {**parts, "rules": rules})
    ctx = context(tmp_path, metrics=lambda name, values: told.append({"event": name, **values}))
    estimator.fit(labelled, validation=labelled, ctx=ctx)
    assert [(each["member"], each["epoch"]) for each in told] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    for each in told:
        assert each["rule_tight"] > 0
        assert each["rule_loose"] == 0
        assert "rule_ignored" not in each


def test_bins_hear_nothing_from_bins_that_were_not_measured(
    fitted: V50, labelled: Labelled, tmp_path: Path
) -> None:
    (visit,) = labelled.light_curves[labelled.light_curves.planet_ids[0]]
    assert visit.airs is not None
    valid = np.array(visit.airs.valid)
    valid[:, 40:80] = False
    some = LightCurveSet.from_visits(
        [visit.replace(airs=visit.airs.replace(valid=valid))], labelled.light_curves.wavelength
    )
    heard: list[np.ndarray] = []
    airs = fitted._networks[0].airs
    assert airs is not None
    hook = airs.register_forward_pre_hook(lambda _, given: heard.append(given[1].numpy()))
    fitted.predict(some, ctx=context(tmp_path))
    hook.remove()
    assert np.flatnonzero(~heard[0][0]).tolist() == list(range(41, 81))


def test_members_form_a_mixture_and_come_back_from_disk(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    covariance = {**parts, "heads.covariance": LowRank(LowRankOptions(rank=2))}
    options = OPTIONS.model_copy(update={"members": 2})
    estimator = V50(options, covariance)
    estimator.fit(labelled, validation=labelled, ctx=context(tmp_path))
    saved = tmp_path / "saved"
    saved.mkdir()
    estimator.save(saved)
    loaded = V50(options, covariance)
    loaded.load(saved)
    ctx = context(tmp_path)
    found = estimator.predict(labelled.light_curves, ctx=ctx)
    assert loaded.predict(labelled.light_curves, ctx=ctx) == found
    assert found.factors is not None
    assert found.factors.shape[1] == 4
    assert np.all(np.sum(found.factors**2, axis=1) < found.sigma**2)


def test_a_stage_that_scales_a_misspelt_rule_is_refused(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    stages = (StageOptions(epochs=1, rule_factors={"smothness": 2.0}),)
    wrong = OPTIONS.model_copy(update={"training": TrainingOptions(stages=stages)})
    with pytest.raises(TrainingError, match="smothness"):
        V50(wrong, parts).fit(labelled, validation=None, ctx=context(tmp_path))


def test_what_is_saved_says_what_it_is_and_damage_is_found(
    fitted: V50, parts: dict[str, Any], tmp_path: Path
) -> None:
    fitted.save(tmp_path)
    path = tmp_path / FILE
    raw = path.read_bytes()
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    about = json.loads(header["__metadata__"]["about"])
    assert about["options"]["width"] == 16
    assert about["spec"] == SPEC
    assert len(header["__metadata__"]["sha256"]) == 64
    path.write_bytes(raw[:-4] + b"\x00\x00\x80\x3f")
    with pytest.raises(StorageError, match="not those that were saved"):
        V50(OPTIONS, parts).load(tmp_path)
    path.write_bytes(raw)
    with pytest.raises(StorageError, match="another build"):
        V50(OPTIONS.model_copy(update={"width": 20}), parts).load(tmp_path)


def test_hard_rules_hold_after_prediction_and_soft_ones_are_reported(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    rules = [
        RulePart("smoothness", Smoothness(SmoothnessOptions(limit=2.0)), 0.1, "hard"),
        RulePart("bounds", Bounds(BoundsOptions(max_depth=0.015)), 0.0, "soft"),
    ]
    estimator = V50(OPTIONS, {**parts, "rules": rules})
    ctx = context(tmp_path)
    estimator.fit(labelled, validation=labelled, ctx=ctx)
    found = estimator.predict(labelled.light_curves, ctx=ctx)
    report = estimator.rule_report(found, labelled.light_curves, ctx=ctx)
    assert report.rules == ("smoothness", "bounds")
    assert report.weight.tolist() == [0.1, 0.0]
    assert float(report.violation[0].max()) < 1e-9
    too_deep = found.mu > 0.015
    assert too_deep.any()
    assert np.array_equal(report.violation[1] > 0, too_deep)
    assert np.array_equal(report.influence[1] > 0, too_deep)


def test_its_inputs_have_names_and_lead_back_to_its_predictions(
    fitted: V50, labelled: Labelled, tmp_path: Path
) -> None:
    ctx = context(tmp_path)
    (visit,) = labelled.light_curves[labelled.light_curves.planet_ids[0]]
    visits = [visit.replace(system=None, planet_id="unknown star"), visit.replace(fgs1=None)]
    some = LightCurveSet.from_visits(
        [*visits, *(labelled.light_curves[p][0] for p in labelled.light_curves.planet_ids[1:4])],
        labelled.light_curves.wavelength,
    )
    named = fitted.explain_inputs(some, ctx=ctx)
    assert len(named.names) == len(set(named.names)) == len(named.groups) == named.values.shape[1]
    assert len(set(named.groups)) < 40
    assert len({group for group in named.groups if group.startswith("FGS1 light curve")}) == 4
    assert np.all(np.isfinite(named.values))
    mu, sigma = fitted.predict_from(named.values, ctx=ctx)
    expected = fitted.predict(some, ctx=ctx)
    np.testing.assert_allclose(mu, expected.mu, rtol=0, atol=1e-10)
    np.testing.assert_allclose(sigma, expected.sigma, rtol=0, atol=1e-10)
    column = named.names.index("depth at 2.699 micron")
    deeper = named.values.copy()
    deeper[:, column] += 1e-3
    assert np.all(fitted.predict_from(deeper, ctx=ctx)[0][1:, column] > mu[1:, column])


def test_it_satisfies_the_interfaces_that_diagnostics_look_for(fitted: V50) -> None:
    for interface in (FitsTransits, ChecksRules, Explainable, Attends):
        assert isinstance(fitted, interface)


def test_attention_is_zero_without_an_encoder_that_attends_and_rows_sum_to_one_with(
    fitted: V50, labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    ctx = context(tmp_path)
    some = labelled.light_curves.of(labelled.light_curves.planet_ids[:2])
    assert not fitted.attention(some, ctx=ctx).any()
    attentive = V50(OPTIONS, {**parts, "encoders.airs": GatEncoder(GraphOptions(width=8))})
    attentive.fit(labelled, validation=None, ctx=ctx)
    np.testing.assert_allclose(attentive.attention(some, ctx=ctx).sum(1), 1, rtol=1e-5)


def test_too_few_planets_are_told(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    ids = labelled.light_curves.planet_ids[:5]
    few = Labelled(labelled.light_curves.of(ids), labelled.truth.of(ids))
    with pytest.raises(TrainingError, match="too few"):
        V50(OPTIONS, parts).fit(few, validation=few, ctx=context(tmp_path))


def test_global_random_state_is_left_alone(
    labelled: Labelled, parts: dict[str, Any], tmp_path: Path
) -> None:
    before = torch.get_rng_state()
    V50(OPTIONS, parts).fit(labelled, validation=labelled, ctx=context(tmp_path))
    assert torch.equal(before, torch.get_rng_state())
