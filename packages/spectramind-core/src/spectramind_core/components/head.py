"""Heads: learnt representations to mu, sigma and covariance."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from spectramind_core.components.context import Context


@runtime_checkable
class Head(Protocol):
    """A recipe for a torch module that ends a network.

    The module is called with ``hidden [batch, wave, width]`` and the physics posterior ``mu`` and
    ``sigma`` ``[batch, wave]``, and returns a dict with the tensors its declaration provides:
    ``mu`` or ``sigma`` ``[batch, wave]``, ``factors [batch, rank, wave]``. Freshly built it returns
    the physics posterior itself.
    """

    def module(self, *, width: int, waves: int, ctx: Context) -> Any:
        """Build the torch module for `waves` bins of `width` features."""
        ...
