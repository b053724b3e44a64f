"""How a rule measures an offence: nothing within the limit, then smoothly more and more."""

from __future__ import annotations

import torch
from torch import Tensor

PPM = 1e-6
"""One part per million, the unit in which rules' limits are given."""


def excess(value: Tensor, limit: float | Tensor) -> Tensor:
    """Zero up to `limit`, then ``e^2 / (1 + e)`` with ``e = value / limit - 1``; elementwise.

    Quadratic just above the limit and linear far beyond it: differentiable everywhere, and a gross
    violation pulls no harder than a clear one.
    """
    over = torch.relu(value / limit - 1)
    return over.square() / (1 + over)
