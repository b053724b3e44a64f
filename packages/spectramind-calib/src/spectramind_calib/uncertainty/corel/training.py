"""Trains a quantile network with the pinball loss; stops early on the Winkler score."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from spectramind_calib.uncertainty.corel.network import QuantileNetwork
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context

VALIDATION = 0.2
"""Share of a network's planets that decide when to stop."""

MAX_RESIDUAL = 1e3
"""Residuals are clipped here, in units of their common scale: no loss overflows."""


@dataclass(frozen=True)
class Sample:
    """What a network learns from; NaN residuals are left out of the loss."""

    planets: F8
    """``[planet, planet feature]``"""
    bins: F8
    """``[planet, wave, bin feature]``"""
    residuals: F8
    """``[planet, wave]``, in units of sigma."""

    def of(self, rows: Array) -> Sample:
        """Some planets, by row."""
        return Sample(self.planets[rows], self.bins[rows], self.residuals[rows])


def trained(
    sample: Sample, graph: F8, weights: F8, options: CorelOptions, *, ctx: Context
) -> QuantileNetwork:
    """A network fitted to `sample`.

    Parameters
    ----------
    graph
        ``[wave, wave]``, rows summing to 1.
    weights
        ``[wave]``: of each bin in the loss.
    """
    device = _device(ctx)
    order = ctx.child("validation").rng().permutation(len(sample.residuals))
    cut = max(1, round(VALIDATION * len(order)))
    learn, watch = sample.of(order[cut:]), sample.of(order[:cut])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(ctx.torch_seed())
        network = fresh(sample, graph, options).to(device)
    weight = torch.tensor(weights, dtype=torch.float32, device=device)
    shuffle = torch.Generator().manual_seed(ctx.child("batches").torch_seed())
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay
    )
    train, check = _tensors(learn, device), _tensors(watch, device)
    best, best_state, waited = _winkler(network, check, weight, options), network.state_dict(), 0
    best_state = deepcopy(best_state)
    for epoch in range(options.epochs):
        loss = _one_epoch(network, optimizer, train, weight, shuffle, options)
        score = _winkler(network, check, weight, options)
        ctx.metrics("epoch", {"epoch": epoch, "loss": loss, "winkler": score})
        if score < best:
            best, best_state, waited = score, deepcopy(network.state_dict()), 0
        elif (waited := waited + 1) >= options.patience:
            break
    network.load_state_dict(best_state)
    return network.eval()


def fresh(sample: Sample, graph: F8, options: CorelOptions) -> QuantileNetwork:
    """An untrained network for data of this form; draws its weights from torch's generator."""
    statistics, scale = _statistics(sample.residuals)
    return QuantileNetwork(
        torch.tensor(graph, dtype=torch.float32),
        torch.tensor(statistics, dtype=torch.float32),
        scale,
        sample.planets.shape[1],
        sample.bins.shape[2],
        options,
    )


def predict(network: QuantileNetwork, planets: F8, bins: F8, batch: int) -> tuple[F8, F8, F8]:
    """Median ``[planet, 1, wave]``, lower and upper ``[planet, level, wave]``, in sigma."""
    device = network.embedding.device
    parts: list[tuple[F8, ...]] = []
    with torch.no_grad():
        for start in range(0, len(planets), batch):
            p = torch.tensor(planets[start : start + batch], dtype=torch.float32, device=device)
            b = torch.tensor(bins[start : start + batch], dtype=torch.float32, device=device)
            parts.append(tuple(t.double().cpu().numpy() for t in network(p, b)))
    median, lower, upper = (np.concatenate(column) for column in zip(*parts, strict=True))
    return median, lower, upper


def _device(ctx: Context) -> str:
    """The device asked for; ``auto`` is CUDA where there is one."""
    if ctx.device != "auto":
        return ctx.device
    return "cuda" if torch.cuda.is_available() else "cpu"


