"""Rules together: a penalty in training, projections of a prediction, a report on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from spectramind_core.components import RulePart, Scene
from spectramind_core.contracts import Prediction, RuleReport


def penalty(
    rules: Sequence[RulePart],
    mu: Tensor,
    sigma: Tensor,
    *,
    scene: Scene,
    factor: Callable[[str], float],
) -> Tensor:
    """Weighted mean violation of `mu`, `sigma` ``[planet, wave]``: what rules add to the loss.

    Parameters
    ----------
    factor
        By a rule's name, what the present stage of the curriculum multiplies its weight with. A
        rule whose weight comes to 0 is not even evaluated.
    """
    total = mu.new_zeros(())
    for part in rules:
        weight = part.weight * factor(part.name)
        if weight > 0:
            total = total + weight * part.rule.violation(mu, sigma, scene=scene).mean()
    return total


def project(
    rules: Sequence[RulePart], mu: Tensor, sigma: Tensor, *, scene: Scene
) -> tuple[Tensor, Tensor]:
    """Apply the hard rules in turn, in the order of the spec."""
    for part in rules:
        if part.mode == "hard":
            mu, sigma = part.rule.project(mu, sigma, scene=scene)
    return mu, sigma


def report(rules: Sequence[RulePart], prediction: Prediction) -> RuleReport:
    """Violations of a prediction, and their derivatives with respect to mu by autograd."""
    scene = scene_of(prediction)
    sigma = torch.tensor(prediction.sigma)
    maps = [_maps(part, torch.tensor(prediction.mu), sigma, scene) for part in rules]
    empty = np.zeros((0, *prediction.mu.shape))
    return RuleReport(
        rules=tuple(part.name for part in rules),
        planet_ids=prediction.planet_ids,
        wavelength=prediction.wavelength,
        weight=np.array([part.weight for part in rules], dtype=float),
        violation=np.array([violation for violation, _ in maps]) if maps else empty,
        influence=np.array([influence for _, influence in maps]) if maps else empty,
    )


def scene_of(prediction: Prediction) -> Scene:
    """What rules may know of predicted planets."""
    features = {**prediction.planet_features, **prediction.bin_features}
    return Scene(
        wavelength=prediction.wavelength,
        features={name: torch.tensor(values) for name, values in features.items()},
    )


def _maps(part: RulePart, mu: Tensor, sigma: Tensor, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    mu.requires_grad_()
    violation = part.rule.violation(mu, sigma, scene=scene)
    if not violation.requires_grad:
        return violation.numpy(), np.zeros(mu.shape)
    (influence,) = torch.autograd.grad(violation.sum(), mu)
    return violation.detach().numpy(), influence.numpy()
