"""Evidence of the size that tests want."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from spectramind_core.components import Evidence
from spectramind_diag.testing import make_evidence


@pytest.fixture
def evidence() -> Evidence:
    """Everything a run may know about 12 planets."""
    return make_evidence()


@pytest.fixture
def make() -> Callable[..., Evidence]:
    """Makes evidence of another size."""
    return make_evidence
