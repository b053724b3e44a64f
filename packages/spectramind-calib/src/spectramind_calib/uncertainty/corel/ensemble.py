"""The networks of every fold, what they see, and the quantiles that a planet gets from them.

Imports torch: `calibrator` imports this module only when it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from spectramind_calib.uncertainty.corel.correction import Quantiles, mean_of
from spectramind_calib.uncertainty.corel.graph import known_graph
from spectramind_calib.uncertainty.corel.inputs import Inputs
from spectramind_calib.uncertainty.corel.network import QuantileNetwork
from spectramind_calib.uncertainty.corel.training import Sample, predict, restored, trained
from spectramind_calib.uncertainty.evidence import Standardizer
from spectramind_calib.uncertainty.folds import fold_of, is_held_out
from spectramind_calib.uncertainty.options import CorelOptions
from spectramind_core.arrays import F8, Array
from spectramind_core.components import Context
from spectramind_core.contracts import Prediction

LEARNER = -1
"""The group of planets that networks learn from and that nothing else is made of."""


def groups_of(planet_ids: Sequence[str], options: CorelOptions) -> Array:
    """``[planet]``: the fold that holds each planet out, or `LEARNER`."""
    if options.folds > 1:
        return np.array([fold_of(planet, options.folds) for planet in planet_ids])
    return np.array([0 if is_held_out(p, options.held_out) else LEARNER for p in planet_ids])


@dataclass(frozen=True)
class Ensemble:
    """``members`` networks for each fold, trained without its planets."""

    options: CorelOptions
    inputs: Inputs
    networks: tuple[QuantileNetwork, ...]
    """Those of the first fold first."""

    @classmethod
    def learn(
        cls,
        prediction: Prediction,
        residuals: F8,
        weights: F8,
        options: CorelOptions,
        *,
        ctx: Context,
    ) -> Ensemble:
        """Train every network on the planets that its fold does not hold out.

        Parameters
        ----------
        residuals
            ``[planet, wave]``, in units of sigma; NaN is left out of the loss.
        weights
            ``[wave]``: of each bin in the loss.
        """
        inputs = Inputs.learn(prediction, ctx=ctx)
        sample = Sample(inputs.planets(prediction), inputs.bins(prediction), residuals)
        graph = known_graph(prediction.wavelength)
        groups = groups_of(prediction.planet_ids, options)
        jobs = [(f, m) for f in range(max(options.folds, 1)) for m in range(options.members)]
        networks = [
            trained(
                sample.of(groups != fold),
                graph,
                weights,
                options,
                ctx=ctx.child("fold", str(fold), "member", str(member)),
            )
            for fold, member in ctx.progress(jobs, label="corel", total=len(jobs))
        ]
        return cls(options, inputs, tuple(networks))

    def quantiles(self, prediction: Prediction) -> Quantiles:
        """Of every planet, by the networks of the fold that it falls in: they never saw it."""
        planets, bins = self.inputs.planets(prediction), self.inputs.bins(prediction)
        fold = np.maximum(groups_of(prediction.planet_ids, self.options), 0)
        shape = (len(fold), len(self.options.levels), prediction.wavelength.size)
        found = Quantiles(np.empty((shape[0], 1, shape[2])), np.empty(shape), np.empty(shape))
        for k in np.unique(fold):
            mine, first = fold == k, k * self.options.members
            members = self.networks[first : first + self.options.members]
            each = [predict(net, planets[mine], bins[mine], self.options.batch) for net in members]
            found.put(mine, mean_of([Quantiles(*limits) for limits in each]))
        return found

    def learnt_edges(self) -> F8:
        """``[wave, wave]``: mean over networks; rows sum to 1."""
        edges = [net.learnt_edges().detach().cpu().numpy() for net in self.networks]
        result: F8 = np.mean(edges, axis=0, dtype=float)
        return result

    def stored(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Everything it knows beside its options, as plain values and as arrays."""
        standard = self.inputs.planet
        arrays: dict[str, Array] = {
            f"planet.{name}": getattr(standard, name) for name in _array_fields(standard)
        }
        arrays["moments"] = self.inputs.moments
        for i, network in enumerate(self.networks):
            for name, tensor in network.state_dict().items():
                arrays[f"network{i}.{name}"] = tensor.cpu().numpy()
        plain = {
            "planet_features": standard.names,
            "bin_features": self.inputs.names,
            "networks": len(self.networks),
        }
        return plain, arrays

    @classmethod
    def restored(
        cls, plain: Mapping[str, Any], arrays: Mapping[str, Array], options: CorelOptions
    ) -> Ensemble:
        """The ensemble that gave `stored`; arrays of others are passed over."""
        standard = {name: arrays[f"planet.{name}"] for name in _array_fields(Standardizer)}
        planet = Standardizer(names=tuple(plain["planet_features"]), **standard)
        inputs = Inputs(planet, tuple(plain["bin_features"]), arrays["moments"])
        states: list[dict[str, Array]] = [{} for _ in range(plain["networks"])]
        for name, array in arrays.items():
            owner, _, parameter = name.partition(".")
            if owner.startswith("network"):
                states[int(owner.removeprefix("network"))][parameter] = array
        return cls(options, inputs, tuple(restored(state, options) for state in states))


def _array_fields(standard: Standardizer | type[Standardizer]) -> list[str]:
    return [field.name for field in fields(standard) if field.name != "names"]
