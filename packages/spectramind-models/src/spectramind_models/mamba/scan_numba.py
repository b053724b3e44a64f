"""The selective scan fused for CPUs: forward, and a backward written by hand.

The state of a block of channels never leaves the cache; the inner loop runs over channels, which
lie side by side, so that it becomes vector instructions. Blocks and batch rows run in parallel.
The forward pass keeps the state only every so many steps; the backward pass computes what lies
between again, from the last kept state, and walks it in reverse. Memory is linear in length.

With ``g = dL/dy`` and ``v_t = dL/dh_t = g_t C_t + exp(delta_{t+1} A) v_{t+1}``:
``dC_t = g_t h_t``, ``dB_t = v_t delta_t u_t``, ``d(delta u)_t = v_t B_t``,
``dA = sum_t v_t exp(delta_t A) h_{t-1} delta_t`` and the same with A for delta.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import njit, prange, types
from numba.extending import intrinsic, overload
from torch import Tensor

CHANNELS = {torch.float32: 32, torch.float64: 8}
"""Channels in a block: a few vector registers of each width."""
CHUNK_BYTES = 512 * 1024
"""Recomputed states of one chunk: they must fit the cache beside everything else."""


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Shapes as in `selective_scan`; float32 or float64 on the CPU."""
    result: Tensor = _Scan.apply(u, delta, A, B, C)
    return result


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        u, delta, B, C = (tensor.contiguous() for tensor in (u, delta, B, C))
        states_first = A.t().contiguous()
        batch, length, channels = u.shape
        block, chunk = CHANNELS[u.dtype], _chunk(u, A.shape[1])
        y = torch.empty_like(u)
        kept = torch.empty(batch, -(-length // chunk), A.shape[1], channels, dtype=u.dtype)
        arrays = [_array(t) for t in (u, delta, states_first, B, C, y, kept)]
        _forward(*arrays, chunk, block)
        ctx.save_for_backward(u, delta, states_first, B, C, kept)
        ctx.chunk = chunk
        return y

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        u, delta, states_first, B, C, kept = ctx.saved_tensors
        batch, length, channels = u.shape
        states = states_first.shape[0]
        block = CHANNELS[u.dtype]
        blocks = -(-channels // block)
        du, ddelta = torch.empty_like(u), torch.empty_like(u)
        dA = torch.empty(batch, states, channels, dtype=u.dtype)
        dB = torch.empty(blocks, batch, length, states, dtype=u.dtype)
        dC = torch.empty_like(dB)
        given = (u, delta, states_first, B, C, grad.contiguous(), kept)
        _backward(
            *(_array(t) for t in given),
            ctx.chunk,
            block,
            *(_array(t) for t in (du, ddelta, dA, dB, dC)),
        )
        return du, ddelta, dA.sum(0).t(), dB.sum(0), dC.sum(0)


def _chunk(u: Tensor, states: int) -> int:
    """Steps whose recomputed states and decays fit `CHUNK_BYTES`."""
    step = 2 * states * CHANNELS[u.dtype] * u.element_size()
    return max(4, min(u.shape[1], CHUNK_BYTES // step))


def _array(tensor: Tensor) -> np.ndarray[Any, Any]:
    array: np.ndarray[Any, Any] = tensor.detach().numpy()
    return array


@intrinsic  # type: ignore[untyped-decorator]
def _bits_as_float(typing: Any, bits: Any) -> Any:
    """A 32-bit integer's bits read as a float."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], ir.FloatType())

    return types.float32(types.int32), generate


def _exp(x):  # type: ignore[no-untyped-def]
    raise NotImplementedError("compiled code only")


@overload(_exp, inline="always")
def _exp_of(x):  # type: ignore[no-untyped-def]
    """libm's in double precision; in single a polynomial that becomes vector instructions."""
    if x == types.float32:
        return _exp_single
    return _exp_double


def _exp_double(x):  # type: ignore[no-untyped-def]
    return math.exp(x)


_LOG2E = np.float32(1.4426950408889634)
_LOWEST = np.float32(-126.0)
_HALF = np.float32(0.5)
# Taylor coefficients of 2^f, which on [-0.5, 0.5] leave 2e-7.
_P0, _P1, _P2, _P3, _P4, _P5, _P6 = (
    np.float32(math.log(2) ** k / math.factorial(k)) for k in range(7)
)


def _exp_single(x):  # type: ignore[no-untyped-def]
    t = max(x * _LOG2E, _LOWEST)
    whole = np.floor(t + _HALF)
    f = t - whole
    p = _P6
    p = p * f + _P5
    p = p * f + _P4
    p = p * f + _P3
    p = p * f + _P2
    p = p * f + _P1
    p = p * f + _P0
    bits = (np.int32(whole) + np.int32(127)) << np.int32(23)
    return p * _bits_as_float(np.int32(bits))


@njit(parallel=True, fastmath=True, nogil=True, cache=True)
def _forward(u, delta, A, B, C, y, kept, chunk, block):  # type: ignore[no-untyped-def]
    """Fill y, and the state at each chunk's start. A is ``[state, channel]``."""
    batch, length, channels = u.shape
    states = A.shape[0]
    blocks = (channels + block - 1) // block
    for job in prange(batch * blocks):
        b, first = job // blocks, (job % blocks) * block
        width = min(block, channels - first)
        h, a = np.zeros((states, block), u.dtype), np.zeros((states, block), u.dtype)
        a[:, :width] = A[:, first : first + width]
        step, drive = np.zeros(block, u.dtype), np.zeros(block, u.dtype)
        out = np.zeros(block, u.dtype)
        for t in range(length):
            if t % chunk == 0:
                for n in range(states):
                    for d in range(width):
                        kept[b, t // chunk, n, first + d] = h[n, d]
            for d in range(width):
                step[d] = delta[b, t, first + d]
                drive[d] = step[d] * u[b, t, first + d]
            for d in range(block):
                out[d] = 0.0
            for n in range(states):
                b_n, c_n = B[b, t, n], C[b, t, n]
                for d in range(block):
                    value = _exp(step[d] * a[n, d]) * h[n, d] + drive[d] * b_n
                    h[n, d] = value
                    out[d] += value * c_n
            for d in range(width):
                y[b, t, first + d] = out[d]


@njit(parallel=True, fastmath=True, nogil=True, cache=True)
def _backward(u, delta, A, B, C, g, kept, chunk, block, du, ddelta, dA, dB, dC):  # type: ignore[no-untyped-def]  # noqa: C901 (one kernel: splitting it would spill the cache)
    """Fill the gradients; dB and dC hold one part for each block of channels."""
    batch, length, channels = u.shape
    states = A.shape[0]
    blocks = (channels + block - 1) // block
    chunks = (length + chunk - 1) // chunk
    for job in prange(batch * blocks):
        b, part = job // blocks, job % blocks
        first = part * block
        width = min(block, channels - first)
        a, da = np.zeros((states, block), u.dtype), np.zeros((states, block), u.dtype)
        dh = np.zeros((states, block), u.dtype)
        a[:, :width] = A[:, first : first + width]
        h = np.zeros((chunk + 1, states, block), u.dtype)
        decay = np.zeros((chunk, states, block), u.dtype)
        step, value = np.zeros((chunk, block), u.dtype), np.zeros((chunk, block), u.dtype)
        drive = np.zeros((chunk, block), u.dtype)
        grad, to_drive = np.zeros(block, u.dtype), np.zeros(block, u.dtype)
        to_step = np.zeros(block, u.dtype)
        for k in range(chunks - 1, -1, -1):
            start = k * chunk
            count = min(chunk, length - start)
            for n in range(states):
                for d in range(width):
                    h[0, n, d] = kept[b, k, n, first + d]
            for j in range(count):
                for d in range(width):
                    step[j, d] = delta[b, start + j, first + d]
                    value[j, d] = u[b, start + j, first + d]
                for d in range(block):
                    drive[j, d] = step[j, d] * value[j, d]
                for n in range(states):
                    b_n = B[b, start + j, n]
                    for d in range(block):
                        e = _exp(step[j, d] * a[n, d])
                        decay[j, n, d] = e
                        h[j + 1, n, d] = e * h[j, n, d] + drive[j, d] * b_n
            for j in range(count - 1, -1, -1):
                t = start + j
                for d in range(width):
                    grad[d] = g[b, t, first + d]
                for d in range(block):
                    to_drive[d] = 0.0
                    to_step[d] = 0.0
                for n in range(states):
                    b_n, c_n = B[b, t, n], C[b, t, n]
                    to_b = grad[0] * 0
                    to_c = grad[0] * 0
                    for d in range(block):
                        v = dh[n, d] + grad[d] * c_n
                        to_c += grad[d] * h[j + 1, n, d]
                        to_b += v * drive[j, d]
                        to_drive[d] += v * b_n
                        carried = v * decay[j, n, d]
                        dh[n, d] = carried
                        both = carried * h[j, n, d]
                        to_step[d] += both * a[n, d]
                        da[n, d] += both * step[j, d]
                    dB[part, b, t, n] = to_b
                    dC[part, b, t, n] = to_c
                for d in range(width):
                    du[b, t, first + d] = to_drive[d] * step[j, d]
                    ddelta[b, t, first + d] = to_step[d] + to_drive[d] * value[j, d]
        for n in range(states):
            for d in range(width):
                dA[b, n, first + d] = da[n, d]
