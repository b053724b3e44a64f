"""The graph of bins, and encoders on it: equivariant, masked, and attending with weights of 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spectramind_core.components import Context
from spectramind_core.errors import SpecError
from spectramind_core.molecules import membership
from spectramind_core.testing import EncoderTests
from spectramind_core.testing.synthetic import wavelength_grid
from spectramind_models.graph.edges import RELATIONS, build
from spectramind_models.graph.gat import GatEncoder, attention
from spectramind_models.graph.message import GraphNet
from spectramind_models.graph.options import GraphOptions

GRID = wavelength_grid(60)


class TestGat(EncoderTests):
    name = "gat"
    options = {"width": 8, "heads": 2}


class TestNNConv(EncoderTests):
    name = "nnconv"
    options = {"width": 4}


class TestRgcn(EncoderTests):
    name = "rgcn"
    options = {"width": 8}


def test_edges_go_both_ways_and_each_bin_has_itself() -> None:
    edges = build(GRID, GraphOptions())
    pairs = set(map(tuple, edges.index.T.tolist()))
    assert len(pairs) == edges.index.shape[1]
    assert all((b, a) in pairs for a, b in pairs)
    assert all((i, i) in pairs for i in range(GRID.size))


def test_edges_say_how_far_and_why() -> None:
    edges = build(GRID, GraphOptions())
    source, target = edges.index
    np.testing.assert_allclose(edges.features[:, 0], GRID[target] - GRID[source])
    np.testing.assert_array_equal(edges.features[:, 1:].argmax(1), edges.relation)
    assert set(edges.relation.tolist()) == set(range(len(RELATIONS)))


def test_molecule_edges_join_bins_of_one_molecule() -> None:
    edges = build(GRID, GraphOptions())
    inside = membership(GRID)
    source, target = edges.index[:, edges.relation == RELATIONS.index("molecule")]
    assert (inside[:, source] & inside[:, target]).any(0).all()


def test_the_graph_is_connected() -> None:
    edges = build(GRID, GraphOptions(neighbours=1, molecule_links=0))
    reached = {0}
    for _ in range(GRID.size):
        reached |= {b for a, b in edges.index.T.tolist() if a in reached}
    assert len(reached) == GRID.size


def _net(ctx: Context, width: int = 8) -> GraphNet:
    net = GatEncoder(GraphOptions(width=width, heads=2)).module(features=3, positions=GRID, ctx=ctx)
    assert isinstance(net, GraphNet)
    return net.eval()


def test_relabelling_the_bins_relabels_the_result(ctx: Context) -> None:
    """The network knows bins by their edges alone."""
    net = _net(ctx)
    order = torch.randperm(GRID.size, generator=torch.Generator().manual_seed(0))
    tokens = torch.randn(2, GRID.size, 3, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(2, GRID.size, dtype=torch.bool)
    plain = net(tokens, valid)
    net.index = torch.argsort(order)[net.index]
    torch.testing.assert_close(net(tokens[:, order], valid), plain[:, order])


def test_attention_of_each_bin_sums_to_one(ctx: Context) -> None:
    tokens = torch.randn(2, GRID.size, 3, generator=torch.Generator().manual_seed(1))
    maps = attention(_net(ctx), tokens, torch.ones(2, GRID.size, dtype=torch.bool))
    assert maps.shape == (2, GRID.size, GRID.size)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, GRID.size))


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(SpecError, match="do not divide"):
        GatEncoder(GraphOptions(width=10, heads=4))
