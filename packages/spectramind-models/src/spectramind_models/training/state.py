"""Where a training stands: all that its next epoch depends on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from torch import Tensor

from spectramind_models.training import checkpoint


class Position(BaseModel):
    """How far a training has come; what a checkpoint says of itself."""

    fingerprint: str
    """Hash of all that the training depends on: a checkpoint of another one is of no use."""
    stage: int = 0
    """Index of the stage in work."""
    epoch: int = 0
    """Epochs of that stage that are done."""
    total: int = 0
    """Epochs of all stages that are done."""
    first_loss: float | None = None
    """Mean loss of the very first epoch."""
    best_score: float | None = None
    best_total: int = 0
    """The `total` at which the best score was reached."""
    precision: dict[str, Any] = {}
    """State of the loss scaler, where half precision needs one."""


@dataclass
class TrainingState:
    """Position and best weights; weights and optimiser state live in their own objects."""

    at: Position
    about: Mapping[str, Any] = field(default_factory=dict)
    """What checkpoints say besides: the spec and the training's options."""
    best: dict[str, Tensor] = field(default_factory=dict)

    def keep_if_best(self, module: torch.nn.Module, score: float) -> None:
        """Remember the module's weights if none were better."""
        if self.at.best_score is None or score > self.at.best_score:
            self.at.best_score, self.at.best_total = score, self.at.total
            self.best = {name: w.detach().cpu().clone() for name, w in module.state_dict().items()}

    def write(self, path: Path, module: torch.nn.Module, optimiser: torch.optim.AdamW) -> None:
        """Write everything the next epoch depends on."""
        tensors = {
            **checkpoint.prefixed("now", module.state_dict()),
            **checkpoint.prefixed("best", self.best),
            **checkpoint.prefixed("optimiser", _moments(optimiser)),
        }
        checkpoint.write(path, tensors, self.header())

    def header(self) -> dict[str, Any]:
        """What a checkpoint says of itself."""
        return {**self.about, **self.at.model_dump()}

    def read(self, path: Path, module: torch.nn.Module, optimiser: torch.optim.AdamW) -> bool:
        """Take up what was written by this very training; False if there is no such thing."""
        if not path.is_file():
            return False
        tensors, about = checkpoint.read(path)
        if about.get("fingerprint") != self.at.fingerprint:
            return False
        self.at = Position.model_validate(about)
        self.best = checkpoint.below("best", tensors)
        module.load_state_dict(checkpoint.below("now", tensors))
        _restore(optimiser, checkpoint.below("optimiser", tensors))
        return True


def _moments(optimiser: torch.optim.AdamW) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {f"{i}.{name}": moment for i, each in state.items() for name, moment in each.items()}


def _restore(optimiser: torch.optim.AdamW, moments: dict[str, Tensor]) -> None:
    whole = optimiser.state_dict()
    state: dict[int, dict[str, Tensor]] = {}
    for key, moment in moments.items():
        index, _, name = key.partition(".")
        state.setdefault(int(index), {})[name] = moment
    optimiser.load_state_dict({**whole, "state": state})
