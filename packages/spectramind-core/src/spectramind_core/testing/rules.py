"""What a rule must do. Needs torch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from spectramind_core.components import Scene
from spectramind_core.testing.base import ComponentTests, good_manners, need
from spectramind_core.testing.synthetic import wavelength_grid


class RuleTests(ComponentTests):
    """Base test of kind ``rules``: give a spectrum that satisfies it and one that does not."""

    kind: ClassVar[str] = "rules"
    bins: ClassVar[int] = 283
    tolerance: ClassVar[float] = 1e-9

    def scene(self) -> Scene:
        """What the rule may know besides mu and sigma."""
        return Scene(wavelength=wavelength_grid(self.bins))

    def satisfying(self) -> tuple[Any, Any]:
        """``mu, sigma [planet, wave]`` that keep the rule: by default a flat spectrum."""
        torch = need("torch")
        mu = torch.full((2, self.bins), 0.01, dtype=torch.float64)
        return mu, torch.full_like(mu, 1e-4)

    def violating(self, amount: float) -> tuple[Any, Any]:
        """The same, broken by `amount` (1 is a gross violation): by default rough and negative."""
        torch = need("torch")
        mu, sigma = self.satisfying()
        rough = torch.from_numpy(np.random.default_rng(5).standard_normal(mu.shape))
        return mu + 0.02 * amount * rough, sigma

    def test_violation_is_a_map_over_planets_and_bins(self) -> None:
        mu, sigma = self.violating(1.0)
        violation = self.build().violation(mu, sigma, scene=self.scene())
        assert violation.shape == mu.shape
        assert float(violation.min()) >= 0

    def test_a_satisfying_spectrum_violates_nothing(self) -> None:
        violation = self.build().violation(*self.satisfying(), scene=self.scene())
        assert float(violation.max()) <= self.tolerance

    def test_violation_grows_with_the_offence(self) -> None:
        rule, scene = self.build(), self.scene()
        sums = [
            float(rule.violation(*self.violating(amount), scene=scene).sum())
            for amount in (0.5, 1.0, 2.0)
        ]
        assert 0 < sums[0] < sums[1] < sums[2]

    def test_its_gradient_agrees_with_finite_differences(self) -> None:
        torch = need("torch")
        rule, scene = self.build(), self.scene()
        mu, sigma = self.violating(1.0)
        mu = mu.clone().requires_grad_()
        total = rule.violation(mu, sigma, scene=scene).sum()
        (gradient,) = torch.autograd.grad(total, mu)
        direction = torch.from_numpy(np.random.default_rng(6).standard_normal(mu.shape))
        step = 1e-7
        ends = [
            float(rule.violation(mu.detach() + sign * step * direction, sigma, scene=scene).sum())
            for sign in (1, -1)
        ]
        numeric = (ends[0] - ends[1]) / (2 * step)
        assert abs(float((gradient * direction).sum()) - numeric) <= 1e-3 * abs(numeric) + 1e-6

    def test_projecting_does_not_make_it_worse(self) -> None:
        rule, scene = self.build(), self.scene()
        mu, sigma = self.violating(1.0)
        projected = rule.project(mu, sigma, scene=scene)
        before = float(rule.violation(mu, sigma, scene=scene).sum())
        assert float(rule.violation(*projected, scene=scene).sum()) <= before

    def test_projecting_what_is_right_changes_nothing(self) -> None:
        torch = need("torch")
        mu, sigma = self.satisfying()
        projected_mu, projected_sigma = self.build().project(mu, sigma, scene=self.scene())
        torch.testing.assert_close(projected_mu, mu)
        torch.testing.assert_close(projected_sigma, sigma)

    def test_it_is_silent_and_leaves_global_random_state_alone(self) -> None:
        mu, sigma = self.violating(1.0)
        with good_manners():
            self.build().violation(mu, sigma, scene=self.scene())
