"""What encoders and heads, the parts of a network, must do. Needs torch."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.testing.base import ComponentTests, need
from spectramind_core.testing.synthetic import wavelength_grid


class EncoderTests(ComponentTests):
    """Base test of kind ``encoders``."""

    kind: ClassVar[str] = "encoders"
    tokens: ClassVar[int] = 24
    features: ClassVar[int] = 5
    tolerance: ClassVar[float] = 1e-5

    def positions(self) -> F8:
        """Micron for an encoder of bins, hours for one of time."""
        return wavelength_grid(self.tokens)

    def _module(self, ctx: Context) -> Any:
        encoder = self.build()
        return encoder.module(features=self.features, positions=self.positions(), ctx=ctx).eval()

    def _batch(self) -> tuple[Any, Any]:
        torch = need("torch")
        rng = np.random.default_rng(3)
        tokens = rng.standard_normal((3, self.tokens, self.features)).astype(np.float32)
        return torch.from_numpy(tokens), torch.ones(3, self.tokens, dtype=torch.bool)

    def test_it_keeps_batch_and_tokens_and_has_its_width(self, ctx: Context) -> None:
        tokens, valid = self._batch()
        encoded = self._module(ctx)(tokens, valid)
        assert tuple(encoded.shape) == (3, self.tokens, self.build().width)

    def test_building_it_twice_gives_the_same_weights(self, ctx: Context) -> None:
        torch = need("torch")
        first, second = self._module(ctx).state_dict(), self._module(ctx).state_dict()
        assert first.keys() == second.keys()
        assert all(torch.equal(first[name], second[name]) for name in first)

    def test_a_row_does_not_depend_on_the_others(self, ctx: Context) -> None:
        torch = need("torch")
        tokens, valid = self._batch()
        module = self._module(ctx)
        together, alone = module(tokens, valid), module(tokens[1:2], valid[1:2])
        torch.testing.assert_close(together[1:2], alone, rtol=0, atol=self.tolerance)

    def test_invalid_tokens_do_not_matter_even_if_nan(self, ctx: Context) -> None:
        torch = need("torch")
        tokens, valid = self._batch()
        module = self._module(ctx)
        valid[0, -6:] = False
        spoilt = tokens.clone()
        spoilt[0, -6:] = torch.nan
        clean, dirty = module(tokens, valid), module(spoilt, valid)
        torch.testing.assert_close(clean[valid], dirty[valid], rtol=0, atol=self.tolerance)

    def test_gradients_reach_every_weight(self, ctx: Context) -> None:
        tokens, valid = self._batch()
        module = self._module(ctx)
        module(tokens, valid).square().sum().backward()
        dead = [name for name, weight in module.named_parameters() if weight.grad is None]
        assert dead == []


class HeadTests(ComponentTests):
    """Base test of kind ``heads``."""

    kind: ClassVar[str] = "heads"
    width: ClassVar[int] = 8
    waves: ClassVar[int] = 20

    def _called(self, ctx: Context) -> tuple[dict[str, Any], Any, Any]:
        torch = need("torch")
        generator = torch.Generator().manual_seed(4)
        hidden = torch.randn(3, self.waves, self.width, generator=generator)
        mu = 0.01 + 1e-4 * torch.randn(3, self.waves, generator=generator)
        sigma = 1e-4 * (1 + torch.rand(3, self.waves, generator=generator))
        module = self.build().module(width=self.width, waves=self.waves, ctx=ctx).eval()
        return module(hidden, mu, sigma), mu, sigma

    def test_it_returns_what_it_declares(self, ctx: Context) -> None:
        given, _, _ = self._called(ctx)
        assert set(given) == set(self.component().provides)

    def test_untrained_it_returns_the_physics_posterior(self, ctx: Context) -> None:
        torch = need("torch")
        given, mu, sigma = self._called(ctx)
        if "mu" in given:
            torch.testing.assert_close(given["mu"], mu)
        if "sigma" in given:
            torch.testing.assert_close(given["sigma"], sigma)
        if "factors" in given:
            assert float(given["factors"].abs().max()) == 0.0
