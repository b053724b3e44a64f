"""What the loop needs to know of what it trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from torch import Tensor, nn

from spectramind_models.training.options import StageOptions


class Task(Protocol):
    """A network and the data it learns from. Everything random depends on the epoch alone."""

    def module(self) -> nn.Module:
        """The network at its start."""
        ...

    def steps(self) -> int:
        """Batches an epoch."""
        ...

    def batches(self, stage: StageOptions, epoch: int, *, share: tuple[int, int]) -> Iterator[Any]:
        """The batches of an epoch; of each, the planets of rank ``share[0]`` out of ``share[1]``.

        Parameters
        ----------
        epoch
            Counted over all stages.
        """
        ...

    def loss(self, module: nn.Module, batch: Any, stage: StageOptions) -> Tensor:
        """Mean loss of a batch, nats."""
        ...

    def assess(self, module: nn.Module) -> Mapping[str, float]:
        """What to report of the validation planets; the module is in ``eval`` mode.

        ``score`` is their challenge score, unclipped, by which the best weights are chosen.
        """
        ...
