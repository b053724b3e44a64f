"""Compiling with numba: kernels are cached on disk, and where that cannot be, it is said once."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numba


def kernel(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """`numba.njit` of a module-level function: without the GIL, and cached on disk if possible.

    numba refuses to compile at all where it finds no folder to keep the result in; here that costs
    a warning and some seconds at every start.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        try:
            made: Callable[..., Any] = numba.njit(cache=True, nogil=True, **options)(function)
        except RuntimeError as error:
            if "cannot cache" not in str(error):
                raise
            _say_once()
            made = numba.njit(nogil=True, **options)(function)
        return made

    return decorate


@cache
def _say_once() -> None:
    warnings.warn(
        "compiled kernels cannot be kept on disk and are compiled again at every start; "
        "set NUMBA_CACHE_DIR to a folder that can be written",
        RuntimeWarning,
        stacklevel=2,
    )
