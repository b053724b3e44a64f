"""The selective scan as the paper writes it, one number at a time, in double precision."""

from __future__ import annotations

from typing import Any

import numpy as np

F8 = np.ndarray[Any, np.dtype[np.float64]]


def loop(u: Any, delta: Any, A: Any, B: Any, C: Any) -> F8:
    """Gu & Dao 2023, arXiv 2312.00752, eq. 2a; shapes as in `selective_scan`."""
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
