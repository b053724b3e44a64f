"""Arrays from addresses, inside kernels: ten thousand columns without as many objects."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import carray, types
from numba.extending import intrinsic

from spectramind_calib.detector.compiled import kernel


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(typing: Any, address: Any) -> Any:
    """A pointer of an address."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(types.CPointer(types.uint16)))

    return types.CPointer(types.uint16)(types.int64), generate


@kernel()
def counts_at(address, size):  # type: ignore[no-untyped-def]
    """The `size` uint16 counts at an address, which something else must keep alive."""
    return carray(_pointer(address), (size,), np.uint16)
