"""The graph encoders' stacks, forward and backward, against torch-geometric's GATv2Conv.

    python benchmarks/graph.py [--quick] [--repeats 3]

The baseline is a bare stack of GATv2Conv on torch-geometric's own batch of the same graph, with the
same residual connections and norms. Each figure comes from a process of its own with idle OpenMP
threads asleep; the first run is left out and the best of the others counts. Everything runs
twice: as installed, and with glibc told to keep its memory, which favours torch-geometric.
"""

from __future__ import annotations

import argparse
import json
import time

from scan import TUNED, measure

WAVES, FEATURES = 283, 12
FULL, QUICK = (16, 192, 6), (2, 32, 2)


def work(which: str, batch: int, width: int, layers: int, repeats: int) -> dict[str, float]:
    """Seconds of one stack in this process, and the graph's edges."""
    import numpy as np
    import torch

    from spectramind_core.components import Context
    from spectramind_models.graph.dense_gat import DenseGatEncoder
    from spectramind_models.graph.edges import build
    from spectramind_models.graph.gat import GatEncoder
    from spectramind_models.graph.options import GraphOptions

    grid = np.concatenate([[0.7], np.linspace(1.9518, 3.895, WAVES - 1)])
    options = GraphOptions(width=width, n_layers=layers)
    tokens = torch.randn(batch, WAVES, FEATURES, generator=torch.Generator().manual_seed(0))
    valid = torch.ones(batch, WAVES, dtype=torch.bool)
    edges = build(grid, options)
    if which == "GATv2Conv":
        run = reference(edges, tokens, width, layers, options.heads)
    else:
        encoder = {"gat": GatEncoder, "dense_gat": DenseGatEncoder}[which](options)
        network = encoder.module(features=FEATURES, positions=grid, ctx=Context())
        run = lambda: network(tokens, valid)  # noqa: E731
    seconds = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        run().square().sum().backward()
        seconds.append(time.perf_counter() - begun)
    return {"best": min(seconds[1:]), "edges": edges.index.shape[1]}


def reference(edges, tokens, width, layers, heads):  # type: ignore[no-untyped-def]
    """A stack that uses nothing of ours but the edges."""
    import torch
    from torch import nn
    from torch_geometric.data import Batch, Data
    from torch_geometric.nn import GATv2Conv

    torch.manual_seed(0)
    index = torch.from_numpy(edges.index)
    about = torch.from_numpy(edges.features).float()
    graph = Batch.from_data_list([Data(x=x, edge_index=index, edge_attr=about) for x in tokens])
    project = nn.Linear(tokens.shape[2], width)
    norms = [nn.LayerNorm(width) for _ in range(layers)]
    convs = [
        GATv2Conv(width, width // heads, heads, edge_dim=about.shape[1], add_self_loops=False)
        for _ in range(layers)
    ]

    def run() -> torch.Tensor:
        hidden = project(graph.x)
        for norm, conv in zip(norms, convs, strict=True):
            update = conv(norm(hidden), graph.edge_index, graph.edge_attr)
            hidden = hidden + nn.functional.gelu(update)
        return hidden

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a small size, to see it run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--work", choices=("GATv2Conv", "gat", "dense_gat"), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        print(json.dumps(work(given.work, *given.size, given.repeats)))
        return
    size = QUICK if given.quick else FULL
    print("batch {}, width {}, {} layers".format(*size))
    for label, extra in (("as installed", {}), ("tuned malloc", TUNED)):
        baseline = measure(__file__, "GATv2Conv", size, given.repeats, extra)
        print(f"{label}: GATv2Conv {baseline['best']:.3f} s, {baseline['edges']} edges")
        for ours in ("gat", "dense_gat"):
            found = measure(__file__, ours, size, given.repeats, extra)
            ratio = baseline["best"] / found["best"]
            print(f"{label}: {ours:9} {found['best']:.3f} s, {ratio:.1f} x as fast", flush=True)


if __name__ == "__main__":
    main()
