"""The fused scan against a float64 loop, values and gradients, at any shape and any extreme."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spectramind_core.errors import PluginError
from spectramind_models.mamba import plugin
from spectramind_models.mamba.block import MambaBlock
from spectramind_models.mamba.scan import choose, selective_scan


def loop(u, delta, A, B, C):  # type: ignore[no-untyped-def]
    """The recurrence as the paper writes it, one number at a time, in double precision."""
    u, delta, A, B, C = (np.asarray(x, np.float64) for x in (u, delta, A, B, C))
    batch, length, channels = u.shape
    y = np.zeros(u.shape)
    for b in range(batch):
        for d in range(channels):
            h = np.zeros(A.shape[1])
            for t in range(length):
                h = np.exp(delta[b, t, d] * A[d]) * h + delta[b, t, d] * u[b, t, d] * B[b, t]
                y[b, t, d] = h @ C[b, t]
    return y


def inputs(
    batch: int, length: int, channels: int, states: int, dtype: torch.dtype, *, scale: float = 1.0
) -> list[Tensor]:
    generator = torch.Generator().manual_seed(length * 31 + channels)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator, dtype=dtype)

    return [
        normal(batch, length, channels),
        scale * torch.nn.functional.softplus(normal(batch, length, channels)),
        -torch.exp(normal(channels, states)),
        normal(batch, length, states),
        normal(batch, length, states),
    ]


@settings(max_examples=30, deadline=None)
@given(
    batch=st.integers(1, 3),
    length=st.integers(1, 40),
    channels=st.integers(1, 40),
    states=st.integers(1, 6),
    scale=st.sampled_from([1e-6, 1e-2, 1.0, 50.0, 1e3]),
)
def test_it_equals_the_loop_at_any_shape_and_step(
    batch: int, length: int, channels: int, states: int, scale: float
) -> None:
    given_ = inputs(batch, length, channels, states, torch.float32, scale=scale)
    expected = loop(*given_)
    found = selective_scan(*given_, backend="numba").numpy()
    size = np.abs(expected).max() + 1e-30
    assert np.abs(found - expected).max() <= 1e-5 * size


@settings(max_examples=15, deadline=None)
@given(
    length=st.integers(1, 300),
    channels=st.integers(1, 40),
    scale=st.sampled_from([1e-4, 1.0, 50.0]),
)
def test_its_gradients_equal_the_references(length: int, channels: int, scale: float) -> None:
    given_ = inputs(2, length, channels, 3, torch.float32, scale=scale)
    weight = torch.randn(given_[0].shape, generator=torch.Generator().manual_seed(1))

    def gradients(backend: str, dtype: torch.dtype) -> tuple[Tensor, ...]:
        leaves = [tensor.to(dtype).requires_grad_() for tensor in given_]
        y = selective_scan(*leaves, backend=backend)  # type: ignore[arg-type]
        return torch.autograd.grad((y * weight.to(dtype)).sum(), leaves)

    for found, expected in zip(
        gradients("numba", torch.float32), gradients("reference", torch.float64), strict=True
    ):
        size = float(expected.abs().max()) + 1e-30
        assert float((found.double() - expected).abs().max()) <= 1e-5 * size


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_gradcheck_passes_in_double_precision(backend: str) -> None:
    leaves = [t.requires_grad_() for t in inputs(2, 9, 10, 3, torch.float64)]
    assert torch.autograd.gradcheck(
        lambda *x: selective_scan(*x, backend=backend),  # type: ignore[arg-type]
        leaves,
    )


@settings(max_examples=15, deadline=None)
@given(rate=st.floats(-12, 6), step=st.floats(-12, 6), length=st.integers(1, 200))
def test_extreme_rates_and_steps_stay_within_a_float32s_precision(
    rate: float, step: float, length: int
) -> None:
    """From a state that forgets nothing to one that forgets everything at once."""
    u, delta, A, B, C = inputs(1, length, 5, 3, torch.float32)
    given_ = [u, delta * float(np.exp(step)), A * float(np.exp(rate)), B, C]
    expected = loop(*given_)
    found = selective_scan(*given_, backend="numba").numpy()
    assert np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max() + 1e-30


def test_a_nan_in_one_row_reaches_no_other_and_is_not_lost() -> None:
    clean = inputs(3, 20, 40, 4, torch.float32)
    spoilt = [tensor.clone() for tensor in clean]
    spoilt[0][1, 7, 3] = torch.nan
    leaves = [tensor.requires_grad_() for tensor in spoilt]
    found = selective_scan(*leaves, backend="numba")
    expected = selective_scan(*clean, backend="numba")
    assert torch.equal(found[[0, 2]], expected[[0, 2]])
    assert torch.isnan(found[1, 7:, 3]).all()
    assert torch.isfinite(found[1, :7]).all()
    grads = torch.autograd.grad(found.sum(), leaves[:2])
    assert all(torch.isfinite(grad[[0, 2]]).all() for grad in grads)


def test_it_gives_the_same_bits_again() -> None:
    def run() -> list[Tensor]:
        leaves = [tensor.requires_grad_() for tensor in inputs(2, 200, 40, 4, torch.float32)]
        y = selective_scan(*leaves, backend="numba")
        return [y, *torch.autograd.grad(y.square().sum(), leaves)]

    assert all(torch.equal(first, second) for first, second in zip(run(), run(), strict=True))


def test_chunks_do_not_show() -> None:
    """A length of many chunks gives what the reference gives."""
    given_ = inputs(1, 3000, 4, 16, torch.float64)
    torch.testing.assert_close(
        selective_scan(*given_, backend="numba"), selective_scan(*given_, backend="reference")
    )


def test_backends_are_chosen_by_device_and_availability() -> None:
    assert choose(torch.zeros(1), "auto") == "numba"
    assert choose(torch.zeros(1, device="meta"), "auto") == "reference"


def test_the_gpu_backend_says_why_it_cannot_be_had() -> None:
    with pytest.raises(PluginError, match="needs a GPU"):
        selective_scan(*inputs(1, 2, 2, 2, torch.float32), backend="cuda")


def test_half_precision_is_computed_in_single_and_given_back() -> None:
    given_ = inputs(1, 50, 4, 3, torch.float32)
    half = [tensor.bfloat16() for tensor in given_]
    found = selective_scan(*half)
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, selective_scan(*(t.float() for t in half)).bfloat16())


def test_the_manifest_names_the_backends_that_computed() -> None:
    selective_scan(*inputs(1, 2, 2, 2, torch.float32), backend="reference")
    assert "reference" in plugin.spectramind_manifest()["selective_scan"]
    assert "cuda" not in plugin.spectramind_manifest()["selective_scan"]


def test_the_block_has_mamba_ssms_names_and_shapes() -> None:
    shapes = {name: tuple(p.shape) for name, p in MambaBlock(32, 16, 4, 2).named_parameters()}
    assert shapes == {
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


def test_the_block_is_causal() -> None:
    torch.manual_seed(0)
    block = MambaBlock(8)
    tokens = torch.randn(1, 20, 8)
    changed = tokens.clone()
    changed[:, 12:] += 1
    valid = torch.ones(1, 20, dtype=torch.bool)
    torch.testing.assert_close(block(tokens, valid)[:, :12], block(changed, valid)[:, :12])
