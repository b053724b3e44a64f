"""The two layers every head is made of, with weights drawn from the context's own stream."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from spectramind_core.components import Context


class ZeroEnded(nn.Module):
    """``[..., width]`` to ``[..., outputs]`` through one hidden layer; zero until it is trained."""

    def __init__(self, width: int, hidden: int, outputs: int, *, ctx: Context) -> None:
        super().__init__()
        self.first = nn.Linear(width, hidden, device="meta").to_empty(device="cpu")
        self.last = nn.Linear(hidden, outputs, device="meta").to_empty(device="cpu")
        generator = torch.Generator().manual_seed(ctx.child("head").torch_seed())
        nn.init.xavier_uniform_(self.first.weight, generator=generator)
        for zero in (self.first.bias, self.last.weight, self.last.bias):
            nn.init.zeros_(zero)

    def forward(self, hidden: Tensor) -> Tensor:
        result: Tensor = self.last(nn.functional.gelu(self.first(hidden)))
        return result


def soft_limit(value: Tensor, limit: float) -> Tensor:
    """`value` near zero, never beyond ``+-limit``."""
    return limit * torch.tanh(value / limit)
