"""Estimator v50: physics posterior, network, rules."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spectramind_core.arrays import F8, array_digest
from spectramind_core.components import Context, Labelled, NamedInputs, RulePart
from spectramind_core.contracts import (
    LightCurves,
    LightCurveSet,
    Prediction,
    RuleReport,
    TransitFit,
)
from spectramind_core.errors import StorageError, TrainingError
from spectramind_models.rules import penalty
from spectramind_models.training import checkpoint
from spectramind_models.training.launch import launch
from spectramind_models.transit.depths import PlanetDepths
from spectramind_models.transit.estimate import estimate_set, learnt_population
from spectramind_models.transit.estimators import prediction as physics_prediction
from spectramind_models.transit.fits import transit_fits
from spectramind_models.transit.population import Population
from spectramind_models.v50.batch import collate
from spectramind_models.v50.explain import Planet, named_inputs, planet_of
from spectramind_models.v50.features import Inputs, inputs
from spectramind_models.v50.mixture import mixture
from spectramind_models.v50.network import Blueprint, Network, predict
from spectramind_models.v50.options import V50Options
from spectramind_models.v50.posterior import Index, Physics, assign_folds, learn
from spectramind_models.v50.task import Planets, V50Task
from spectramind_models.v50.tokens import fgs1_tokens

HELD_OUT = 6
"""Every so many-th training planet is held out for validation where none are given."""

FEWEST = 8
"""Training planets below which nothing can be learnt."""

CHUNK = 64
"""Planets predicted at a time."""

FILE = "v50.safetensors"


class V50:
    """A network that corrects the physics posterior, trained on planets with known spectra."""

    def __init__(self, options: V50Options, parts: Mapping[str, Any]) -> None:
        self.options = options
        self._parts = parts
        self._rules: tuple[RulePart, ...] = tuple(parts.get("rules", ()))
        self._physics: Physics | None = None
        self._population: Population | None = None
        self._networks: list[Network] = []
        self._wavelength: F8 = np.empty(0)
        self._spec: Mapping[str, Any] = {}

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        """Learn; goes on from a checkpoint of the same training in ``ctx.folder``.

        Raises
        ------
        TrainingError
            If there are too few planets, a stage scales a rule that is not there, or the loss
            diverges.
        """
        self._spec = ctx.spec
        self._check_rule_factors()
        if validation is None:
            training, validation = _held_out(training)
        if len(training.light_curves) < FEWEST:
            raise TrainingError(
                f"{len(training.light_curves)} training planets are too few, "
                f"it takes {FEWEST} beside those held out",
                where="estimator 'v50'",
                hint="label more planets, or use the estimator 'wiener'",
            )
        self._wavelength = training.light_curves.wavelength
        spectra = training.truth.spectra
        self._population = learnt_population(
            training.light_curves, options=self.options.physics, ctx=ctx
        )
        every = self._estimated(training.light_curves, ctx)
        fold = assign_folds(len(spectra), self.options.folds, ctx.child("folds").rng())
        components = self.options.physics.components
        self._physics, physics = learn(every, spectra, fold, components=components)
        seen = self._observed(training, [physics[each] for each in fold], ctx)
        unseen = self._observed(validation, [self._physics] * len(validation.light_curves), ctx)
        self._networks = [
            self._trained(member, seen, unseen, physics, fold, ctx)
            for member in range(self.options.members)
        ]

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        """Spectra of planets; the network's factors, latents and the physics evidence with them."""
        every = self._estimated(light_curves, ctx)
        found = self._asked(self._planets(light_curves, every))
        mu, sigma = found["mu"].numpy(), found["sigma"].numpy()
        first = physics_prediction(every, light_curves.wavelength, mu, sigma)
        mu, sigma = self._projected(first)
        factors = found.get("factors")
        return first.replace(
            mu=mu,
            sigma=sigma,
            factors=None if factors is None else factors.numpy(),
            latents=found["latents"].numpy(),
        )

    def explain_inputs(self, light_curves: LightCurveSet, *, ctx: Context) -> NamedInputs:
        """Depths, errors, evidence and light curve of each planet, by name."""
        every = self._estimated(light_curves, ctx)
        return named_inputs(self._planets(light_curves, every), light_curves.wavelength)

    def predict_from(self, values: F8, *, ctx: Context) -> tuple[F8, F8]:
        """mu and sigma ``[row, wave]`` of named inputs ``[row, feature]``."""
        found = self._asked([planet_of(row, self._wavelength) for row in values])
        return found["mu"].numpy(), found["sigma"].numpy()

    def attention(self, light_curves: LightCurveSet, *, ctx: Context) -> F8:
        """``[wave, wave]``: share of attention a bin pays to others, over planets and networks.

        All zero if the AIRS encoder has no attention.
        """
        every = self._estimated(light_curves, ctx)
        physics = self._fitted()
        total = np.zeros((self._wavelength.size, self._wavelength.size))
        for planet in self._planets(light_curves, every):
            batch = collate([self._read(planet, physics)], [planet.tokens])
            for network in self._networks:
                found = network.attention(batch.nodes, batch.measured)
                total += 0 if found is None else found[0].double().numpy()
        return total / (len(every) * len(self._networks))

    def transit_fits(
        self, visits: tuple[LightCurves, ...], *, ctx: Context
    ) -> tuple[TransitFit, ...]:
        """The transits that physics found."""
        return transit_fits(visits, self.options.physics, self._population)

    def rule_report(
        self, prediction: Prediction, light_curves: LightCurveSet, *, ctx: Context
    ) -> RuleReport:
        """Violation and influence of every rule for every planet of a prediction."""
        return penalty.report(self._rules, prediction)

    def save(self, folder: Path) -> None:
        """Write networks and prior as one safetensors file, with spec and hash in its header."""
        known = self._fitted().arrays()
        if self._population is not None:
            known |= self._population.arrays()
        tensors = {name: torch.from_numpy(array.copy()) for name, array in known.items()}
        whole = checkpoint.prefixed("physics", tensors)
        whole["wavelength"] = torch.from_numpy(self._wavelength.copy())
        for member, network in enumerate(self._networks):
            whole |= checkpoint.prefixed(f"member{member}", network.state_dict())
        about = {
            "format": "spectramind-v50/3",
            "spec": dict(self._spec),
            "options": self.options.model_dump(mode="json"),
            "inputs": [self._networks[0].node_width, self._networks[0].planet_width],
        }
        checkpoint.write(folder / FILE, whole, about)

    def load(self, folder: Path) -> None:
        """Take up what `save` wrote.

        Raises
        ------
        StorageError
            If the file is damaged, or belongs to a network of another build.
        """
        path = folder / FILE
        tensors, about = checkpoint.read(path)
        self._spec = about["spec"]
        self._wavelength = tensors["wavelength"].numpy()
        known = {name: a.numpy() for name, a in checkpoint.below("physics", tensors).items()}
        self._population = Population.taken_from(known)
        self._physics = Physics.from_arrays(known)
        self._networks = []
        node_width, planet_width = about["inputs"]
        for member in range(self.options.members):
            network = Network(self._blueprint(), node_width, planet_width, Context())
            try:
                network.load_state_dict(checkpoint.below(f"member{member}", tensors))
            except RuntimeError as error:
                raise StorageError(
                    "these weights belong to a network of another build",
                    where=str(path),
                    hint="use the model section of the spec it was trained with",
                ) from error
            self._networks.append(network)

    def _check_rule_factors(self) -> None:
        scaled = {name for stage in self.options.training.stages for name in stage.rule_factors}
        rules = [part.name for part in self._rules]
        if unknown := sorted(scaled - set(rules)):
            raise TrainingError(
                f"training stages scale rules that the spec does not have: {', '.join(unknown)}",
                where="model.estimator.options.training.stages",
                hint=f"its rules are: {', '.join(rules) or 'none'}",
            )

    def _blueprint(self) -> Blueprint:
        return Blueprint(
            wavelength=self._wavelength,
            width=self.options.width,
            dropout=self.options.dropout,
            fgs1=self._parts.get("encoders.fgs1"),
            airs=self._parts.get("encoders.airs"),
            heads={
                name.removeprefix("heads."): part
                for name, part in sorted(self._parts.items())
                if name.startswith("heads.") and part is not None
            },
        )

    def _trained(
        self,
        member: int,
        training: Planets,
        validation: Planets,
        physics: Sequence[Physics],
        fold: Index,
        ctx: Context,
    ) -> Network:
        def report(name: str, values: Mapping[str, float]) -> None:
            ctx.metrics(name, {**values, "member": member})

        own = replace(ctx.child("member", str(member)), metrics=report)
        folder = ctx.folder / f"member{member}"
        folder.mkdir(exist_ok=True)
        task = V50Task(
            self.options, self._blueprint(), self._rules, training, validation, physics, fold, own
        )
        fingerprint = self._fingerprint(training, validation, own)
        weights = launch(task, self.options.training, fingerprint, replace(own, folder=folder))
        network = task.module().eval()
        network.load_state_dict(weights)
        return network

    def _observed(self, labelled: Labelled, physics: Sequence[Physics], ctx: Context) -> Planets:
        """Labelled planets, each with the posterior that its own physics gives."""
        every = self._estimated(labelled.light_curves, ctx)
        planets = self._planets(labelled.light_curves, every)
        read = [self._read(planet, own) for planet, own in zip(planets, physics, strict=True)]
        tokens = tuple(planet.tokens for planet in planets)
        return Planets(every, tokens, tuple(read), labelled.truth.spectra)

    def _estimated(self, light_curves: LightCurveSet, ctx: Context) -> tuple[PlanetDepths, ...]:
        """The transit fits of planets, with what was learnt of visits."""
        return estimate_set(
            light_curves, options=self.options.physics, ctx=ctx, population=self._population
        )

    def _planets(self, light_curves: LightCurveSet, every: Sequence[PlanetDepths]) -> list[Planet]:
        return [
            Planet(depths, fgs1_tokens(visits, depths, self.options.tokens))
            for visits, depths in zip(light_curves, every, strict=True)
        ]

    def _read(self, planet: Planet, physics: Physics) -> Inputs:
        return inputs(planet.depths, physics, self._wavelength)

    def _asked(self, planets: Sequence[Planet]) -> dict[str, Tensor]:
        """What all networks together say of planets."""
        physics = self._fitted()
        chunks = []
        for start in range(0, len(planets), CHUNK):
            some = planets[start : start + CHUNK]
            batch = collate([self._read(p, physics) for p in some], [p.tokens for p in some])
            chunks.append(mixture([predict(network, batch) for network in self._networks]))
        return {name: torch.cat([chunk[name] for chunk in chunks]).double() for name in chunks[0]}

    def _projected(self, prediction: Prediction) -> tuple[F8, F8]:
        """mu and sigma after the hard rules."""
        mu, sigma = penalty.project(
            self._rules,
            torch.tensor(prediction.mu),
            torch.tensor(prediction.sigma),
            scene=penalty.scene_of(prediction),
        )
        return mu.numpy(), sigma.numpy()

    def _fitted(self) -> Physics:
        if self._physics is None:
            raise TrainingError("nothing was learnt yet", where="estimator 'v50'", hint="fit first")
        return self._physics

    def _fingerprint(self, training: Planets, validation: Planets, ctx: Context) -> str:
        """Hash of all that a training depends on."""
        parts = [
            json.dumps(dict(ctx.spec), sort_keys=True),
            self.options.model_dump_json(),
            repr([(part.name, part.weight, part.mode) for part in self._rules]),
            repr((ctx.seed, ctx.names)),
            repr(self._blueprint().build(training.inputs[0], ctx)),
        ]
        for planets in (training, validation):
            parts.append(array_digest(planets.truth))
            parts.append(array_digest(np.stack([each.depth for each in planets.depths])))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _held_out(training: Labelled) -> tuple[Labelled, Labelled]:
    """Training planets apart from some for validation."""
    ids = training.light_curves.planet_ids
    chosen = ids[::HELD_OUT]
    rest = tuple(planet for planet in ids if planet not in set(chosen))

    def some(planets: tuple[str, ...]) -> Labelled:
        return Labelled(training.light_curves.of(planets), training.truth.of(planets))

    return some(rest), some(chosen)
