"""Each rule against the conformance kit, and against what its own name promises."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectramind_core.components import Scene
from spectramind_core.testing import RuleTests
from spectramind_core.testing.synthetic import wavelength_grid
from spectramind_models.rules import options
from spectramind_models.rules.asymmetry import Asymmetry
from spectramind_models.rules.excess import excess
from spectramind_models.rules.fft_power import high_pass
from spectramind_models.rules.molecular_coherence import MolecularCoherence
from spectramind_models.rules.photonic_alignment import PhotonicAlignment
from spectramind_models.rules.smoothness import Smoothness
from spectramind_models.rules.total_variation import TotalVariation

GRID = wavelength_grid()
SCENE = Scene(wavelength=GRID)


def flat(depth: float = 0.01, planets: int = 2) -> tuple[Tensor, Tensor]:
    mu = torch.full((planets, GRID.size), depth, dtype=torch.float64)
    return mu, torch.full_like(mu, 1e-4)


def in_band(low: float, high: float) -> Tensor:
    return torch.from_numpy((low <= GRID) & (high >= GRID))


class TestSmoothness(RuleTests):
    name = "smoothness"

    def test_a_hard_projection_keeps_the_limit(self) -> None:
        mu, sigma = self.violating(0.01)
        rule = self.build()
        projected, _ = rule.project(mu, sigma, scene=SCENE)
        assert float(rule.violation(mu, sigma, scene=SCENE).sum()) > 0
        assert float(rule.violation(projected, sigma, scene=SCENE).sum()) < 1e-9

    def test_fgs1_is_no_neighbour(self) -> None:
        mu, sigma = flat()
        mu[:, 0] += 0.001
        assert float(self.build().violation(mu, sigma, scene=SCENE).sum()) == 0

    def test_the_offence_is_shown_where_it_is(self) -> None:
        mu, sigma = flat()
        mu[1, 100] += 0.001
        violation = self.build().violation(mu, sigma, scene=SCENE)
        assert violation.nonzero().tolist() == [[1, 99], [1, 100], [1, 101]]


class TestTotalVariation(RuleTests):
    name = "total_variation"

    def test_a_hard_projection_keeps_the_limit(self) -> None:
        mu, sigma = self.violating(0.1)
        rule = self.build()
        projected, _ = rule.project(mu, sigma, scene=SCENE)
        assert float(projected[:, 1:].diff(dim=1).abs().sum(1).max()) <= 6000.1e-6

    def test_a_broad_slope_within_the_limit_is_free(self) -> None:
        mu, sigma = flat()
        mu[:, 1:] += torch.linspace(0, 5e-3, GRID.size - 1)
        assert float(self.build().violation(mu, sigma, scene=SCENE).sum()) == 0


class TestFftPower(RuleTests):
    name = "fft_power"

    def test_a_hard_projection_keeps_the_limit(self) -> None:
        mu, sigma = self.violating(0.1)
        rule = self.build()
        projected, _ = rule.project(mu, sigma, scene=SCENE)
        assert float(rule.violation(projected, sigma, scene=SCENE).sum()) < 1e-9

    def test_slow_waves_pass_and_fast_ones_do_not(self) -> None:
        bins = torch.arange(282, dtype=torch.float64)
        for cycles, kept in ((0.02, False), (0.3, True)):
            wave = torch.cos(2 * torch.pi * cycles * (bins + 0.5))[None]
            fine = high_pass(wave, 0.12)[:, 20:-20]
            assert float((fine - kept * wave[:, 20:-20]).abs().max()) < 0.05

    def test_filtering_twice_is_filtering_once(self) -> None:
        rough = torch.from_numpy(np.random.default_rng(0).standard_normal((3, 282)))
        once = high_pass(rough, 0.12)
        torch.testing.assert_close(high_pass(once, 0.12), once)


class TestBounds(RuleTests):
    name = "bounds"

    def test_a_hard_projection_keeps_mu_and_sigma_inside(self) -> None:
        mu, sigma = self.violating(1.0)
        rule = self.build()
        projected = rule.project(mu, -sigma, scene=SCENE)
        assert float(projected[0].min()) == 0
        assert float(projected[1].min()) > 0
        assert float(rule.violation(*projected, scene=SCENE).sum()) == 0

    def test_a_sigma_out_of_bounds_is_an_offence_too(self) -> None:
        mu, sigma = flat()
        assert float(self.build().violation(mu, sigma + 1, scene=SCENE).min()) > 0


class TestAsymmetry(RuleTests):
    name = "asymmetry"

    def test_peaks_are_free_and_dips_are_not(self) -> None:
        rule = self.build()
        mu, sigma = flat()
        mu[0, 80] += 0.001
        mu[1, 80] -= 0.001
        violation = rule.violation(mu, sigma, scene=SCENE)
        assert float(violation[0].sum()) == 0
        assert violation[1].nonzero().flatten().tolist() == [80]

    def test_a_wide_window_between_bands_is_free(self) -> None:
        mu, sigma = flat()
        mu[:, 60:90] -= 7e-5
        assert float(self.build().violation(mu, sigma, scene=SCENE).sum()) == 0

    def test_filling_keeps_the_rule_and_lowers_nothing(self) -> None:
        mu, sigma = self.violating(0.05)
        rule = self.build()
        filled, _ = rule.project(mu, sigma, scene=SCENE)
        assert float(rule.violation(filled, sigma, scene=SCENE).sum()) < 1e-9
        assert bool((filled >= mu).all())

    def test_a_short_grid_has_short_sides(self) -> None:
        grid = wavelength_grid(8)
        mu = torch.full((1, 8), 0.01, dtype=torch.float64)
        rule = Asymmetry(options.AsymmetryOptions(reach=50))
        assert float(rule.violation(mu, mu, scene=Scene(wavelength=grid)).sum()) == 0


class TestMolecularCoherence(RuleTests):
    name = "molecular_coherence"

    def violating(self, amount: float) -> tuple[Tensor, Tensor]:
        mu, sigma = flat()
        methane = in_band(2.18, 2.45).double() - 0.7 * in_band(3.15, 3.55).double()
        return mu + 0.001 * amount * methane, sigma

    def test_bands_that_rise_together_are_free(self) -> None:
        mu, sigma = flat()
        mu += 0.001 * (in_band(2.18, 2.45) | in_band(3.15, 3.55))
        assert float(self.build().violation(mu, sigma, scene=SCENE).sum()) == 0

    def test_only_bins_of_the_molecule_are_blamed(self) -> None:
        violation = self.build().violation(*self.violating(1.0), scene=SCENE)
        assert bool((violation[:, in_band(3.15, 3.55)] > 0).all())
        assert float(violation[:, in_band(3.6, 4.0)].max()) == 0
        assert float(violation[:, 0].max()) == 0

    def test_a_hard_projection_keeps_the_limit(self) -> None:
        mu, sigma = self.violating(1.0)
        projected = self.build().project(mu, sigma, scene=SCENE)
        assert float(self.build().violation(*projected, scene=SCENE).sum()) < 1e-9

    def test_a_grid_without_bands_asks_nothing(self) -> None:
        scene = Scene(wavelength=np.array([0.7, 3.6, 3.7]))
        mu = torch.rand(2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        rule = MolecularCoherence(options.MolecularCoherenceOptions())
        assert float(rule.violation(mu, mu, scene=scene).sum()) == 0


class TestPhotonicAlignment(RuleTests):
    name = "photonic_alignment"

    def scene(self) -> Scene:
        mu, sigma = flat()
        features = {"physics_depth": mu, "physics_sigma": sigma}
        return Scene(wavelength=GRID, features=features)

    def violating(self, amount: float) -> tuple[Tensor, Tensor]:
        mu, sigma = flat()
        mu[:, 0] += 0.01 * amount
        return mu, sigma

    def test_white_light_is_believed_within_its_errors(self) -> None:
        rule, scene = self.build(), self.scene()
        mu, sigma = flat()
        mu[0, 0] += 4e-4
        mu[1, 0] += 6e-4
        violation = rule.violation(mu, sigma, scene=scene)
        assert float(violation[0].sum()) == 0
        assert float(violation[1, 0]) > 0
        projected, _ = rule.project(mu, sigma, scene=scene)
        assert float(rule.violation(projected, sigma, scene=scene).sum()) < 1e-12

    def timed(self, *tension: float) -> Scene:
        """The scene with mid-transits so many standard deviations apart in the two instruments."""
        return Scene(GRID, {**self.scene().features, "timing_tension": torch.tensor(tension)})

    def test_transits_at_different_times_are_a_violation_whatever_the_depth(self) -> None:
        mu, sigma = flat(planets=4)
        scene = Scene(GRID, {"timing_tension": torch.tensor([4.0, -20.0, 40.0, torch.nan])})
        violation = self.build().violation(mu, sigma, scene=scene)
        assert float(violation[[0, 3]].sum()) == 0
        assert 0 < float(violation[1, 0]) < float(violation[2, 0])
        assert float(violation[:, 1:].sum()) == 0

    def test_a_fit_whose_instruments_disagree_in_time_is_trusted_less(self) -> None:
        rule, scene = self.build(), self.timed(0.0, 50.0)
        off, aligned = (
            rule.violation(*depths, scene=scene)[:, 0] for depths in (self.violating(0.1), flat())
        )
        pulls = off - aligned
        assert float(pulls[0]) > 0
        assert float(pulls[1]) == 0

    def test_without_white_light_fgs1_is_held_near_airs(self) -> None:
        rule = PhotonicAlignment(options.PhotonicAlignmentOptions())
        mu, sigma = self.violating(1.0)
        assert float(rule.violation(mu, sigma, scene=SCENE)[:, 0].min()) > 0
        projected, _ = rule.project(mu, sigma, scene=SCENE)
        torch.testing.assert_close(projected[:, 0], 1.15 * mu[:, 1])


@settings(max_examples=60, deadline=None)
@given(limit=st.floats(1e-6, 1e3), value=st.floats(0, 1e4))
def test_an_offence_is_zero_up_to_the_limit_and_rises_beyond(limit: float, value: float) -> None:
    here = float(excess(torch.tensor(value, dtype=torch.float64), limit))
    more = float(excess(torch.tensor(1.5 * value, dtype=torch.float64), limit))
    assert (here == 0) == (value <= limit) or abs(value / limit - 1) < 1e-7
    assert more >= here


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), log_noise=st.floats(-7, -2))
def test_projections_of_any_spectrum_keep_the_rule(seed: int, log_noise: float) -> None:
    rough = torch.from_numpy(np.random.default_rng(seed).standard_normal((2, GRID.size)))
    mu, sigma = flat()
    mu = mu + 10**log_noise * rough
    rules: list[Any] = [
        Smoothness(options.SmoothnessOptions()),
        TotalVariation(options.TotalVariationOptions()),
    ]
    for rule in rules:
        projected, _ = rule.project(mu, sigma, scene=SCENE)
        assert float(rule.violation(projected, sigma, scene=SCENE).max()) < 1e-9
