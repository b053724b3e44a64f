"""Arrays from addresses, inside kernels: ten thousand columns without as many objects."""

from __future__ import annotations

from typing import Any

from numba import carray, types
from numba.extending import intrinsic

from spectramind_calib.detector.compiled import kernel


@kernel()
def address_of(counts):  # type: ignore[no-untyped-def]
    """Where an array begins; from numpy itself the same costs four times as much."""
    return counts.ctypes.data


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(typing: Any, address: Any, like: Any) -> Any:
    """A pointer of an address, to what the array `like` holds."""
    kind = types.CPointer(like.dtype)

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.inttoptr(values[0], context.get_value_type(kind))

    return kind(types.int64, like), generate


@kernel()
def counts_at(address, size, like):  # type: ignore[no-untyped-def]
    """The `size` counts at an address, which something else must keep alive, of `like`'s type."""
    return carray(_pointer(address, like), (size,))
