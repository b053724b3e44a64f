"""The training loop: stages, epochs, steps; resumable to the bit, and stopped where it diverges."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from spectramind_core.components import Context
from spectramind_core.errors import TrainingError
from spectramind_models.training import checkpoint
from spectramind_models.training.options import StageOptions, TrainingOptions
from spectramind_models.training.schedule import rate
from spectramind_models.training.state import Position, TrainingState
from spectramind_models.training.task import Task

DIVERGED = 100.0
"""Nats above the first epoch's mean loss at which training counts as diverging."""


def train(
    fabric: Fabric, task: Task, options: TrainingOptions, fingerprint: str, ctx: Context
) -> dict[str, Tensor]:
    """Train, and return the weights that scored best on validation planets, on the CPU.

    The untrained network competes too: what comes out is never worse, on those planets, than what
    went in. Checkpoints go to ``ctx.folder``; if one of the same training is there, it goes on.

    Raises
    ------
    TrainingError
        If the loss diverges; the best weights so far are kept in ``last_good.safetensors``.
    """
    return _Training(fabric, task, options, fingerprint, ctx).run()


class _Training:
    def __init__(
        self, fabric: Fabric, task: Task, options: TrainingOptions, fingerprint: str, ctx: Context
    ) -> None:
        self.fabric, self.task, self.options, self.ctx = fabric, task, options, ctx
        module = task.module()
        optimiser = torch.optim.AdamW(module.parameters(), weight_decay=options.weight_decay)
        about = {"spec": dict(ctx.spec), "training": options.model_dump(mode="json")}
        self.state = TrainingState(Position(fingerprint=fingerprint), about)
        self.path = ctx.folder / "training.safetensors"
        resumed = self.state.read(self.path, module, optimiser)
        self.precision = fabric.strategy.precision
        if self.state.at.precision:
            self.precision.load_state_dict(self.state.at.precision)
        self.module, self.optimiser = fabric.setup(module, optimiser)
        self.latest = ""
        if not resumed:
            self.state.keep_if_best(self.bare, self.assess()["score"])

    @property
    def bare(self) -> nn.Module:
        """The module without Fabric's wrapping."""
        bare: nn.Module = self.module.module
        return getattr(bare, "module", bare)

    def run(self) -> dict[str, Tensor]:
        at = self.state.at
        epochs = self.ctx.progress(
            self.remaining(), label="training", total=self.planned(), status=self.status
        )
        for stage in epochs:
            start = time.perf_counter()
            loss, norm, learning_rate = self.epoch(stage)
            at.epoch, at.total = at.epoch + 1, at.total + 1
            self.check(loss)
            found = self.assess()
            self.state.keep_if_best(self.bare, found["score"])
            self.latest = f"loss {loss:.3f}, score {found['score']:.4f}"
            self.report(stage, loss, found, learning_rate, norm, time.perf_counter() - start)
            if at.total % self.options.checkpoint_every == 0:
                self.write()
        return self.state.best

    def remaining(self) -> Iterator[StageOptions]:
        """The stage of each epoch still to come; a stage ends early when patience is at an end."""
        at = self.state.at
        while at.stage < len(self.options.stages):
            stage = self.options.stages[at.stage]
            stale = at.total - max(at.best_total, at.total - at.epoch)
            if at.epoch >= stage.epochs or stale >= self.options.patience:
                at.stage, at.epoch = at.stage + 1, 0
            else:
                yield stage

    def status(self) -> str:
        """Loss and score of the last epoch, for the display of progress."""
        return self.latest

    def planned(self) -> int:
        """Epochs still to come if patience lasts."""
        at = self.state.at
        return sum(stage.epochs for stage in self.options.stages[at.stage :]) - at.epoch

    def epoch(self, stage: StageOptions) -> tuple[float, float, float]:
        """Train one epoch; mean loss, largest gradient norm, and the last learning rate."""
        at, steps = self.state.at, self.task.steps()
        losses, norms, learning_rate = [], [], 0.0
        share = (self.fabric.global_rank, self.fabric.world_size)
        self.module.train()
        with _own_randomness(self.ctx.child("epoch", str(at.total)), self.fabric.device):
            for step, batch in enumerate(self.task.batches(stage, at.total, share=share)):
                done = at.epoch * steps + step
                factor = rate(done, stage.epochs * steps, warmup=self.options.warmup)
                learning_rate = stage.learning_rate * factor
                loss, norm = self.step(batch, stage, learning_rate)
                losses.append(loss)
                norms.append(norm)
        return math.fsum(losses) / len(losses), max(norms), learning_rate

    def step(self, batch: Any, stage: StageOptions, learning_rate: float) -> tuple[float, float]:
        """One step of AdamW; loss and gradient norm. A step without a finite gradient is none.

        A loss scaler (``16-mixed``) is asked at every step: it leaves such steps out itself, and
        lowers its scale after them.
        """
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate
        self.optimiser.zero_grad()
        loss = self.task.loss(self.module, self.fabric.to_device(batch), stage)
        self.fabric.backward(loss)
        norm = self.fabric.clip_gradients(
            self.module, self.optimiser, max_norm=self.options.clip, error_if_nonfinite=False
        )
        if bool(torch.isfinite(norm)) or self.precision.state_dict():
            self.optimiser.step()
        mean = self.fabric.all_reduce(loss.detach(), reduce_op="mean")
        return float(mean), float(norm)

    def assess(self) -> Mapping[str, float]:
        """Score of the validation planets as the weights are now, and more; alike on every rank."""
        self.bare.eval()
        with torch.no_grad():
            return self.task.assess(self.bare)

    def check(self, loss: float) -> None:
        """Stop where training diverges."""
        at = self.state.at
        if at.first_loss is None and math.isfinite(loss):
            at.first_loss = loss
        if at.first_loss is not None and loss < at.first_loss + DIVERGED:
            return
        kept = self.ctx.folder / "last_good.safetensors"
        if self.fabric.is_global_zero:
            checkpoint.write(kept, self.state.best, self.state.header())
        raise TrainingError(
            f"the loss diverges: {loss:.4g} after epoch {at.total}, "
            f"from {'nothing finite' if at.first_loss is None else f'{at.first_loss:.4g}'}",
            where=f"stage '{self.options.stages[at.stage].name}'",
            hint=f"lower learning_rate or clip; the best weights so far are in {kept}",
        )

    def report(
        self,
        stage: StageOptions,
        loss: float,
        found: Mapping[str, float],
        learning_rate: float,
        norm: float,
        seconds: float,
    ) -> None:
        at = self.state.at
        metrics = {
            "epoch": at.total,
            "stage": at.stage,
            "loss": loss,
            **found,
            "best_score": at.best_score or 0.0,
            "lr": learning_rate,
            "grad_norm": norm,
            "seconds": seconds,
        }
        self.ctx.log.debug("%s, %s: %s", "/".join(self.ctx.names), stage.name, metrics)
        self.ctx.metrics("epoch", metrics)

    def write(self) -> None:
        """Leave a checkpoint."""
        self.state.at.precision = self.precision.state_dict()
        if self.fabric.is_global_zero:
            self.state.write(self.path, self.bare, _bare_optimiser(self.optimiser))


def _bare_optimiser(optimiser: Any) -> torch.optim.AdamW:
    bare: torch.optim.AdamW = optimiser.optimizer
    return bare


@contextmanager
def _own_randomness(ctx: Context, device: torch.device) -> Iterator[None]:
    """Dropout draws from torch's global generators: seed them, and put them back afterwards."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(ctx.torch_seed())
        yield
