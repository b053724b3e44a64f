"""The sequence encoders keep to the kit, and tell sequences apart by their order."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Encoder
from spectramind_core.errors import SpecError
from spectramind_core.testing import EncoderTests
from spectramind_models.mamba.encoder import MambaEncoder
from spectramind_models.mamba.options import MambaOptions, TransformerOptions
from spectramind_models.mamba.transformer import TransformerEncoder


class OfTime(EncoderTests):
    def positions(self) -> F8:
        return np.linspace(0, 7.5, self.tokens)


class TestMamba(OfTime):
    name = "mamba"
    options = {"d_model": 8, "d_state": 4}


class TestMambaOneWay(OfTime):
    name = "mamba"
    options = {"d_model": 8, "d_state": 4, "bidirectional": False}


class TestTransformer(OfTime):
    name = "transformer"
    options = {"d_model": 8, "heads": 2}


@pytest.mark.parametrize(
    "encoder",
    [
        MambaEncoder(MambaOptions(d_model=8)),
        MambaEncoder(MambaOptions(d_model=8, bidirectional=False)),
        TransformerEncoder(TransformerOptions(d_model=8)),
    ],
    ids=["both ways", "one way", "transformer"],
)
def test_padding_does_not_show(ctx: Context, encoder: Encoder) -> None:
    net = encoder.module(features=3, positions=None, ctx=ctx).eval()
    tokens = torch.randn(1, 20, 3, generator=torch.Generator().manual_seed(0))
    padded = torch.cat([tokens, torch.full((1, 7, 3), 9.0)], 1)
    valid = torch.arange(27)[None] < 20
    short = net(tokens, torch.ones(1, 20, dtype=torch.bool))
    torch.testing.assert_close(net(padded, valid)[:, :20], short)


def test_only_both_ways_does_a_token_hear_of_later_ones(ctx: Context) -> None:
    tokens = torch.randn(1, 20, 3, generator=torch.Generator().manual_seed(0))
    later = tokens.clone()
    later[:, 12:] += 1
    valid = torch.ones(1, 20, dtype=torch.bool)
    for both in (True, False):
        options = MambaOptions(d_model=8, bidirectional=both)
        net = MambaEncoder(options).module(features=3, positions=None, ctx=ctx).eval()
        assert torch.equal(net(tokens, valid)[:, :12], net(later, valid)[:, :12]) is not both


def test_a_row_without_valid_tokens_is_no_nan(ctx: Context) -> None:
    for encoder in (MambaEncoder(MambaOptions()), TransformerEncoder(TransformerOptions())):
        net = encoder.module(features=2, positions=None, ctx=ctx).eval()
        found = net(torch.full((1, 5, 2), torch.nan), torch.zeros(1, 5, dtype=torch.bool))
        assert torch.isfinite(found).all()


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(SpecError, match="do not divide"):
        TransformerEncoder(TransformerOptions(d_model=10, heads=4))
