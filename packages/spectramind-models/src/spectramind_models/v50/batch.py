"""Planets side by side as tensors, padded where they have more or fewer light-curve tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from spectramind_core.arrays import F8, Bool
from spectramind_models.v50.features import Inputs, Single


class Batch(NamedTuple):
    """What the network reads. Unknown features are not finite; the network sees to them."""

    nodes: Tensor
    """``[planet, wave, feature]`` float32."""
    planet: Tensor
    """``[planet, feature]`` float32."""
    tokens: Tensor
    """``[planet, time, channel]`` float32, zero where there is no token."""
    valid: Tensor
    """``[planet, time]`` bool."""
    mu: Tensor
    """``[planet, wave]`` float64: the physics posterior."""
    sigma: Tensor
    """``[planet, wave]`` float64."""
    measured: Tensor
    """``[planet, wave]`` bool: bins that were measured at all."""
    lean: Tensor
    """``[planet, wave]`` float64: what the fit's evidence would correct, in sigma."""


def collate(inputs: Sequence[Inputs], tokens: Sequence[F8]) -> Batch:
    """Stack planets."""
    filled, valid = _padded(tokens)
    return Batch(
        nodes=_stacked([each.nodes for each in inputs]),
        planet=_stacked([each.planet for each in inputs]),
        tokens=torch.from_numpy(filled),
        valid=torch.from_numpy(valid),
        mu=_stacked([each.mu for each in inputs]),
        sigma=_stacked([each.sigma for each in inputs]),
        measured=_stacked([each.measured for each in inputs]),
        lean=_stacked([each.lean for each in inputs]),
    )


def _padded(tokens: Sequence[F8]) -> tuple[Single, Bool]:
    longest = max(1, max(len(each) for each in tokens))
    filled = np.zeros((len(tokens), longest, tokens[0].shape[1]), np.float32)
    valid = np.zeros(filled.shape[:2], bool)
    for row, each in enumerate(tokens):
        filled[row, : len(each)] = each
        valid[row, : len(each)] = True
    return filled, valid


def _stacked(rows: Sequence[npt.NDArray[Any]]) -> Tensor:
    return torch.from_numpy(np.stack(rows))
