"""How two specs differ, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from spectramind_core.spec.problems import dotted

ABSENT = "(absent)"


def differences(
    first: Any, second: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[str, Any, Any]]:
    """Each path at which two pieces of plain data differ, with both values."""
    if isinstance(first, dict) and isinstance(second, dict):
        for key in sorted({*first, *second}):
            yield from differences(first.get(key, ABSENT), second.get(key, ABSENT), (*path, key))
    elif isinstance(first, list) and isinstance(second, list) and len(first) == len(second):
        for index, (a, b) in enumerate(zip(first, second, strict=True)):
            yield from differences(a, b, (*path, index))
    elif first != second:
        yield dotted(path), first, second
