"""Rules: what physics and instrument allow of a spectrum, as loss, diagnosis and constraint."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from spectramind_core.arrays import F8


@dataclass(frozen=True)
class Scene:
    """What a rule may know beside mu and sigma; arrays in the caller's library (torch or numpy)."""

    wavelength: F8
    """``[wave]`` micron."""
    features: dict[str, Any] = field(default_factory=dict)
    """Physics evidence by name, ``[planet]`` or ``[planet, wave]``: as in `Prediction`."""


@runtime_checkable
class Rule(Protocol):
    """One symbolic rule. Tensors are torch's; the core does not depend on it."""

    def violation(self, mu: Any, sigma: Any, *, scene: Scene) -> Any:
        """Soft mode: ``[planet, wave]``, dimensionless, differentiable, zero where satisfied."""
        ...

    def project(self, mu: Any, sigma: Any, *, scene: Scene) -> tuple[Any, Any]:
        """Hard mode: the nearest ``(mu, sigma)`` that satisfies the rule, or comes closer to it."""
        ...


@dataclass(frozen=True)
class RulePart:
    """A rule as the spec configured it, handed to an estimator that takes rules."""

    name: str
    rule: Rule
    weight: float = 0.0
    """Factor of its mean violation in the loss; 0 costs nothing."""
    mode: Literal["soft", "hard"] = "soft"
    """``soft`` penalises in training; ``hard`` also projects the final prediction."""
