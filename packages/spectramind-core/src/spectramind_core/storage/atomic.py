"""Writing files so that a crash leaves the old file or the new one, never half of either."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spectramind_core.errors import StorageError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes its place, on failure it goes.

    Works for a file or for a folder, whichever the caller makes of the temporary path. A folder
    that is already at `path` is replaced.

    Raises
    ------
    StorageError
        If the disk is full or the place cannot be written.
    """
    with _beside(path) as temporary:
        yield temporary
        _sync(temporary)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        temporary.replace(path)


@contextmanager
def publishing(path: Path) -> Iterator[Path]:
    """As `replacing`, for a folder that others may be making, too: the first is kept.

    Whoever already reads what the first one made is not disturbed.

    Raises
    ------
    StorageError
        If the disk is full or the place cannot be written.
    """
    with _beside(path) as temporary:
        yield temporary
        _sync(temporary)
        try:
            temporary.rename(path)
        except OSError:
            if not path.exists():
                raise


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`; what is left of it at the end goes."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
        finally:
            remove(temporary)


def remove(path: Path) -> None:
    """Delete a file or folder if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a text file, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path


def read_text(path: Path) -> str:
    """Read a text file of ours.

    Raises
    ------
    StorageError
        If it cannot be read.
    """
    with storage_errors(path):
        return path.read_text(encoding="utf-8")


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn operating-system errors into one clear `StorageError` about `path`."""
    try:
        yield
    except OSError as error:
        raise StorageError(_reason(error), where=str(path), hint=_hint(error)) from error


def _reason(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "the disk is full"
    return error.strerror or str(error)


def _hint(error: OSError) -> str:
    if error.errno == errno.ENOSPC:
        return "free some space, or choose another place with --output or SMV50_OUTPUT"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "choose a folder you may write to with --output or SMV50_OUTPUT"
    if error.errno == errno.ENOENT:
        return "check the path"
    return ""


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
