"""The selective scan: one function, and the choice of who computes it.

References
----------
Gu & Dao 2023, "Mamba: linear-time sequence modeling with selective state spaces",
arXiv 2312.00752 (algorithm 2; eq. 2a with the zero-order hold of eq. 4 for A, Euler's for B).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from spectramind_core.errors import PluginError

Backend = Literal["auto", "numba", "reference", "cuda"]

used: set[str] = set()
"""Backends that have computed something in this process; the manifest says so."""


def selective_scan(
    u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor, *, backend: Backend = "auto"
) -> Tensor:
    """``h_t = exp(delta_t A) h_{t-1} + delta_t u_t B_t``, ``y_t = sum_n h_t C_t``, from zero state.

    Parameters
    ----------
    u, delta
        ``[batch, time, channel]``; delta is a positive step.
    A
        ``[channel, state]``, negative.
    B, C
        ``[batch, time, state]``.
    backend
        ``auto`` chooses by device and availability.

    Returns
    -------
    ``[batch, time, channel]``, of u's dtype; computed in float64 if that is it, else in float32.

    Raises
    ------
    PluginError
        If the backend asked for cannot be had here; says why.
    """
    chosen = choose(u, backend)
    scan: Callable[..., Tensor]
    if chosen == "numba":
        from spectramind_models.mamba.scan_numba import scan
    elif chosen == "cuda":
        from spectramind_models.mamba.scan_cuda import scan
    else:
        from spectramind_models.mamba.scan_reference import scan
    # Under mixed precision the recurrence keeps float32: half loses it within tens of steps.
    dtype = torch.float64 if u.dtype == torch.float64 else torch.float32
    y: Tensor = scan(*(tensor.to(dtype) for tensor in (u, delta, A, B, C)))
    used.add(chosen)
    return y.to(u.dtype)


def choose(u: Tensor, backend: Backend) -> str:
    """The backend that will compute a scan of `u`.

    mamba-ssm's kernel computes on a GPU and knows no double precision, numba's computes on a CPU.

    Raises
    ------
    PluginError
        If the backend asked for computes on another kind of device.
    """
    device = u.device.type
    if backend == "auto":
        if device == "cpu":
            return "numba"
        fast = device == "cuda" and u.dtype != torch.float64
        return "cuda" if fast and importlib.util.find_spec("mamba_ssm") else "reference"
    needed = {"cuda": "cuda", "numba": "cpu"}.get(backend, device)
    if device != needed:
        raise PluginError(
            f"the scan backend '{backend}' needs a {'GPU' if needed == 'cuda' else 'CPU'}, "
            f"and these tensors are on {device}",
            where="selective scan",
            hint="set backend to 'auto'",
        )
    return backend
