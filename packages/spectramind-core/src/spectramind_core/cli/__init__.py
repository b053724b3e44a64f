"""The command line: ``smv50``. Importing it costs click and nothing else."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Entry point of ``smv50``: run a command, and turn errors into one clear message."""
    from spectramind_core.cli.app import app
    from spectramind_core.cli.failures import guarded
    from spectramind_core.threads import THREADS

    os.environ.update(THREADS | os.environ)
    sys.exit(guarded(app))
