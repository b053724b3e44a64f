"""The quantile network: its layers against torch-geometric's, its quantiles, when it stops."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch_geometric")

import torch
from torch import Tensor, nn
from torch_geometric.nn import GraphConv
from torch_geometric.utils import dense_to_sparse

from spectramind_calib.uncertainty.corel import training
from spectramind_calib.uncertainty.corel.graph import known_graph
from spectramind_calib.uncertainty.corel.network import QuantileNetwork
from spectramind_calib.uncertainty.corel.training import Sample
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_core.calibration_metrics import winkler
from spectramind_core.components import Context
from spectramind_core.testing import synthetic

BINS = 20
OPTIONS = CorelOptions(width=12, embedding=4, neighbours=5, epochs=30, patience=3)


def sample(planets: int, seed: int = 0) -> Sample:
    """A planet feature tells the scale of its residuals."""
    rng = np.random.default_rng(seed)
    feature = rng.standard_normal((planets, 2))
    residuals = np.exp(0.7 * feature[:, :1]) * rng.standard_normal((planets, BINS))
    return Sample(feature, rng.standard_normal((planets, BINS, 3)), residuals)


def untrained(scramble: float = 0.0) -> QuantileNetwork:
    torch.manual_seed(3)
    graph = known_graph(synthetic.wavelength_grid(BINS))
    network = training.fresh(sample(40), graph, OPTIONS)
    with torch.no_grad():
        for weight in network.parameters():
            weight += scramble * torch.randn_like(weight)
    return network.double()


def asked(network: QuantileNetwork, planets: int = 6) -> tuple[Tensor, Tensor, Tensor]:
    given = sample(planets, seed=1)
    with torch.no_grad():
        found: tuple[Tensor, Tensor, Tensor] = network(
            torch.tensor(given.planets), torch.tensor(given.bins)
        )
    return found


class OverEdges(nn.Module):
    """A graph convolution by message passing over a list of edges, planet by planet."""

    def __init__(self, dense: nn.Module, width: int) -> None:
        super().__init__()
        self.sparse = GraphConv(width, width).double()
        self.sparse.load_state_dict(dense.state_dict())

    def forward(self, hidden: Tensor, edges: Tensor) -> Tensor:
        source_to_target, weight = dense_to_sparse(edges.T.contiguous())
        return torch.stack([self.sparse(x, source_to_target, weight) for x in hidden])


def test_its_convolutions_are_message_passing_over_known_and_learnt_edges() -> None:
    network = untrained(scramble=0.3)
    dense = asked(network)
    network.convolutions = nn.ModuleList(OverEdges(c, OPTIONS.width) for c in network.convolutions)
    for ours, reference in zip(dense, asked(network), strict=True):
        torch.testing.assert_close(ours, reference)


def test_a_bin_hears_its_neighbours_through_the_graph() -> None:
    """Changing what one bin shows moves the quantiles of others, and with no edges of none."""
    network, given = untrained(scramble=0.3), sample(1, seed=1)
    planets, bins = torch.tensor(given.planets), torch.tensor(given.bins)
    changed = bins.clone()
    changed[:, 7] += 1
    with torch.no_grad():
        moved = (network(planets, changed)[2] - network(planets, bins)[2]).abs().sum(dim=(0, 1))
        assert (moved > 0).sum() > 1
        network.graph.zero_()
        network._neighbours = 0
        moved = (network(planets, changed)[2] - network(planets, bins)[2]).abs().sum(dim=(0, 1))
    assert moved.nonzero().flatten().tolist() == [7]


@pytest.mark.parametrize("scramble", [0.0, 0.3, 3.0])
def test_its_quantiles_never_cross(scramble: float) -> None:
    median, lower, upper = asked(untrained(scramble), planets=30)
    ladder = torch.cat([lower.flip(1), median, upper], dim=1)
    assert (ladder.diff(dim=1) > 0).all()


def test_untrained_it_gives_the_quantiles_of_one_gaussian() -> None:
    _, lower, upper = asked(untrained())
    scale = float(np.sqrt(np.mean(sample(40).residuals ** 2)))
    z = torch.tensor([0.6744898, 0.9944579, 1.6448536, 1.9599640], dtype=torch.float64) * scale
    torch.testing.assert_close(upper, z[:, None].expand_as(upper), rtol=1e-5, atol=0)
    torch.testing.assert_close(lower, -upper)


def test_it_stops_when_the_winkler_score_no_longer_falls_and_keeps_the_best_weights(
    ctx: Context,
) -> None:
    watched: list[float] = []
    own = replace(ctx, metrics=lambda _, values: watched.append(values["winkler"]))
    given, graph = sample(60), known_graph(synthetic.wavelength_grid(BINS))
    network = training.trained(given, graph, np.ones(BINS), OPTIONS, ctx=own)
    best = int(np.argmin(watched))
    assert len(watched) == min(best + 1 + OPTIONS.patience, OPTIONS.epochs)
    order = own.child("validation").rng().permutation(60)
    watch = given.of(order[: round(training.VALIDATION * 60)])
    _, lower, upper = training.predict(network, watch.planets, watch.bins, OPTIONS.batch)
    score = np.mean(
        [
            winkler(lower[:, i], upper[:, i], watch.residuals, level)
            for i, level in enumerate(OPTIONS.levels)
        ]
    )
    assert score / float(network.steps.sum()) == pytest.approx(watched[best], rel=1e-5)
