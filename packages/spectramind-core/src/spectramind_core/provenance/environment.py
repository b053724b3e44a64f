"""What machine, software and version control a run happens on."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from shutil import which

from spectramind_core.contracts import Environment

PACKAGES = (
    "spectramind",
    "spectramind-core",
    "spectramind-calib",
    "spectramind-models",
    "spectramind-diag",
    "numpy",
    "scipy",
    "h5py",
    "numba",
    "torch",
    "torch-geometric",
    "mamba-ssm",
    "polars",
    "pyarrow",
    "pydantic",
)
"""Packages whose versions may decide numbers."""

THREADS = (
    "OMP_NUM_THREADS",
    "OMP_WAIT_POLICY",
    "OPENBLAS_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "MKL_NUM_THREADS",
    "MALLOC_TOP_PAD_",
    "MALLOC_MMAP_THRESHOLD_",
)


def environment(folder: Path | None = None) -> Environment:
    """Describe this machine; `folder` is where git and DVC are looked for (default: here)."""
    folder = folder or Path.cwd()
    commit = _git(folder, "rev-parse", "HEAD")
    changes = _git(folder, "status", "--porcelain", "--untracked-files=no") if commit else None
    return Environment(
        python=platform.python_version(),
        platform=platform.platform(),
        machine=platform.machine(),
        cpus=os.cpu_count() or 1,
        packages=installed_versions(),
        cuda=_cuda(),
        git_commit=commit,
        git_dirty=None if changes is None else bool(changes),
        dvc_rev=_dvc_rev(folder),
        container=os.environ.get("SMV50_CONTAINER_IMAGE"),
        threads={name: os.environ[name] for name in THREADS if name in os.environ},
    )


def installed_versions() -> dict[str, str]:
    """Versions of those of `PACKAGES` that are installed."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _cuda() -> str | None:
    torch = sys.modules.get("torch")
    return getattr(getattr(torch, "version", None), "cuda", None)


def _git(folder: Path, *arguments: str) -> str | None:
    git = which("git")
    if git is None:
        return None
    done = subprocess.run(  # noqa: S603 (fixed arguments, no shell)
        [git, "-C", str(folder), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def _dvc_rev(folder: Path) -> str | None:
    for place in (folder, *folder.parents):
        lock = place / "dvc.lock"
        if lock.is_file():
            return hashlib.sha256(lock.read_bytes()).hexdigest()
    return None
