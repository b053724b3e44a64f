"""Rules together: as a loss, as constraints, and as maps of who breaks what and where."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from spectramind_core.components import RulePart, Scene
from spectramind_core.contracts import Prediction
from spectramind_core.testing.synthetic import wavelength_grid
from spectramind_models.rules import options, penalty
from spectramind_models.rules.asymmetry import Asymmetry
from spectramind_models.rules.bounds import Bounds
from spectramind_models.rules.fft_power import FftPower
from spectramind_models.rules.molecular_coherence import MolecularCoherence
from spectramind_models.rules.photonic_alignment import PhotonicAlignment
from spectramind_models.rules.smoothness import Smoothness
from spectramind_models.rules.total_variation import TotalVariation

GRID = wavelength_grid()
SCENE = Scene(wavelength=GRID)
EVERY = (
    RulePart("smoothness", Smoothness(options.SmoothnessOptions()), 0.5),
    RulePart("total_variation", TotalVariation(options.TotalVariationOptions(limit=300)), 0.1),
    RulePart("fft_power", FftPower(options.FftPowerOptions()), 0.2),
    RulePart("bounds", Bounds(options.BoundsOptions(max_depth=0.0105)), 0.0),
    RulePart("asymmetry", Asymmetry(options.AsymmetryOptions()), 0.3),
    RulePart("molecular_coherence", MolecularCoherence(options.MolecularCoherenceOptions()), 0.1),
    RulePart("photonic_alignment", PhotonicAlignment(options.PhotonicAlignmentOptions()), 1.0),
)


class Untouchable:
    """A rule that must not be asked."""

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        raise AssertionError("evaluated at weight 0")

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        raise AssertionError("projected although soft")


class Adds:
    """A rule whose violation is a constant, and whose projection adds one."""

    def __init__(self, amount: float) -> None:
        self.amount = amount

    def violation(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> Tensor:
        return torch.full_like(mu, self.amount)

    def project(self, mu: Tensor, sigma: Tensor, *, scene: Scene) -> tuple[Tensor, Tensor]:
        return 2 * mu + self.amount, sigma


def rough() -> tuple[Tensor, Tensor]:
    """Two planets that break every rule."""
    rng = np.random.default_rng(3)
    mu = 0.01 + 5e-4 * rng.standard_normal((2, GRID.size))
    band = (GRID > 3.15) & (GRID < 3.55)
    mu[:, band] -= 1e-3
    mu[:, (GRID > 2.18) & (GRID < 2.45)] += 1e-3
    mu[:, 0] += 5e-3
    return torch.from_numpy(mu), torch.full((2, GRID.size), 1e-4, dtype=torch.float64)


def test_the_penalty_is_the_weighted_mean_violation_times_what_the_stage_says() -> None:
    rules = [RulePart("a", Adds(2.0), 0.5), RulePart("b", Adds(3.0), 0.1, "hard")]
    factors = {"a": 1.0, "b": 4.0}
    found = penalty.penalty(rules, *rough(), scene=SCENE, factor=factors.__getitem__)
    assert float(found) == pytest.approx(0.5 * 2 + 0.1 * 4 * 3)


@pytest.mark.parametrize(("weight", "factor"), [(0.0, 1.0), (1.0, 0.0)])
def test_a_rule_of_weight_zero_is_not_even_evaluated(weight: float, factor: float) -> None:
    rules = [RulePart("x", Untouchable(), weight)]
    assert float(penalty.penalty(rules, *rough(), scene=SCENE, factor=lambda _: factor)) == 0


def test_hard_rules_project_in_their_order_and_soft_ones_do_not() -> None:
    mu, sigma = rough()
    rules = [
        RulePart("first", Adds(1.0), 0.0, "hard"),
        RulePart("soft", Untouchable(), 1.0, "soft"),
        RulePart("second", Adds(5.0), 0.0, "hard"),
    ]
    projected, same = penalty.project(rules, mu, sigma, scene=SCENE)
    torch.testing.assert_close(projected, 2 * (2 * mu + 1) + 5)
    assert torch.equal(same, sigma)


@pytest.mark.parametrize("part", EVERY, ids=lambda part: part.name)
def test_influence_maps_agree_with_finite_differences_at_every_bin(part: RulePart) -> None:
    mu, sigma = (each.numpy() for each in rough())
    prediction = Prediction(planet_ids=("a", "b"), wavelength=GRID, mu=mu, sigma=sigma)
    report = penalty.report([part], prediction)
    assert (report.rules, report.weight.tolist()) == ((part.name,), [part.weight])
    assert (report.violation[0].sum(1) > 0).all()

    def total(spectra: np.ndarray) -> float:
        violation = part.rule.violation(
            torch.from_numpy(spectra), torch.from_numpy(sigma[:1]), scene=SCENE
        )
        return float(violation.sum())

    step = 1e-8
    ends = [
        [total(mu[:1] + sign * step * one) for one in np.eye(GRID.size)] for sign in (1.0, -1.0)
    ]
    numeric = (np.array(ends[0]) - np.array(ends[1])) / (2 * step)
    size = np.abs(numeric).max()
    assert size > 0
    np.testing.assert_allclose(report.influence[0, 0], numeric, rtol=1e-3, atol=1e-4 * size)


def test_no_rules_make_an_empty_report() -> None:
    mu, sigma = (each.numpy() for each in rough())
    prediction = Prediction(planet_ids=("a", "b"), wavelength=GRID, mu=mu, sigma=sigma)
    report = penalty.report([], prediction)
    assert report.violation.shape == report.influence.shape == (0, 2, GRID.size)
