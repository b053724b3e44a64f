"""The Mamba block against mamba-ssm's published layout, and what masking promises."""

from __future__ import annotations

import numpy as np
import torch
from scan_loop import F8, loop
from torch import Tensor

from spectramind_models.mamba.block import MambaBlock

# What `mamba_ssm.Mamba(d_model=32).state_dict()` holds: modules/mamba_simple.py, with its defaults
# d_state 16, d_conv 4, expand 2, dt_rank "auto" = ceil(d_model / 16).
CHECKPOINT = {
    "A_log": (64, 16),
    "D": (64,),
    "in_proj.weight": (128, 32),
    "conv1d.weight": (64, 1, 4),
    "conv1d.bias": (64,),
    "x_proj.weight": (34, 64),
    "dt_proj.weight": (64, 2),
    "dt_proj.bias": (64,),
    "out_proj.weight": (32, 64),
}


def checkpoint() -> dict[str, Tensor]:
    """Weights that are all different, as a trained block's are."""
    generator = torch.Generator().manual_seed(4)
    return {
        name: 0.3 * torch.randn(*shape, generator=generator) for name, shape in CHECKPOINT.items()
    }


def silu(x: F8) -> F8:
    return x / (1 + np.exp(-x))


def published(weights: dict[str, Tensor], tokens: Tensor) -> F8:
    """The forward pass of mamba_simple.py (its path without fused kernels) in numpy."""
    w = {name: weight.double().numpy() for name, weight in weights.items()}
    x, z = np.split(tokens.double().numpy() @ w["in_proj.weight"].T, 2, axis=-1)
    taps = w["conv1d.weight"][:, 0]
    padded = np.pad(x, ((0, 0), (taps.shape[1] - 1, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps.shape[1], axis=1)
    x = silu(np.einsum("blck,ck->blc", windows, taps) + w["conv1d.bias"])
    dt, B, C = np.split(x @ w["x_proj.weight"].T, [2, 18], axis=-1)
    delta = np.logaddexp(0, dt @ w["dt_proj.weight"].T + w["dt_proj.bias"])
    y = loop(x, delta, -np.exp(w["A_log"]), B, C) + w["D"] * x
    result: F8 = (y * silu(z)) @ w["out_proj.weight"].T
    return result


def test_a_checkpoint_of_mamba_ssm_loads_and_computes_what_it_did() -> None:
    block = MambaBlock(32)
    assert {name: tuple(w.shape) for name, w in block.state_dict().items()} == CHECKPOINT
    block.load_state_dict(checkpoint())
    tokens = torch.randn(2, 21, 32, generator=torch.Generator().manual_seed(5))
    found = block(tokens, torch.ones(2, 21, dtype=torch.bool)).detach()
    np.testing.assert_allclose(found, published(checkpoint(), tokens), rtol=1e-4, atol=1e-5)


def test_steps_begin_between_a_thousandth_and_a_tenth() -> None:
    """Section 3.6: softplus of the bias of ``dt_proj`` is log-uniform there."""
    torch.manual_seed(0)
    delta = torch.nn.functional.softplus(MambaBlock(256).dt_proj.bias.detach())
    assert 1e-3 <= float(delta.min()) < 2e-3
    assert 0.05 < float(delta.max()) <= 0.1 + 1e-6
    assert abs(float(delta.log().mean()) - np.log(1e-2)) < 0.3


def test_it_is_causal() -> None:
    torch.manual_seed(0)
    block = MambaBlock(8)
    tokens = torch.randn(1, 20, 8)
    changed = tokens.clone()
    changed[:, 12:] += 1
    valid = torch.ones(1, 20, dtype=torch.bool)
    torch.testing.assert_close(block(tokens, valid)[:, :12], block(changed, valid)[:, :12])


def test_a_gap_of_invalid_tokens_leaves_the_state_as_it_is() -> None:
    """Once the convolution has passed the gap, however long it was, outputs are the same."""
    torch.manual_seed(0)
    block = MambaBlock(8)
    before, after = torch.randn(1, 6, 8), torch.randn(1, 9, 8)

    def beyond(gap: int) -> Tensor:
        tokens = torch.cat([before, torch.full((1, gap, 8), torch.nan), after], 1)
        valid = torch.isfinite(tokens).all(-1)
        return block(tokens, valid)[:, -9:]

    torch.testing.assert_close(beyond(3), beyond(30))
