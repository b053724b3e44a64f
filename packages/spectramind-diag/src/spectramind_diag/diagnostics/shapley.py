"""Shapley values of groups of inputs: what each adds when it is exchanged for a reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spectramind_core.arrays import F8

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
