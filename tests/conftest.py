"""What tests across packages share."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
Smv50 = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def smv50(tmp_path: Path) -> Smv50:
    """Run the command line in a process and a folder of its own."""

    def call(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from spectramind_core.cli import main; main()"
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env={
                **os.environ,
                "SMV50_CACHE": str(tmp_path / "cache"),
                "SMV50_DEVICE": "cpu",
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )

    return call
