"""Mixed precision: where it rounds and where it must not, on a CPU as on a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from toy_task import Line

from spectramind_core.components import Context, Encoder
from spectramind_core.testing.synthetic import wavelength_grid
from spectramind_models.graph.dense_gat import DenseGatEncoder
from spectramind_models.graph.gat import GatEncoder
from spectramind_models.graph.nnconv import NNConvEncoder
from spectramind_models.graph.options import GraphOptions, NarrowGraphOptions
from spectramind_models.graph.rgcn import RgcnEncoder
from spectramind_models.mamba.encoder import MambaEncoder
from spectramind_models.mamba.options import MambaOptions, TransformerOptions
from spectramind_models.mamba.transformer import TransformerEncoder
from spectramind_models.training.launch import build_fabric, launch
from spectramind_models.training.options import StageOptions, TrainerOptions, TrainingOptions
from spectramind_models.training.precision import Wanted

MIXED = pytest.mark.parametrize(
    ("precision", "half"), [("bf16-mixed", torch.bfloat16), ("16-mixed", torch.float16)]
)


class Corrects(nn.Module):
    """Adds to a depth what a layer makes of some features, as the network does."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 1)
        nn.init.zeros_(self.layer.weight)
        nn.init.zeros_(self.layer.bias)

    def forward(self, depth: Tensor, features: Tensor) -> Tensor:
        self.correction = self.layer(features)[..., 0]
        return depth + self.correction


@MIXED
def test_layers_compute_in_half_and_depths_keep_their_digits(
    precision: Wanted, half: torch.dtype
) -> None:
    fabric = build_fabric(TrainerOptions(precision=precision), "cpu")
    bare = Corrects()
    module = fabric.setup(bare)
    depth = torch.tensor([0.0123456789, 0.0023456789], dtype=torch.float64)
    assert torch.equal(module(depth, torch.ones(2, 3)), depth)
    assert bare.correction.dtype == half


@MIXED
def test_it_learns_in_half_precision(tmp_path: Path, precision: Wanted, half: torch.dtype) -> None:
    """Steps that overflow half precision at first are left out, and the rest are not."""
    events: list[dict[str, float]] = []
    options = TrainingOptions(
        stages=(StageOptions(epochs=8, learning_rate=0.02),),
        trainer=TrainerOptions(precision=precision),
    )
    context = Context(folder=tmp_path, metrics=lambda name, values: events.append(dict(values)))
    launch(Line(), options, "f", context)
    assert len(events) == 8
    assert events[-1]["best_score"] > 0.5 * events[0]["score"]


@MIXED
@pytest.mark.parametrize(
    "encoder",
    [
        MambaEncoder(MambaOptions(d_model=8)),
        TransformerEncoder(TransformerOptions(d_model=8)),
        GatEncoder(GraphOptions(width=8)),
        DenseGatEncoder(GraphOptions(width=8)),
        NNConvEncoder(NarrowGraphOptions(width=8)),
        RgcnEncoder(GraphOptions(width=8)),
    ],
    ids=lambda encoder: type(encoder).__name__,
)
def test_encoders_say_nearly_the_same_in_half_precision(
    encoder: Encoder, precision: Wanted, half: torch.dtype
) -> None:
    grid = wavelength_grid(40)
    net = encoder.module(features=3, positions=grid, ctx=Context())
    tokens = torch.randn(2, 40, 3, generator=torch.Generator().manual_seed(1))
    valid = torch.ones(2, 40, dtype=torch.bool)
    valid[1, 5:9] = False
    exact = net(tokens, valid).detach()
    with torch.autocast("cpu", half):
        found = net(tokens, valid).float()
    assert float((found - exact).detach().abs().max()) < 0.03 * float(exact.abs().max())
    found.square().sum().backward()
    assert all(torch.isfinite(weight.grad).all() for weight in net.parameters())
