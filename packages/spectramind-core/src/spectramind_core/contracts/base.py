"""What every contract shares: frozen, arrays bound by axis, exact equality, a content digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import cache
from types import NoneType
from typing import Annotated, Any, Self, get_args, get_origin

import numpy as np
from pydantic import BaseModel, ConfigDict, model_validator

from spectramind_core.arrays import Along, Axes, array_digest, bind_axes


class Contract(BaseModel):
    """A noun that crosses borders between distributions.

    Frozen, and validated when built: every array has the dtype and axes its annotation names, and
    an axis of one name has one size throughout. Arrays come out read-only, dicts of them in the
    order of their names: what is equal, and what was read back, is the same to the last bit in
    whatever is computed from it.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
        ser_json_inf_nan="strings",
        validate_default=True,
    )

    @model_validator(mode="after")
    def _order_names(self) -> Self:
        for name in axes_of(type(self)):
            if isinstance(value := getattr(self, name), dict):
                self.__dict__[name] = dict(sorted(value.items()))
        return self

    @model_validator(mode="after")
    def _bind_axes(self) -> Self:
        bind_axes(
            {
                name: (axes, value)
                for name, axes in axes_of(type(self)).items()
                if (value := getattr(self, name)) is not None
            }
        )
        return self

    def replace(self, **changes: Any) -> Self:
        """A copy with some fields changed, validated anew."""
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**fields, **changes})

    def digest(self) -> str:
        """SHA-256 of the content: equal contracts have equal digests, on every platform."""
        return hashlib.sha256(
            json.dumps(_plain(self), sort_keys=True, allow_nan=True).encode()
        ).hexdigest()

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(
            _equal(getattr(self, name), getattr(other, name)) for name in type(self).model_fields
        )

    def __hash__(self) -> int:
        return hash(self.digest())


@cache
def axes_of(model: type[BaseModel]) -> dict[str, Axes | Along]:
    """The array fields of a contract (and tuples along an axis) with their annotations."""
    found: dict[str, Axes | Along] = {}
    for name, info in model.model_fields.items():
        markers = [*info.metadata, *_markers(info.annotation)]
        for marker in markers:
            if isinstance(marker, Axes | Along):
                found[name] = marker
    return found


def _markers(annotation: Any) -> list[Any]:
    """Markers of ``Annotated[...] | None``, which pydantic leaves inside the annotation."""
    found: list[Any] = []
    for option in get_args(annotation):
        if option is not NoneType and get_origin(option) is Annotated:
            found.extend(option.__metadata__)
    return found


def _equal(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return bool(
            a.shape == b.shape
            and a.dtype == b.dtype
            and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
        )
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(_equal(a[key], b[key]) for key in a)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_equal, a, b))
    if isinstance(a, float) and isinstance(b, float):
        return a == b or (a != a and b != b)
    return bool(a == b)


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return array_digest(value)
    if isinstance(value, BaseModel):
        fields = {name: _plain(getattr(value, name)) for name in type(value).model_fields}
        return {"": type(value).__name__, **fields}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | NoneType) else str(value)
