"""A light pytest plugin: the context that components are handed in tests.

Loaded at every start of pytest, so it imports nothing until a fixture is asked for.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from spectramind_core.threads import THREADS

if TYPE_CHECKING:
    from spectramind_core.components import Context

os.environ.update(THREADS | os.environ)


@pytest.fixture
def ctx(tmp_path: Path) -> Context:
    """A context with a fixed seed and a folder of its own."""
    from spectramind_core.components import Context

    return Context(seed=50, names=("test",), folder=tmp_path)
