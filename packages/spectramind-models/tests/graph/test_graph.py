"""The graph of bins, and encoders on it: equivariant, masked, and attending with weights of 1."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.nn import TransformerConv

from spectramind_core.arrays import F8
from spectramind_core.components import Context
from spectramind_core.errors import SpecError
from spectramind_core.molecules import membership
from spectramind_core.testing import EncoderTests
from spectramind_core.testing.synthetic import wavelength_grid
from spectramind_models.graph.dense_gat import DenseGatEncoder, DenseLayer
from spectramind_models.graph.edges import RELATIONS, build
from spectramind_models.graph.gat import GatEncoder
from spectramind_models.graph.message import AttentiveNet, GraphEncoder
from spectramind_models.graph.options import GraphOptions

GRID = wavelength_grid(60)


class TestGat(EncoderTests):
    name = "gat"
    options = {"width": 8, "heads": 2}


class TestDenseGat(EncoderTests):
    name = "dense_gat"
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


def test_edges_say_how_far_why_and_which_molecules_they_share() -> None:
    edges = build(GRID, GraphOptions())
    source, target = edges.index
    np.testing.assert_allclose(edges.features[:, 0], GRID[target] - GRID[source])
    flags = edges.features[:, 1 : 1 + len(RELATIONS)]
    np.testing.assert_array_equal(flags.argmax(1), edges.relation)
    inside = membership(GRID)
    shared = (inside[:, source] & inside[:, target]).T
    np.testing.assert_array_equal(edges.features[:, 1 + len(RELATIONS) :], shared)
    assert set(edges.relation.tolist()) == set(range(len(RELATIONS)))


def test_the_photometer_is_no_neighbour_in_wavelength() -> None:
    edges = build(GRID, GraphOptions())
    source, target = edges.index
    others = (source == 0) & (target != 0)
    assert others.any()
    assert set(edges.relation[others].tolist()) == {RELATIONS.index("segment")}


@pytest.mark.parametrize("bins", [1, 2, 3, 283])
def test_any_number_of_bins_makes_a_graph(bins: int) -> None:
    edges = build(wavelength_grid(283)[:bins], GraphOptions())
    assert set(edges.index.ravel().tolist()) == set(range(bins))


def test_relabelled_bins_have_relabelled_edges() -> None:
    order = np.random.default_rng(0).permutation(GRID.size)
    plain, shuffled = (build(grid, GraphOptions()) for grid in (GRID, GRID[order]))

    def known(index: np.ndarray, features: np.ndarray) -> set[tuple[float, ...]]:
        return {
            (*pair, *row) for pair, row in zip(index.T.tolist(), features.tolist(), strict=True)
        }

    assert known(order[shuffled.index], shuffled.features) == known(plain.index, plain.features)


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


def _net(ctx: Context, encoder: type[GraphEncoder], grid: F8 = GRID) -> AttentiveNet:
    net = encoder(GraphOptions(width=8, heads=2)).module(features=3, positions=grid, ctx=ctx)
    assert isinstance(net, AttentiveNet)
    return net.eval()


def _batch() -> tuple[Tensor, Tensor]:
    tokens = torch.randn(2, GRID.size, 3, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(2, GRID.size, dtype=torch.bool)
    valid[1, 5:9] = False
    return tokens, valid


ATTENTIVE = pytest.mark.parametrize("encoder", [GatEncoder, DenseGatEncoder])


@ATTENTIVE
def test_relabelling_the_bins_relabels_the_result(
    ctx: Context, encoder: type[GraphEncoder]
) -> None:
    """The network knows bins by their wavelengths alone, not by their places."""
    order = torch.randperm(GRID.size, generator=torch.Generator().manual_seed(0))
    tokens, valid = _batch()
    plain = _net(ctx, encoder)(tokens, valid)
    shuffled = _net(ctx, encoder, GRID[order.numpy()])(tokens[:, order], valid[:, order])
    torch.testing.assert_close(shuffled, plain[:, order])


@ATTENTIVE
def test_attention_sums_to_one_and_spares_invalid_bins(
    ctx: Context, encoder: type[GraphEncoder]
) -> None:
    tokens, valid = _batch()
    weight = _net(ctx, encoder).attention(tokens, valid)
    torch.testing.assert_close(weight.sum(-1), valid.float())
    assert float(weight[1, :, 5:9].abs().max()) == 0
    edges = build(GRID, GraphOptions())
    outside = torch.ones(GRID.size, GRID.size, dtype=torch.bool)
    outside[edges.index[1], edges.index[0]] = False
    assert float(weight[:, outside].abs().max()) == 0


@ATTENTIVE
def test_a_nan_in_one_planet_reaches_no_other(ctx: Context, encoder: type[GraphEncoder]) -> None:
    tokens, valid = _batch()
    net = _net(ctx, encoder)
    clean = net(tokens, valid)
    tokens[1] = torch.nan
    torch.testing.assert_close(net(tokens, valid)[0], clean[0])


def test_the_dense_layer_is_torch_geometrics_transformer_conv(ctx: Context) -> None:
    """Same weights, same edges, same result and gradients, with bins that are masked."""
    options = GraphOptions(width=8, heads=2)
    dense_net, sparse_net = _net(ctx, DenseGatEncoder), _net(ctx, GatEncoder)
    layer = dense_net.layers[0]
    assert isinstance(layer, DenseLayer)
    about = build(GRID, options).features.shape[1]
    reference = TransformerConv(8, 4, heads=2, edge_dim=about)
    reference.load_state_dict(layer.state_dict())
    _, valid = _batch()
    hidden = torch.randn(2 * GRID.size, 8, generator=torch.Generator().manual_seed(2))
    rows = valid.flatten()
    found = layer(hidden, *dense_net.graph(valid))[rows]
    expected = reference(hidden, *sparse_net.graph(valid))[rows]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    found.square().sum().backward()
    expected.square().sum().backward()
    for name, ours in layer.named_parameters():
        theirs = reference.get_parameter(name)
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-4)


@ATTENTIVE
def test_heads_must_divide_the_width(encoder: type[GraphEncoder]) -> None:
    with pytest.raises(SpecError, match="do not divide"):
        encoder(GraphOptions(width=10, heads=4))
