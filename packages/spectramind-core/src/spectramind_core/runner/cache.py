"""The content-addressed cache: a result is filed under the hash of all it depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from spectramind_core.spec.canonical import digest
from spectramind_core.storage import publishing, remove, storage_errors


def key(stage: str, **parts: Any) -> str:
    """SHA-256 over a stage's name and JSON-able parts; independent of the parts' order."""
    return digest({"stage": stage, **parts})


class Cache:
    """Folders of results below a root, one per stage and key, complete or absent.

    Several runs may share a root: results are moved into place whole, equal keys mean equal
    content, and where two runs make the same the first is kept.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def path(self, stage: str, key: str) -> Path:
        """Where a result lies or would lie."""
        return self.root / stage / key[:2] / key

    def has(self, stage: str, key: str) -> bool:
        """Whether a complete result is there."""
        return self.path(stage, key).exists()

    def obtain(self, stage: str, key: str, make: Callable[[Path], None]) -> tuple[Path, bool]:
        """The folder of a result, and whether it was there already; `make` fills it if not."""
        path = self.path(stage, key)
        if path.exists():
            return path, True
        with publishing(path) as temporary:
            temporary.mkdir()
            make(temporary)
        return path, False

    @contextmanager
    def alone(self, stage: str, key: str) -> Iterator[None]:
        """Make other runs that want the same long work wait: they then find it done."""
        path = self.root / "unfinished" / stage / f"{key}.lock"
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = FileLock(path).acquire()
        with lock:
            yield

    @contextmanager
    def workspace(self, stage: str, key: str) -> Iterator[Path]:
        """A folder that outlives interruption, for checkpoints; removed once the work is done."""
        path = self.root / "unfinished" / stage / key
        with storage_errors(path):
            path.mkdir(parents=True, exist_ok=True)
        yield path
        remove(path)
