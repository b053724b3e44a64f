"""The network: quantiles of every bin's residual, from its own evidence and its neighbours'."""

from __future__ import annotations

from statistics import NormalDist

import torch
from torch import Tensor, nn
from torch_geometric.nn.dense import DenseGraphConv

from spectramind_calib.uncertainty.options import CorelOptions

MAX_LOG_STEP = 3.0
"""Furthest that a step between quantiles departs from the common Gaussian's, in its logarithm."""


class QuantileNetwork(nn.Module):
    """Two graph convolutions over known and learnt edges; quantiles that cannot cross.

    Untrained it gives every bin the same Gaussian quantiles.

    Parameters
    ----------
    graph
        ``[wave, wave]``: the known edges, rows summing to 1.
    statistics
        ``[wave, statistic]``: of the training planets' residual scores in each bin, so that a bin
        reads its neighbours' scores through the graph.
    scale
        Common scale of the residuals, in sigma.
    planet_features, bin_features
        How many features there are.

    References
    ----------
    Cini et al. 2025, "Relational conformal prediction for correlated time series", ICML, section 3:
    node embeddings, a learnt k-nearest graph, two convolutions, quantile outputs.
    """

    graph: Tensor
    statistics: Tensor
    steps: Tensor

    def __init__(
        self,
        graph: Tensor,
        statistics: Tensor,
        scale: float,
        planet_features: int,
        bin_features: int,
        options: CorelOptions,
    ) -> None:
        super().__init__()
        waves, width = len(graph), options.width
        self._neighbours = min(options.neighbours, waves - 1)
        self._levels = len(options.levels)
        z = [NormalDist().inv_cdf(0.5 + level / 2) for level in options.levels]
        steps = torch.tensor([b - a for a, b in zip([0.0, *z], z, strict=False)])
        self.register_buffer("graph", graph)
        self.register_buffer("statistics", statistics)
        self.register_buffer("steps", scale * steps)
        self.embedding = nn.Parameter(torch.randn(waves, options.embedding) / options.embedding)
        self.balance = nn.Parameter(torch.zeros(()))
        inputs = planet_features + bin_features + statistics.shape[1] + options.embedding
        self.enter = nn.Linear(inputs, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.convolutions = nn.ModuleList(DenseGraphConv(width, width) for _ in range(2))
        self.leave = nn.Linear(width, 1 + 2 * self._levels)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def learnt_edges(self) -> Tensor:
        """``[wave, wave]``: softmax over the nearest neighbours in embedding; rows sum to 1."""
        affinity = self.embedding @ self.embedding.T
        alone = torch.eye(len(affinity), dtype=torch.bool, device=affinity.device)
        affinity = affinity.masked_fill(alone, -torch.inf)
        if self._neighbours == 0:
            return torch.zeros_like(affinity)
        best, at = affinity.topk(self._neighbours, dim=1)
        return torch.zeros_like(affinity).scatter(1, at, best.softmax(dim=1))

    def forward(self, planets: Tensor, bins: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Quantiles of the residuals in units of sigma.

        Parameters
        ----------
        planets
            ``[planet, planet feature]``
        bins
            ``[planet, wave, bin feature]``

        Returns
        -------
        median, lower, upper
            ``[planet, 1, wave]`` and twice ``[planet, level, wave]``, nested.
        """
        count, waves = bins.shape[:2]
        fixed = torch.cat([self.statistics, self.embedding], dim=1).expand(count, -1, -1)
        hidden = self.enter(
            torch.cat([bins, planets[:, None].expand(-1, waves, -1), fixed], dim=-1)
        )
        share = torch.sigmoid(self.balance)
        edges = share * self.graph + (1 - share) * self.learnt_edges()
        for norm, convolution in zip(self.norms, self.convolutions, strict=True):
            hidden = hidden + nn.functional.gelu(convolution(norm(hidden), edges))
        out = self.leave(hidden).movedim(1, 2)
        median = out[:, :1] * self.steps[0]
        log = MAX_LOG_STEP * torch.tanh(out[:, 1:] / MAX_LOG_STEP)
        step = log.exp() * self.steps.repeat(2)[:, None]
        below, above = step[:, : self._levels], step[:, self._levels :]
        return median, median - below.cumsum(dim=1), median + above.cumsum(dim=1)
