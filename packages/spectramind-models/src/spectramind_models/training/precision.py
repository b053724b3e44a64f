"""Mixed precision: layers compute in half, but what goes in and comes out keeps its digits."""

from __future__ import annotations

from typing import Any, Literal

import torch
from lightning_fabric.plugins.precision.amp import MixedPrecision
from lightning_fabric.plugins.precision.precision import Precision

Wanted = Literal["auto", "32-true", "16-mixed", "bf16-mixed"]


class Autocast(MixedPrecision):  # type: ignore[misc]
    """Fabric's mixed precision, less its rounding of a module's inputs and outputs to half.

    The physics posterior passes through the network: of a depth of 1 % bfloat16 keeps steps of
    60 ppm, which is more than its error.
    """

    def convert_input(self, data: Any) -> Any:
        """Leave inputs as they are; autocast sees to the layers."""
        return data

    def convert_output(self, data: Any) -> Any:
        """Leave outputs as they are."""
        return data


def precision_on(device: str, wanted: Wanted) -> Precision:
    """How to compute on a kind of device, ``cpu`` or ``cuda``."""
    if wanted == "auto":
        half = device == "cuda" and torch.cuda.is_bf16_supported()
        wanted = "bf16-mixed" if half else "32-true"
    return Precision() if wanted == "32-true" else Autocast(wanted, device)
