"""Arrays in contracts: an annotation that names a field's dtype and axes, and what checks them.

`Axes` validates one field on its own (dtype, number of dimensions, finiteness) and hands out a
read-only view. `bind_axes` then makes sure that an axis of one name has one size in all of a model.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, get_origin

import numpy as np
import numpy.typing as npt
from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

F8: TypeAlias = npt.NDArray[np.float64]
Bool: TypeAlias = npt.NDArray[np.bool_]
Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True)
class Along:
    """Marks a tuple as lying along an axis: ``Annotated[tuple[str, ...], Along("planet")]``."""

    axis: str


@dataclass(frozen=True)
class Axes:
    """Annotation of an array field, or of a dict of arrays that all share these axes.

    Parameters
    ----------
    dtype
        What the array is stored as, such as ``"f8"``. Input that casts safely is accepted.
    axes
        Axis names separated by spaces, such as ``"planet wave"``. A number is a fixed size.
    unit
        Unit of the values, written beside them in files.
    finite
        Whether NaN and infinity are refused.
    """

    dtype: str
    axes: str
    unit: str = ""
    finite: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.axes.split())

    def check(self, value: object) -> Array:
        """Return `value` as a read-only array of this dtype and rank.

        Raises
        ------
        ValueError
            If it has another rank, cannot be cast safely, or holds values that are not finite.
        """
        array = np.asarray(value)
        dtype = np.dtype(self.dtype)
        if array.ndim != len(self.names):
            raise ValueError(f"expected axes [{', '.join(self.names)}], got shape {array.shape}")
        if array.dtype != dtype:
            if array.size and not np.can_cast(array.dtype, dtype, "safe"):
                raise ValueError(f"expected dtype {dtype}, got {array.dtype}")
            array = array.astype(dtype)
        if self.finite and array.dtype.kind == "f":
            bad = array.size - int(np.count_nonzero(np.isfinite(array)))
            if bad:
                first = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
                raise ValueError(f"{bad} values are not finite, the first at {first}")
        view = array.view()
        view.flags.writeable = False
        return view

    def _check_mapping(self, value: object) -> dict[str, Array]:
        if not isinstance(value, Mapping):
            raise ValueError(f"expected a mapping of arrays, got {type(value).__name__}")
        return {str(key): self.check(item) for key, item in value.items()}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        mapping = get_origin(source) is dict
        return core_schema.no_info_plain_validator_function(
            self._check_mapping if mapping else self.check,
            serialization=core_schema.plain_serializer_function_ser_schema(
                _summary_of_mapping if mapping else summary, when_used="json"
            ),
        )


def summary(array: Array) -> dict[str, Any]:
    """What JSON says of an array: ``{shape, dtype, sha256}``, never its values."""
    return {"shape": list(array.shape), "dtype": array.dtype.str, "sha256": array_digest(array)}


def _summary_of_mapping(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {key: summary(array) for key, array in arrays.items()}


def array_digest(array: Array) -> str:
    """SHA-256 of dtype, shape and values, the same on every platform."""
    little = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("<"), copy=False)
    digest = hashlib.sha256(f"{little.dtype.str}{array.shape}".encode())
    digest.update(little.tobytes())
    return digest.hexdigest()


def axis_sizes(axes: Axes | Along, value: Any) -> Iterator[tuple[str, int]]:
    """The named axes of one field's value with their sizes; a fixed-size axis names its number."""
    if isinstance(axes, Along):
        yield axes.axis, len(value)
        return
    for array in value.values() if isinstance(value, Mapping) else (value,):
        yield from zip(axes.names, array.shape, strict=True)


def bind_axes(fields: Mapping[str, tuple[Axes | Along, Any]]) -> dict[str, int]:
    """Sizes of all axes of a model; raises ValueError where two fields disagree."""
    bound: dict[str, tuple[int, str]] = {}
    for field, (axes, value) in fields.items():
        for axis, size in axis_sizes(axes, value):
            expected, owner = (
                (int(axis), "the contract")
                if axis.isdigit()
                else bound.setdefault(axis, (size, field))
            )
            if size != expected:
                raise ValueError(
                    f"axis '{axis}' has size {size} in '{field}' but {expected} in '{owner}'"
                )
    return {axis: size for axis, (size, _) in bound.items()}
