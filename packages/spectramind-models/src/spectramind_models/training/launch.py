"""One device or several: the same training, started by Lightning Fabric."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from torch import Tensor

from spectramind_core.arrays import Array
from spectramind_core.components import Context
from spectramind_core.errors import TrainingError
from spectramind_models.training.loop import train
from spectramind_models.training.options import TrainerOptions, TrainingOptions
from spectramind_models.training.precision import precision_on
from spectramind_models.training.task import Task


def launch(
    task: Task, options: TrainingOptions, fingerprint: str, ctx: Context
) -> dict[str, Tensor]:
    """Train on the devices asked for; see `train` for what comes back.

    With several devices each gets a process of its own and its share of every batch. What these
    processes report reaches `ctx` once they are done.
    """
    fabric = build_fabric(options.trainer, ctx.device)
    if options.trainer.devices == 1:
        return train(fabric, task, options, fingerprint, ctx)
    result: _Result = fabric.launch(_Rank(task, options, fingerprint, ctx))
    for event in result.events:
        ctx.metrics("epoch", event)
    if result.failure is not None:
        what, where, hint = result.failure
        raise TrainingError(what, where=where, hint=hint)
    return {name: torch.from_numpy(weight) for name, weight in result.weights.items()}


def build_fabric(options: TrainerOptions, device: str) -> Fabric:
    """Fabric for a device and these options.

    Raises
    ------
    TrainingError
        If the device is not there.
    """
    kind = device.partition(":")[0]
    accelerator = "gpu" if kind == "cuda" else kind
    index = device.partition(":")[2]
    strategy: Any = "auto"
    if options.devices > 1 or options.strategy == "ddp":
        strategy = DDPStrategy(start_method="spawn", find_unused_parameters=True)
    try:
        return Fabric(
            accelerator=accelerator,
            devices=[int(index)] if index else options.devices,
            strategy=strategy,
            plugins=precision_on(kind, options.precision),
        )
    except (RuntimeError, ValueError) as error:
        raise TrainingError(
            f"training cannot use {options.devices} device(s) '{device}': {error}",
            where="trainer",
            hint="choose another device, or trainer: {devices: 1}",
        ) from error


class _Result(NamedTuple):
    """What comes back from a process: nothing that would need the process to be alive."""

    weights: dict[str, Array]
    events: list[dict[str, Any]]
    failure: tuple[str, str, str] | None = None


class _Rank:
    """What each process does. Plain, for Fabric looks into arguments and refuses frozen ones."""

    def __init__(
        self, task: Task, options: TrainingOptions, fingerprint: str, ctx: Context
    ) -> None:
        self.task, self.options, self.fingerprint = task, options, fingerprint
        self.ctx = Context(
            seed=ctx.seed, names=ctx.names, device=ctx.device, folder=ctx.folder, spec=ctx.spec
        )

    def __call__(self, fabric: Fabric) -> _Result:
        """Train, and keep what is reported; only the first process's result is kept."""
        events: list[dict[str, Any]] = []
        listening = replace(self.ctx, metrics=lambda name, values: events.append(dict(values)))
        try:
            best = train(fabric, self.task, self.options, self.fingerprint, listening)
            result = _Result({name: weight.numpy() for name, weight in best.items()}, events)
        except TrainingError as error:  # the loss is shared, so every process comes here or none
            result = _Result({}, events, (error.what, error.where, error.hint))
        # A process that ends while another still talks to it aborts that one; and one that ends
        # with its connections open can abort itself.
        fabric.barrier()
        torch.distributed.destroy_process_group()
        return result
