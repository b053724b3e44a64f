"""The fused scan against a float64 loop, values and gradients, at any shape and any extreme."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_loop import loop
from torch import Tensor

from spectramind_core.errors import PluginError
from spectramind_models.mamba import plugin, scan_cuda, scan_numba
from spectramind_models.mamba.scan import Backend, choose, selective_scan


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
    length=st.integers(0, 40),
    channels=st.integers(1, 70),
    states=st.integers(1, 6),
    scale=st.sampled_from([1e-6, 1e-2, 1.0, 50.0, 1e3]),
)
def test_it_equals_the_loop_at_any_shape_and_step(
    batch: int, length: int, channels: int, states: int, scale: float
) -> None:
    given_ = inputs(batch, length, channels, states, torch.float32, scale=scale)
    expected = loop(*given_)
    found = selective_scan(*given_, backend="numba").numpy()
    size = np.abs(expected).max(initial=1e-30)
    assert np.abs(found - expected).max(initial=0) <= 1e-5 * size


@settings(max_examples=30, deadline=None)
@given(
    batch=st.integers(1, 2),
    length=st.integers(1, 150),
    channels=st.integers(1, 70),
    states=st.integers(1, 6),
    rate=st.floats(-12, 6),
    step=st.floats(-12, 6),
    cache=st.sampled_from([1, 20_000, 500_000]),
)
def test_its_gradients_equal_a_float64_loops_at_any_shape_step_and_rate(
    batch: int, length: int, channels: int, states: int, rate: float, step: float, cache: int
) -> None:
    """With chunks of any size; inputs are positive, lest sums cancel to less than they can hold."""
    u, delta, A, B, C = inputs(batch, length, channels, states, torch.float32)
    delta, A = delta * float(np.exp(step)), A * float(np.exp(rate))
    given_ = [u.abs(), delta, A, B.abs(), C.abs()]

    def values_and_gradients(backend: Backend, dtype: torch.dtype) -> tuple[Tensor, ...]:
        leaves = [tensor.to(dtype).requires_grad_() for tensor in given_]
        y = selective_scan(*leaves, backend=backend)
        weight = torch.linspace(0.5, 1.5, y.numel(), dtype=dtype).reshape(y.shape)
        return y, *torch.autograd.grad((y * weight).sum(), leaves)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan_numba, "CHUNK_BYTES", cache)
        found = values_and_gradients("numba", torch.float32)
    for ours, exact in zip(found, values_and_gradients("reference", torch.float64), strict=True):
        error, size = (float(x.detach().abs().max()) for x in (ours.double() - exact, exact))
        assert error <= 1e-5 * size + 1e-30


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


@pytest.mark.parametrize("length", [1, 3, 4, 5, 63, 64, 65, 1000])
def test_chunks_do_not_show(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lengths of one and of many chunks of 4 give what the reference gives, and its gradients."""
    monkeypatch.setattr(scan_numba, "CHUNK_BYTES", 1)
    leaves = [tensor.requires_grad_() for tensor in inputs(2, length, 5, 3, torch.float64)]
    ours, theirs = (selective_scan(*leaves, backend=b) for b in ("numba", "reference"))
    torch.testing.assert_close(ours, theirs)
    found, expected = (torch.autograd.grad(y.square().sum(), leaves) for y in (ours, theirs))
    torch.testing.assert_close(found, expected)


def test_an_empty_sequence_has_no_values_and_no_gradient() -> None:
    leaves = [tensor.requires_grad_() for tensor in inputs(2, 0, 5, 3, torch.float32)]
    y = selective_scan(*leaves, backend="numba")
    gradients = torch.autograd.grad(y.sum(), leaves)
    assert [gradient.shape for gradient in gradients] == [leaf.shape for leaf in leaves]
    assert not gradients[2].any()
    assert selective_scan(*leaves, backend="reference").shape == y.shape == (2, 0, 5)


@pytest.mark.parametrize("backend", ["numba", "reference"])
def test_what_it_keeps_for_the_gradient_grows_no_faster_than_the_sequence(backend: Backend) -> None:
    def kept(length: int) -> int:
        sizes: list[int] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor: (sizes.append(tensor.nbytes), tensor)[1], lambda tensor: tensor
        ):
            leaves = [t.requires_grad_() for t in inputs(1, length, 32, 16, torch.float32)]
            selective_scan(*leaves, backend=backend)
        return sum(sizes)

    assert 0 < kept(2048) <= 4.01 * kept(512)
    if backend == "numba":  # the states of all steps would be 16 times u
        assert kept(2048) < 4 * 2048 * 32 * 4


def test_a_fresh_process_takes_the_kernels_from_the_disk() -> None:
    program = """
import torch
from spectramind_models.mamba import scan_numba
leaves = [torch.ones(1, 2, 2), torch.ones(1, 2, 2), -torch.ones(2, 2), *torch.ones(2, 1, 2, 2)]
leaves = [leaf.requires_grad_() for leaf in leaves]
torch.autograd.grad(scan_numba.scan(*leaves).sum(), leaves)
for kernel in (scan_numba._forward, scan_numba._backward):
    print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()))
"""
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split("\n")
        for _ in range(2)
    ]
    assert outputs[1][:2] == ["1 0", "1 0"]


def test_backends_are_chosen_by_device_and_availability() -> None:
    assert choose(torch.zeros(1), "auto") == "numba"
    assert choose(torch.zeros(1, device="meta"), "auto") == "reference"


def test_a_backend_of_another_device_says_so() -> None:
    with pytest.raises(PluginError, match="needs a GPU"):
        selective_scan(*inputs(1, 2, 2, 2, torch.float32), backend="cuda")
    with pytest.raises(PluginError, match="needs a CPU"):
        choose(torch.zeros(1, device="meta"), "numba")


def test_the_gpu_backend_calls_mamba_ssm_in_its_own_layout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ``selective_scan_fn`` takes u and delta as [B, D, L], B and C as [B, N, L]."""

    def selective_scan_fn(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        assert all(tensor.is_contiguous() for tensor in (u, delta, B, C))
        return torch.from_numpy(loop(u.mT, delta.mT, A, B.mT, C.mT)).mT

    module = ModuleType("mamba_ssm.ops.selective_scan_interface")
    module.selective_scan_fn = selective_scan_fn  # type: ignore[attr-defined]
    for name in ("mamba_ssm", "mamba_ssm.ops"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    given_ = inputs(2, 7, 3, 4, torch.float64)
    np.testing.assert_allclose(scan_cuda.scan(*given_), loop(*given_))


def test_without_mamba_ssm_the_gpu_backend_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "mamba_ssm", None)
    with pytest.raises(PluginError, match=r"spectramind-models\[cuda\]"):
        scan_cuda.scan(*inputs(1, 2, 2, 2, torch.float32))


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
