"""The selective scan fused for CPUs: forward, and a backward written by hand.

The state of a block of channels never leaves the cache; the inner loop runs over channels, which
lie side by side, so that it becomes vector instructions. Blocks and batch rows run in parallel.
The forward pass keeps the state only every so many steps; the backward pass computes what lies
between again, from the last kept state, and walks it in reverse. Memory is linear in length.
The two halves of the backward pass are written into the kernel where they stand (``inline``): as
functions of their own they took half as long again.

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
from torch.autograd.function import once_differentiable

BLOCK = 64
"""Channels in a block: a few vector registers of any width."""
CHUNK_BYTES = 1024 * 1024
"""Recomputed states of one chunk: they must fit the cache beside everything else."""
LN2 = math.log(2)
RELAXED = {"reassoc", "contract", "nsz", "arcp"}
"""Sums may be reordered and fused, but NaN and infinity stay what they are."""


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Shapes as in `selective_scan`; float32 or float64 on the CPU."""
    result: Tensor = _Scan.apply(u, delta, A, B, C)
    return result


class _Scan(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
        u, delta, B, C = (tensor.contiguous() for tensor in (u, delta, B, C))
        rates = (A / LN2).t().contiguous()
        batch, length, channels = u.shape
        states = A.shape[1]
        chunk = _chunk(u, states)
        y = torch.empty_like(u)
        kept = torch.empty(batch, -(-length // chunk), states, channels, dtype=u.dtype)
        _forward(*map(_array, (u, delta, rates, B, C, y, kept)), chunk)
        ctx.save_for_backward(u, delta, rates, B, C, kept)
        ctx.chunk = chunk
        return y

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, ...]:
        u, delta, rates, B, C, kept = ctx.saved_tensors
        batch, length, channels = u.shape
        states = rates.shape[0]
        blocks = -(-channels // BLOCK)
        du, ddelta = torch.empty_like(u), torch.empty_like(u)
        dA = torch.empty(batch, states, channels, dtype=u.dtype)
        dB, dC = (torch.empty(blocks, batch, length, states, dtype=u.dtype) for _ in range(2))
        given = (u, delta, rates, B, C, grad.contiguous(), kept)
        _backward(*map(_array, (*given, du, ddelta, dA, dB, dC)), ctx.chunk)
        return du, ddelta, dA.sum(0).t(), dB.sum(0), dC.sum(0)


def _chunk(u: Tensor, states: int) -> int:
    """Steps whose recomputed states and decays fit `CHUNK_BYTES`."""
    step = 2 * states * BLOCK * u.element_size()
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


def _exp2(x):  # type: ignore[no-untyped-def]
    raise NotImplementedError("compiled code only")


@overload(_exp2, inline="always")
def _exp2_of(x):  # type: ignore[no-untyped-def]
    """libm's in double precision; in single a polynomial that becomes vector instructions."""
    return _exp2_single if x == types.float32 else _exp2_double


def _exp2_double(x):  # type: ignore[no-untyped-def]
    return np.exp2(x)


# 2^-127 and below are 0 and 2^128 and above infinity, because of how exponents are stored.
_LOWEST, _HIGHEST, _BIAS = np.float32(-127), np.float32(128), np.int32(127)
_HALF, _MANTISSA = np.float32(0.5), np.int32(23)
# Minimax polynomial of 2^f on [-0.5, 0.5], by Lawson's iteration on Chebyshev nodes: relative error
# 2e-9. It is 1 at 0 to the bit: a state that forgets nothing must not grow over thousands of steps.
_P1, _P2, _P3, _P4, _P5, _P6 = (
    np.float32(coefficient)
    for coefficient in (
        0.6931472028551082,
        0.24022647913626302,
        0.055503324710117055,
        0.009618437357685979,
        0.00133988744650127,
        0.0001535336201207014,
    )
)
_ONE = np.float32(1)


def _exp2_single(x):  # type: ignore[no-untyped-def]
    x = _LOWEST if x < _LOWEST else x  # written so that NaN stays NaN
    x = _HIGHEST if x > _HIGHEST else x
    whole = np.floor(x + _HALF)
    f = x - whole
    p = (((((_P6 * f + _P5) * f + _P4) * f + _P3) * f + _P2) * f + _P1) * f + _ONE
    return p * _bits_as_float((np.int32(whole) + _BIAS) << _MANTISSA)


@njit(parallel=True, fastmath=RELAXED, nogil=True, cache=True)
def _forward(u, delta, rates, B, C, y, kept, chunk):  # type: ignore[no-untyped-def]
    """Fill y, and the state at each chunk's start. rates ``[state, channel]`` is A / ln 2."""
    batch, length, channels = u.shape
    states = rates.shape[0]
    blocks = (channels + BLOCK - 1) // BLOCK
    for job in prange(batch * blocks):
        b, first = job // blocks, (job % blocks) * BLOCK
        width = min(BLOCK, channels - first)
        h, rate = np.zeros((states, BLOCK), u.dtype), np.zeros((states, BLOCK), u.dtype)
        rate[:, :width] = rates[:, first : first + width]
        step, drive = np.zeros(BLOCK, u.dtype), np.zeros(BLOCK, u.dtype)
        out = np.zeros(BLOCK, u.dtype)
        for t in range(length):
            if t % chunk == 0:
                kept[b, t // chunk, :, first : first + width] = h[:, :width]
            for d in range(width):
                step[d] = delta[b, t, first + d]
                drive[d] = step[d] * u[b, t, first + d]
            out[:] = 0
            for n in range(states):
                b_n, c_n = B[b, t, n], C[b, t, n]
                for d in range(BLOCK):
                    h_new = _exp2(step[d] * rate[n, d]) * h[n, d] + drive[d] * b_n
                    h[n, d] = h_new
                    out[d] += h_new * c_n
            for d in range(width):
                y[b, t, first + d] = out[d]


@njit(parallel=True, fastmath=RELAXED, nogil=True, cache=True)
def _backward(u, delta, rates, B, C, g, kept, du, ddelta, dA, dB, dC, chunk):  # type: ignore[no-untyped-def]
    """Fill the gradients; dB and dC hold one part for each block of channels."""
    batch, length, channels = u.shape
    states = rates.shape[0]
    blocks = (channels + BLOCK - 1) // BLOCK
    for job in prange(batch * blocks):
        b, part = job // blocks, job % blocks
        first = part * BLOCK
        last = min(first + BLOCK, channels)
        width = last - first
        rate, dh = np.zeros((states, BLOCK), u.dtype), np.zeros((states, BLOCK), u.dtype)
        drate = np.zeros((states, BLOCK), u.dtype)
        rate[:, :width] = rates[:, first:last]
        h = np.zeros((chunk + 1, states, BLOCK), u.dtype)
        decay = np.zeros((chunk, states, BLOCK), u.dtype)
        step, drive = np.zeros((chunk, BLOCK), u.dtype), np.zeros((chunk, BLOCK), u.dtype)
        for k in range((length + chunk - 1) // chunk - 1, -1, -1):
            start = k * chunk
            end = min(start + chunk, length)
            u_k, delta_k = u[b, start:end, first:last], delta[b, start:end, first:last]
            h[0, :, :width] = kept[b, k, :, first:last]
            _replay(u_k, delta_k, B[b, start:end], rate, h, decay, step, drive)
            _walk_back(
                u_k,
                B[b, start:end],
                C[b, start:end],
                g[b, start:end, first:last],
                rate,
                h,
                decay,
                step,
                drive,
                dh,
                drate,
                du[b, start:end, first:last],
                ddelta[b, start:end, first:last],
                dB[part, b, start:end],
                dC[part, b, start:end],
            )
        dA[b, :, first:last] = drate[:, :width]


@njit(fastmath=RELAXED, inline="always")
def _replay(u, delta, B, rate, h, decay, step, drive):  # type: ignore[no-untyped-def]
    """States and decays of a chunk, from the state ``h[0]`` at its start."""
    length, width = u.shape
    for t in range(length):
        for d in range(width):
            step[t, d] = delta[t, d]
            drive[t, d] = delta[t, d] * u[t, d]
        for n in range(rate.shape[0]):
            b_n = B[t, n]
            for d in range(BLOCK):
                decay[t, n, d] = _exp2(step[t, d] * rate[n, d])
                h[t + 1, n, d] = decay[t, n, d] * h[t, n, d] + drive[t, d] * b_n


@njit(fastmath=RELAXED, inline="always")
def _walk_back(u, B, C, g, rate, h, decay, step, drive, dh, drate, du, ddelta, dB, dC):  # type: ignore[no-untyped-def]
    """Gradients of a chunk, from its end to its start; dh is what later chunks left."""
    length, width = g.shape
    ln2 = g.dtype.type(LN2)
    grad, to_drive = np.zeros(BLOCK, g.dtype), np.zeros(BLOCK, g.dtype)
    to_step = np.zeros(BLOCK, g.dtype)  # by way of the decay alone
    for t in range(length - 1, -1, -1):
        for d in range(width):
            grad[d] = g[t, d]
        to_drive[:] = 0
        to_step[:] = 0
        for n in range(rate.shape[0]):
            b_n, c_n = B[t, n], C[t, n]
            to_b, to_c = g.dtype.type(0), g.dtype.type(0)
            for d in range(BLOCK):
                v = dh[n, d] + grad[d] * c_n
                to_c += grad[d] * h[t + 1, n, d]
                to_b += v * drive[t, d]
                to_drive[d] += v * b_n
                carried = v * decay[t, n, d]
                dh[n, d] = carried
                turned = carried * h[t, n, d]
                to_step[d] += turned * rate[n, d]
                drate[n, d] += turned * step[t, d]
            dB[t, n], dC[t, n] = to_b, to_c
        for d in range(width):
            du[t, d] = to_drive[d] * step[t, d]
            ddelta[t, d] = ln2 * to_step[d] + to_drive[d] * u[t, d]
