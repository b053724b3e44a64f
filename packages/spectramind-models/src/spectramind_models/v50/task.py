"""What v50 learns from: training planets, observed or re-observed, and validation planets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from spectramind_core.arrays import F8
from spectramind_core.components import Context, RulePart, Scene
from spectramind_core.scoring import NAIVE, score_arrays
from spectramind_models.rules.penalty import penalty
from spectramind_models.training.likelihood import (
    bin_weights,
    joint_negative_log_likelihood,
    negative_log_likelihood,
)
from spectramind_models.training.options import StageOptions
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.v50.batch import Batch, collate
from spectramind_models.v50.features import Inputs, inputs, mean_depth
from spectramind_models.v50.network import Blueprint, Network, predict
from spectramind_models.v50.options import V50Options
from spectramind_models.v50.posterior import Index, Physics, members_of
from spectramind_models.v50.reobserve import blend, blend_scale_height, observe_again
from spectramind_models.v50.tokens import PHASE, RESIDUAL


@dataclass(frozen=True)
class Planets:
    """Planets with their physics, their posterior and their truth."""

    depths: tuple[PlanetDepths, ...]
    tokens: tuple[F8, ...]
    inputs: tuple[Inputs, ...]
    truth: F8
    """``[planet, wave]`` (Rp/Rs)^2."""


class Drawn(NamedTuple):
    """One training planet as an epoch sees it."""

    inputs: Inputs
    tokens: F8
    truth: F8
    depths: PlanetDepths


class LabelledBatch(NamedTuple):
    """A batch with what the loss needs besides."""

    batch: Batch
    truth: Tensor
    depth: Tensor
    """``[planet, wave]``: depths by physics, for rules."""
    error: Tensor
    tension: Tensor
    """``[planet]``: mid-transit in FGS1 less that in AIRS, in its error, for rules."""


class V50Task:
    """Implements `spectramind_models.training.task.Task`."""

    def __init__(
        self,
        options: V50Options,
        blueprint: Blueprint,
        rules: Sequence[RulePart],
        training: Planets,
        validation: Planets,
        physics: Sequence[Physics],
        fold: Index,
        ctx: Context,
    ) -> None:
        self._options, self._blueprint, self._rules = options, blueprint, tuple(rules)
        self._training, self._validation = training, validation
        self._physics, self._fold, self._mates = tuple(physics), fold, members_of(fold)
        self._seed, self._names = ctx.seed, ctx.names
        self._weights = bin_weights(blueprint.wavelength.size, options.edition)

    def module(self) -> Network:
        """The network, its features standardised by the training planets as they were observed."""
        network = self._blueprint.build(self._training.inputs[0], self._stream("weights"))
        observed = collate(self._training.inputs, self._training.tokens)
        network.node_scale.learn(observed.nodes)
        network.planet_scale.learn(observed.planet)
        return network

    def steps(self) -> int:
        """Batches an epoch."""
        return -(-len(self._training.depths) // self._options.training.batch_size)

    def batches(
        self, stage: StageOptions, epoch: int, *, share: tuple[int, int]
    ) -> Iterator[LabelledBatch]:
        """All planets in a new order, some of them observed once more."""
        order = self._stream("order", str(epoch)).rng().permutation(len(self._training.depths))
        for chunk in np.array_split(order, self.steps()):
            mine = chunk[share[0] :: share[1]] if len(chunk) >= share[1] else chunk
            yield self._labelled([self._drawn(int(i), stage, epoch) for i in mine])

    def loss(self, module: nn.Module, batch: LabelledBatch, stage: StageOptions) -> Tensor:
        """Weighted negative log-likelihood, and what the rules object to."""
        found = module(*batch.batch)
        mu, sigma, unit = found["mu"], found["sigma"], batch.batch.sigma
        weights = self._weights.to(mu)
        total: Tensor = mu.new_zeros(())
        if stage.likelihood > 0:
            nll = negative_log_likelihood(mu, sigma, batch.truth, unit)
            total = total + stage.likelihood * (nll @ weights).mean()
        if stage.joint > 0 and "factors" in found:
            joint = joint_negative_log_likelihood(mu, sigma, found["factors"], batch.truth, unit)
            total = total + stage.joint * joint.mean()

        def factor(rule: str) -> float:
            return stage.rules * stage.rule_factors.get(rule, 1.0)

        return total + penalty(self._rules, mu, sigma, scene=self._scene(batch), factor=factor)

    def assess(self, module: nn.Module) -> dict[str, float]:
        """Challenge score of the validation planets, and the mean violation of each rule."""
        known, edition = self._validation, self._options.edition
        mean, std = NAIVE[edition]
        drawn = zip(known.inputs, known.tokens, known.truth, known.depths, strict=True)
        batch = self._labelled([Drawn(*each) for each in drawn])
        found = predict(module, batch.batch)
        mu, sigma = (found[name].double() for name in ("mu", "sigma"))
        score = score_arrays(
            mu.numpy(), sigma.numpy(), known.truth, mean=mean, std=std, edition=edition
        ).raw
        scene = self._scene(batch)
        rules = {
            f"rule_{part.name}": float(part.rule.violation(mu, sigma, scene=scene).mean())
            for part in self._rules
            if part.weight > 0
        }
        return {"score": score, **rules}

    def _scene(self, batch: LabelledBatch) -> Scene:
        """What rules may know of a batch."""
        return Scene(
            wavelength=self._blueprint.wavelength,
            features={
                "physics_depth": batch.depth,
                "physics_sigma": batch.error,
                "timing_tension": batch.tension,
            },
        )

    def _drawn(self, i: int, stage: StageOptions, epoch: int) -> Drawn:
        """Planet `i` in this epoch: as it was observed, or observed once more."""
        rng = self._stream("planet", str(epoch), str(i)).rng()
        known = self._training
        tokens = known.tokens[i].copy()
        tokens[:, RESIDUAL] += self._options.jitter * rng.standard_normal(len(tokens))
        tokens[:, PHASE] += self._options.time_shift * rng.standard_normal()
        if rng.random() >= stage.reobserve:
            return Drawn(known.inputs[i], tokens, known.truth[i], known.depths[i])
        again, spectrum = self._imagined(i, rng)
        read = inputs(again, self._physics[self._fold[i]], self._blueprint.wavelength)
        return Drawn(read, tokens, spectrum, again)

    def _imagined(self, i: int, rng: np.random.Generator) -> tuple[PlanetDepths, F8]:
        """Planet `i` with a shape partly of another of its fold, observed once more."""
        depths, own = self._training.depths[i], self._training.truth[i]
        j = int(rng.choice(self._mates[self._fold[i]]))
        other, share = self._training.truth[j], self._options.max_mixing * rng.random()
        grid = self._blueprint.wavelength
        levels = mean_depth(own, grid), mean_depth(other, grid)
        spectrum = blend(own, other, share)
        mixed = blend_scale_height(depths, self._training.depths[j], levels, share)
        return observe_again(mixed, own, spectrum, rng), spectrum

    def _labelled(self, drawn: Sequence[Drawn]) -> LabelledBatch:
        return LabelledBatch(
            batch=collate([each.inputs for each in drawn], [each.tokens for each in drawn]),
            truth=torch.from_numpy(np.stack([each.truth for each in drawn])),
            depth=torch.from_numpy(np.stack([each.depths.depth for each in drawn])),
            error=torch.from_numpy(np.stack([each.depths.sigma for each in drawn])),
            tension=torch.tensor([each.depths.features["timing_tension"] for each in drawn]),
        )

    def _stream(self, *names: str) -> Context:
        return Context(seed=self._seed, names=(*self._names, *names))
