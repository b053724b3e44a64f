"""Errors as a user should see them: one clear message, a meaningful exit code, nothing lost."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

INTERRUPTED = 130
BUG = 70


def guarded(app: Callable[..., Any]) -> int:
    """Call a click application; returns its exit code. ``--debug`` lets tracebacks through."""
    import click

    try:
        result = app(prog_name="smv50", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except (click.exceptions.Abort, KeyboardInterrupt):
        return _say(
            "interrupted: finished work is kept; run the same command to go on", INTERRUPTED
        )
    except click.exceptions.Exit as request:
        return request.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except BrokenPipeError:
        # The reader (head, less) has gone; Python would complain once more when flushing at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if "--debug" in sys.argv:
            raise
        return _known(error)


def _known(error: Exception) -> int:
    """Say a user's error plainly; what is a bug keeps its traceback."""
    from spectramind_core.errors import SpectramindError

    if isinstance(error, SpectramindError):
        return _say(str(error), error.exit_code)
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return _say("the disk is full; finished work is kept: free some space and run again", 5)
    if isinstance(error, MemoryError):
        return _say("out of memory: lower data.limit, or the batch size of the estimator", 7)
    traceback.print_exception(error)
    return _say(
        "this is a bug of SpectraMind or of a plugin, not of your spec; finished work is kept", BUG
    )


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"smv50: {message}\n")
    return code
