"""``run_hash_summary_v50.json``: a run's identity on one page."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from spectramind_core.contracts import RunManifest


def hash_summary(manifest: RunManifest) -> dict[str, Any]:
    """What two runs must share to give the same numbers, plus where they ran."""
    environment = manifest.environment
    return {
        "format": "run_hash_summary_v50/1",
        "name": manifest.name,
        "created": manifest.created,
        "command": list(manifest.command),
        "git_commit": environment.git_commit,
        "git_dirty": environment.git_dirty,
        "config_hash": manifest.spec_hash,
        "data_hash": manifest.data_hash,
        "visits": manifest.visits,
        "components": {
            record.section: f"{record.distribution}:{record.name}@{record.revision}"
            for record in manifest.components
        },
        "packages": environment.packages,
        "python": environment.python,
        "platform": environment.platform,
        "seed": manifest.seed,
        "cuda": environment.cuda,
        "dvc_rev": environment.dvc_rev,
        "container": environment.container,
        "stages": {record.stage: record.key for record in manifest.stages},
    }


def file_digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file below `folder`, by relative path with forward slashes."""
    return {
        path.relative_to(folder).as_posix(): _sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
