"""Estimator v50: physics posterior, network, rules."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from spectramind_core.arrays import F8, array_digest
from spectramind_core.components import Context, Labelled, RulePart
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
from spectramind_models.transit.estimate import estimate_set
from spectramind_models.transit.estimators import prediction as physics_prediction
from spectramind_models.transit.fits import transit_fits
from spectramind_models.transit.prior import SpectrumPrior
from spectramind_models.v50.batch import collate
from spectramind_models.v50.features import Inputs, inputs
from spectramind_models.v50.mixture import mixture
from spectramind_models.v50.network import Blueprint, Network, predict
from spectramind_models.v50.options import V50Options
from spectramind_models.v50.posterior import Index, assign_folds, fold_priors
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
        self._prior: SpectrumPrior | None = None
        self._networks: list[Network] = []
        self._wavelength: F8 = np.empty(0)

    def fit(self, training: Labelled, *, validation: Labelled | None, ctx: Context) -> None:
        """Learn; goes on from a checkpoint of the same training in ``ctx.folder``.

        Raises
        ------
        TrainingError
            If there are too few planets, or the loss diverges.
        """
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
        fold = assign_folds(len(spectra), self.options.folds, ctx.child("folds").rng())
        components = self.options.physics.components
        priors = fold_priors(spectra, fold, components=components)
        self._prior = SpectrumPrior.fit(spectra, components=components)
        seen = self._observed(training, [priors[each] for each in fold], ctx)
        unseen = self._observed(validation, [self._prior] * len(validation.light_curves), ctx)
        self._networks = [
            self._trained(member, seen, unseen, priors, fold, ctx)
            for member in range(self.options.members)
        ]

    def predict(self, light_curves: LightCurveSet, *, ctx: Context) -> Prediction:
        """Spectra of planets; the network's factors, latents and the physics evidence with them."""
        prior = self._fitted()
        every = estimate_set(light_curves, options=self.options.physics, ctx=ctx)
        read = self._read(light_curves, every, [prior] * len(every))
        chunks = [
            mixture([predict(network, collate(*_rows(read, start))) for network in self._networks])
            for start in range(0, len(every), CHUNK)
        ]
        found = {name: torch.cat([chunk[name] for chunk in chunks]).double() for name in chunks[0]}
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

    def transit_fits(
        self, visits: tuple[LightCurves, ...], *, ctx: Context
    ) -> tuple[TransitFit, ...]:
        """The transits that physics found."""
        return transit_fits(visits, self.options.physics)

    def rule_report(
        self, prediction: Prediction, light_curves: LightCurveSet, *, ctx: Context
    ) -> RuleReport:
        """Violation and influence of every rule for every planet of a prediction."""
        return penalty.report(self._rules, prediction)

    def save(self, folder: Path) -> None:
        """Write networks and prior as one safetensors file, with options and hashes inside."""
        prior = self._fitted()
        tensors = {name: torch.from_numpy(a.copy()) for name, a in prior.arrays().items()}
        whole = checkpoint.prefixed("prior", tensors)
        whole["wavelength"] = torch.from_numpy(self._wavelength.copy())
        for member, network in enumerate(self._networks):
            whole |= checkpoint.prefixed(f"member{member}", network.state_dict())
        about = {
            "format": "spectramind-v50/1",
            "options": self.options.model_dump(mode="json"),
            "inputs": [self._networks[0].node_width, self._networks[0].planet_width],
            "sha256": _digest(whole),
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
        if about.get("sha256") != _digest(tensors):
            raise StorageError("the weights are not those that were saved", where=str(path))
        self._wavelength = tensors["wavelength"].numpy()
        prior = {name: a.numpy() for name, a in checkpoint.below("prior", tensors).items()}
        self._prior = SpectrumPrior.from_arrays(prior)
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
        priors: Sequence[SpectrumPrior],
        fold: Index,
        ctx: Context,
    ) -> Network:
        own = ctx.child("member", str(member))
        folder = ctx.folder / f"member{member}"
        folder.mkdir(exist_ok=True)
        task = V50Task(
            self.options, self._blueprint(), self._rules, training, validation, priors, fold, own
        )
        fingerprint = self._fingerprint(training, validation, own)
        weights = launch(task, self.options.training, fingerprint, replace(own, folder=folder))
        network = task.module().eval()
        network.load_state_dict(weights)
        return network

    def _observed(
        self, labelled: Labelled, priors: Sequence[SpectrumPrior], ctx: Context
    ) -> Planets:
        every = estimate_set(labelled.light_curves, options=self.options.physics, ctx=ctx)
        read, tokens = self._read(labelled.light_curves, every, priors)
        return Planets(every, tuple(tokens), tuple(read), labelled.truth.spectra)

    def _read(
        self,
        light_curves: LightCurveSet,
        every: Sequence[PlanetDepths],
        priors: Sequence[SpectrumPrior],
    ) -> tuple[list[Inputs], list[F8]]:
        """What the network reads of each planet: features and light-curve tokens."""
        read = []
        for depths, prior in zip(every, priors, strict=True):
            mu, sigma, _ = prior.posterior(depths)
            read.append(inputs(depths, mu, sigma, light_curves.wavelength))
        tokens = [
            fgs1_tokens(visits, depths, self.options.tokens)
            for visits, depths in zip(light_curves, every, strict=True)
        ]
        return read, tokens

    def _projected(self, prediction: Prediction) -> tuple[F8, F8]:
        """mu and sigma after the hard rules."""
        mu, sigma = penalty.project(
            self._rules,
            torch.tensor(prediction.mu),
            torch.tensor(prediction.sigma),
            scene=penalty.scene_of(prediction),
        )
        return mu.numpy(), sigma.numpy()

    def _fitted(self) -> SpectrumPrior:
        if self._prior is None:
            raise TrainingError("nothing was learnt yet", where="estimator 'v50'", hint="fit first")
        return self._prior

    def _fingerprint(self, training: Planets, validation: Planets, ctx: Context) -> str:
        """Hash of all that a training depends on."""
        parts = [
            self.options.model_dump_json(),
            repr([(part.name, part.weight, part.mode) for part in self._rules]),
            repr((ctx.seed, ctx.names)),
            repr(self._blueprint().build(training.inputs[0], ctx)),
        ]
        for planets in (training, validation):
            parts.append(array_digest(planets.truth))
            parts.append(array_digest(np.stack([each.depth for each in planets.depths])))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _rows(read: tuple[list[Inputs], list[F8]], start: int) -> tuple[list[Inputs], list[F8]]:
    return read[0][start : start + CHUNK], read[1][start : start + CHUNK]


def _held_out(training: Labelled) -> tuple[Labelled, Labelled]:
    """Training planets apart from some for validation."""
    ids = training.light_curves.planet_ids
    chosen = ids[::HELD_OUT]
    rest = tuple(planet for planet in ids if planet not in set(chosen))

    def some(planets: tuple[str, ...]) -> Labelled:
        return Labelled(training.light_curves.of(planets), training.truth.of(planets))

    return some(rest), some(chosen)


def _digest(tensors: Mapping[str, Tensor]) -> str:
    parts = [f"{name} {array_digest(tensors[name].cpu().numpy())}" for name in sorted(tensors)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