def _statistics(residuals: F8) -> tuple[F8, float]:
    """``[wave, 2]`` bias and log spread of each bin in units of the common scale, and that."""
    known = np.isfinite(residuals)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, residuals, 0)
    scale = float(np.sqrt(np.mean(np.clip(filled, -1e6, 1e6) ** 2))) or 1.0
    unit = filled / scale
    mean = unit.sum(axis=0) / count
    spread = np.sqrt((unit**2).sum(axis=0) / count)
    return np.stack([np.clip(mean, -4, 4), np.log(np.clip(spread, 1e-2, 1e2))], axis=1), scale


def _one_epoch(
    network: QuantileNetwork,
    optimizer: torch.optim.Optimizer,
    data: tuple[Tensor, Tensor, Tensor],
    weight: Tensor,
    shuffle: torch.Generator,
    options: CorelOptions,
) -> float:
    order = torch.randperm(len(data[0]), generator=shuffle)
    total = 0.0
    for rows in torch.split(order, options.batch):
        planets, bins, residuals = (each[rows] for each in data)
        loss = _pinball(network, planets, bins, residuals, weight, options)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += float(loss.detach()) * len(rows)
    return total / len(order)


def _pinball(
    network: QuantileNetwork,
    planets: Tensor,
    bins: Tensor,
    residuals: Tensor,
    weight: Tensor,
    options: CorelOptions,
) -> Tensor:
    """Mean pinball loss over planets, bins and quantiles, in units of the common scale."""
    median, lower, upper = network(planets, bins)
    tails = residuals.new_tensor([0.5 - level / 2 for level in options.levels])[:, None]
    quantile = torch.cat([lower, median, upper], dim=1)
    level = torch.cat([tails, residuals.new_tensor([[0.5]]), 1 - tails])
    above = residuals[:, None] - quantile
    return _mean(torch.maximum(level * above, (level - 1) * above), residuals, weight, network)


def _winkler(
    network: QuantileNetwork,
    data: tuple[Tensor, Tensor, Tensor],
    weight: Tensor,
    options: CorelOptions,
) -> float:
    """Mean Winkler score over planets, bins and levels, in units of the common scale."""
    planets, bins, residuals = data
    with torch.no_grad():
        _, lower, upper = network(planets, bins)
        alpha = 1 - residuals.new_tensor(options.levels)[:, None]
        y = residuals[:, None]
        miss = torch.relu(lower - y) + torch.relu(y - upper)
        return float(_mean(upper - lower + 2 / alpha * miss, residuals, weight, network))


def _mean(each: Tensor, residuals: Tensor, weight: Tensor, network: QuantileNetwork) -> Tensor:
    known = torch.isfinite(residuals)[:, None]
    share = known * weight
    total = (torch.where(known, each, 0) * share).sum() / (share.sum() * each.shape[1]).clamp(1e-9)
    return total / network.steps.sum()


def _tensors(sample: Sample, device: str) -> tuple[Tensor, Tensor, Tensor]:
    _, scale = _statistics(sample.residuals)
    limit = MAX_RESIDUAL * scale
    clipped = np.clip(sample.residuals, -limit, limit)
    planets, bins, residuals = (
        torch.tensor(array, dtype=torch.float32, device=device)
        for array in (sample.planets, sample.bins, clipped)
    )
    return planets, bins, residuals


def restored(state: Mapping[str, Array], options: CorelOptions) -> QuantileNetwork:
    """A network with the weights of ``state_dict()``, given as arrays."""
    graph, statistics = torch.tensor(state["graph"]), torch.tensor(state["statistics"])
    inputs = state["enter.weight"].shape[1] - statistics.shape[1] - options.embedding
    with torch.random.fork_rng(devices=[]):
        network = QuantileNetwork(graph, statistics, 1.0, 0, inputs, options)
    network.load_state_dict({name: torch.tensor(array) for name, array in state.items()})
    return network.eval()
