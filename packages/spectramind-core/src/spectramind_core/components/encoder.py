"""Encoders: inputs of a network estimator to learnt representations.

Encoders and heads live inside a network, so what they exchange are torch tensors and modules. The
core names them `Any`: it does not depend on torch.
"""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from spectramind_core.components.context import Context


@runtime_checkable
class Encoder(Protocol):
    """A recipe for a torch module that encodes one instrument's inputs.

    The module is called with ``tokens [batch, token, feature]`` and ``valid [batch, token]``
    (bool) and returns ``[batch, token, width]``. FGS1's tokens are time bins, AIRS's are spectral
    bins. A row's result depends on neither the other rows nor on the values of invalid tokens.
    """

    @property
    def width(self) -> int:
        """Features of each token that comes out."""
        ...

    def module(self, *, features: int, positions: Any, ctx: Context) -> Any:
        """Build the torch module.

        Parameters
        ----------
        features
            Features of each token that goes in.
        positions
            ``[token]`` numpy: hours for FGS1 (None where lengths vary), micron for AIRS bins.
        """
        ...
