"""A toy to train: a line fitted to points. A module, so that spawned processes can import it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from spectramind_models.training.options import StageOptions


@dataclass
class Line:
    """Fit ``y = 2 x + 1``, with dropout so that randomness matters."""

    poison: int = 10**9
    """Epoch from which the loss is poisoned."""
    poisoned: float = math.nan
    scores: list[float] = field(default_factory=list)
    """Scores to report in turn, instead of honest ones."""

    def module(self) -> nn.Module:
        with torch.random.fork_rng([]):
            torch.manual_seed(3)
            return nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.3), nn.Linear(8, 1))

    def steps(self) -> int:
        return 2

    def batches(
        self, stage: StageOptions, epoch: int, *, share: tuple[int, int]
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        rng = torch.Generator().manual_seed(epoch)
        for _ in range(self.steps()):
            x = torch.rand(8, 1, generator=rng)[share[0] :: share[1]]
            yield x, 2 * x + 1, torch.tensor(float(epoch))

    def loss(self, module: nn.Module, batch: tuple[Tensor, ...], stage: StageOptions) -> Tensor:
        x, y, epoch = batch
        loss = (module(x) - y).square().mean()
        return loss + self.poisoned if float(epoch) >= self.poison else loss

    def assess(self, module: nn.Module) -> dict[str, float]:
        assert not module.training
        x = torch.linspace(0, 1, 20)[:, None]
        honest = -float((module(x) - 2 * x - 1).square().mean())
        return {"score": self.scores.pop(0) if self.scores else honest}
