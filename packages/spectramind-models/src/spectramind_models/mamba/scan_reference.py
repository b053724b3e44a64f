"""The selective scan in plain torch: a loop over time, for any device and for checks."""

from __future__ import annotations

import torch
from torch import Tensor


def scan(u: Tensor, delta: Tensor, A: Tensor, B: Tensor, C: Tensor) -> Tensor:
    """Shapes as in `selective_scan`; autograd differentiates it."""
    state = torch.zeros(u.shape[0], u.shape[2], A.shape[1], dtype=u.dtype, device=u.device)
    outputs = []
    # Unbinding once keeps the backward pass linear in length: slicing inside the loop would make
    # each step's gradient a full-length tensor.
    steps = zip(u.unbind(1), delta.unbind(1), B.unbind(1), C.unbind(1), strict=True)
    for u_t, delta_t, b_t, c_t in steps:
        decay = torch.exp(delta_t[..., None] * A)
        state = decay * state + (delta_t * u_t)[..., None] * b_t[:, None, :]
        outputs.append((state * c_t[:, None, :]).sum(-1))
    return torch.stack(outputs, 1) if outputs else torch.zeros_like(u)
