"""The command line: ``smv50``. Importing it costs click and nothing else."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of ``smv50``: run a command, and turn errors into one clear message."""
    # Idle threads of torch's and numba's two OpenMP runtimes spin against each other otherwise.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from spectramind_core.cli.app import app
    from spectramind_core.cli.failures import guarded

    sys.exit(guarded(app))
