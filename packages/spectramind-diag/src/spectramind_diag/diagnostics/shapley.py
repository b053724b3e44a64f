"""Shapley values of groups of inputs: what each adds when it is exchanged for a reference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spectramind_core.arrays import F8
from spectramind_core.components import Context, Explainable, NamedInputs
from spectramind_diag.judged import PPM

CHUNK = 512
"""Rows that a model is given at once."""


def group_matrix(groups: tuple[str, ...]) -> tuple[tuple[str, ...], F8]:
    """The distinct groups in order of appearance and membership ``[group, feature]``."""
    names = tuple(dict.fromkeys(groups))
    member = np.array([[group == name for group in groups] for name in names], float)
    return names, member


def grouped_shapley(
    model: Callable[[F8], F8],
    row: F8,
    reference: F8,
    member: F8,
    *,
    permutations: int,
    seed: int,
) -> tuple[F8, F8]:
    """Shapley values of each group for every output.

    A coalition is a 0/1 vector over groups: features of groups in it keep the planet's value, the
    others have the reference's. The values add up to ``model(row) - model(reference)``.

    Parameters
    ----------
    model
        ``[row, feature]`` to ``[row, output]``.
    row, reference
        ``[feature]``.
    member
        ``[group, feature]``, one group a feature.

    Returns
    -------
    values ``[group, output]`` and the output at the reference ``[output]``.

    References
    ----------
    Lundberg & Lee 2017, "A unified approach to interpreting model predictions", NeurIPS
    (the package shap's PermutationExplainer, antithetic sampling).
    """
    from shap import PermutationExplainer
    from shap.maskers import Independent

    def coalitions(present: F8) -> F8:
        rows = np.where(np.asarray(present) @ member > 0.5, row, reference)
        parts = [model(rows[i : i + CHUNK]) for i in range(0, len(rows), CHUNK)]
        return np.concatenate(parts)

    size = len(member)
    nobody = np.zeros((1, size))
    explainer = PermutationExplainer(coalitions, Independent(nobody), seed=seed)
    # One permutation there and back takes 2 * groups evaluations, and one for its start.
    budget = permutations * (2 * size + 1)
    explained = explainer(np.ones((1, size)), max_evals=budget, silent=True)
    values = np.asarray(explained.values, float)[0]
    return values.reshape(size, -1), coalitions(nobody)[0]


@dataclass(frozen=True)
class Effect:
    """Shapley values of all groups for one output, ppm."""

    base: F8
    """``[wave]``: the output at the reference, to which the values add."""
    values: F8
    """``[planet, group, wave]``."""

    @property
    def strength(self) -> F8:
        """``[group, wave]``: mean absolute value over planets."""
        result: F8 = np.abs(self.values).mean(axis=0)
        return result


@dataclass(frozen=True)
class Shap:
    """What each group of inputs does to mu and to sigma."""

    groups: tuple[str, ...]
    wavelength: F8
    """``[group]`` micron; NaN for groups of no wavelength."""
    mu: Effect
    sigma: Effect


def explain(
    estimator: Explainable, inputs: NamedInputs, reference: F8, permutations: int, ctx: Context
) -> Shap:
    """Shapley values of all groups of `inputs` against a reference planet."""
    names, member = group_matrix(inputs.groups)

    def model(rows: F8) -> F8:
        return np.concatenate(estimator.predict_from(rows, ctx=ctx), axis=1)

    seed = ctx.child("permutations").torch_seed() % 2**32
    found = [
        grouped_shapley(model, row, reference, member, permutations=permutations, seed=seed)
        for row in ctx.progress(inputs.values, label="attribution", total=len(inputs.values))
    ]
    values = np.array([each for each, _ in found]) * PPM
    mu, sigma = (
        Effect(base, part)
        for base, part in zip(
            np.split(found[0][1] * PPM, 2), np.split(values, 2, axis=2), strict=True
        )
    )
    return Shap(names, _places(inputs.wavelength, member), mu, sigma)


def _places(wavelength: F8, member: F8) -> F8:
    """Mean wavelength of each group ``[group]``, of those features that have one."""
    known = np.isfinite(wavelength)
    count = member @ known
    total = member @ np.where(known, wavelength, 0.0)
    result: F8 = np.where(count > 0, total / np.maximum(count, 1), np.nan)
    return result
