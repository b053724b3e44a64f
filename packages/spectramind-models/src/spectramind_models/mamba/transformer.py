"""The encoder `transformer`: self-attention over tokens, as the swap for `mamba`.

References
----------
Vaswani et al. 2017, "Attention is all you need", NeurIPS (section 3.5: positions as sinusoids).
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_core.errors import SpecError
from spectramind_models.mamba.options import TransformerOptions


class TransformerEncoder:
    """A recipe for `TransformerNet`."""

    def __init__(self, options: TransformerOptions) -> None:
        if options.d_model % options.heads:
            raise SpecError(
                f"{options.heads} heads do not divide d_model {options.d_model}",
                where="encoder 'transformer'",
                hint="choose d_model as a multiple of heads",
            )
        self._options = options

    @property
    def width(self) -> int:
        """Features of each token that comes out."""
        return self._options.d_model

    def module(self, *, features: int, positions: Any, ctx: Context) -> nn.Module:
        """A network with weights from the context's own stream."""
        with torch.random.fork_rng([]):
            torch.manual_seed(ctx.child("transformer").torch_seed())
            return TransformerNet(features, self._options)


class TransformerNet(nn.Module):
    """``tokens [batch, token, feature]``, ``valid [batch, token]`` to ``[batch, token, width]``."""

    def __init__(self, features: int, options: TransformerOptions) -> None:
        super().__init__()
        width = options.d_model
        self.project = nn.Linear(features, width)
        layer = nn.TransformerEncoderLayer(
            width, options.heads, 2 * width, options.dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, options.n_layers, enable_nested_tensor=False)

    def forward(self, tokens: Tensor, valid: Tensor) -> Tensor:
        inside = valid[..., None]
        hidden = self.project(torch.where(inside, tokens, 0)) + sinusoids(
            tokens.shape[1], self.project.out_features, tokens
        )
        # A row without any valid token would attend to nothing, which is NaN.
        ignored = ~valid & valid.any(1, keepdim=True)
        encoded = self.layers(torch.where(inside, hidden, 0), src_key_padding_mask=ignored)
        result: Tensor = torch.where(inside, encoded, 0)
        return result


def sinusoids(tokens: int, width: int, like: Tensor) -> Tensor:
    """Positions ``[tokens, width]`` as sines and cosines of geometric wavelengths."""
    place = torch.arange(tokens, dtype=like.dtype, device=like.device)[:, None]
    feature = torch.arange(width, device=like.device)
    rate = torch.exp(-(feature // 2 * 2) * math.log(10_000.0) / width)
    angle = place * rate
    return torch.where(feature % 2 == 0, torch.sin(angle), torch.cos(angle))
