"""The Mamba block, with mamba-ssm's parameter names and shapes, so that its checkpoints load.

References
----------
Gu & Dao 2023, arXiv 2312.00752, figure 3 and section 3.6 (initialisation).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu, softplus

from spectramind_models.mamba.scan import Backend, selective_scan

DELTA_RANGE = (1e-3, 1e-1)
"""Steps that the initial bias of ``dt_proj`` spreads over."""


class MambaBlock(nn.Module):
    """``[batch, time, d_model]`` to the same shape, causal in time."""

    def __init__(
        self,
        d_model: int,
        d_state: int = 16,
        d_conv: int = 4,
        expand: int = 2,
        backend: Backend = "auto",
    ) -> None:
        super().__init__()
        inner = expand * d_model
        self.dt_rank = math.ceil(d_model / 16)
        self.d_state, self.backend = d_state, backend
        self.in_proj = nn.Linear(d_model, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, d_conv, groups=inner, padding=d_conv - 1)
        self.x_proj = nn.Linear(inner, self.dt_rank + 2 * d_state, bias=False)
        self.dt_proj = nn.Linear(self.dt_rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1.0, d_state + 1).repeat(inner, 1)))
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, d_model, bias=False)
        self._init_delta(inner)

    def _init_delta(self, inner: int) -> None:
        low, high = (math.log(end) for end in DELTA_RANGE)
        delta = torch.exp(torch.rand(inner) * (high - low) + low).clamp(min=1e-4)
        with torch.no_grad():
            self.dt_proj.bias.copy_(delta + torch.log(-torch.expm1(-delta)))
            nn.init.uniform_(self.dt_proj.weight, -(self.dt_rank**-0.5), self.dt_rank**-0.5)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        """Invalid tokens ``valid [batch, time]`` leave the state as it is and give zero."""
        inside = valid[..., None]
        x, gate = self.in_proj(tokens).chunk(2, -1)
        x = torch.where(inside, x, 0)
        x = silu(self.conv1d(x.transpose(1, 2))[..., : tokens.shape[1]].transpose(1, 2))
        raw, B, C = self.x_proj(x).split([self.dt_rank, self.d_state, self.d_state], -1)
        delta = softplus(self.dt_proj(raw)) * inside
        y = selective_scan(x, delta, -torch.exp(self.A_log), B, C, backend=self.backend)
        y = (y + x * self.D) * silu(gate)
        result: Tensor = torch.where(inside, self.out_proj(y), 0)
        return result
