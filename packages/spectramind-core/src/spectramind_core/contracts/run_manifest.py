"""What ran, from what, into what, with hashes: enough to run it again."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import JsonValue

from spectramind_core.contracts.base import Contract


class StageRecord(Contract):
    """What one stage did."""

    stage: str
    key: str
    """Hash of everything its result depends on."""
    seconds: float
    items: int = 1
    """Pieces of work it consists of, such as visits."""
    cached: int = 0
    """Pieces that were taken from the cache."""


class PlanetFailure(Contract):
    """A visit that was left out, and why."""

    planet_id: str
    visit: int
    stage: str
    error: str


class ComponentRecord(Contract):
    """One component that was used."""

    section: str
    """Where the spec chose it, such as ``model.encoders.fgs1``."""
    kind: str
    name: str
    revision: int
    distribution: str
    version: str


class Environment(Contract):
    """The machine and the software a run happened on."""

    python: str
    platform: str
    machine: str
    cpus: int
    packages: dict[str, str]
    """Installed versions of our packages, and of those that decide numbers."""
    cuda: str | None = None
    """CUDA version torch was built for; None on a CPU build."""
    git_commit: str | None = None
    git_dirty: bool | None = None
    dvc_rev: str | None = None
    """SHA-256 of ``dvc.lock``, where data are under DVC."""
    container: str | None = None
    """Container image, from ``SMV50_CONTAINER_IMAGE``."""
    threads: dict[str, str] = {}
    """Environment variables that decide threading and timings."""


class RunManifest(Contract):
    """The record of one run; ``manifest.json`` in its folder."""

    format: Literal["spectramind-manifest/1"] = "spectramind-manifest/1"
    name: str
    status: Literal["running", "done", "failed", "interrupted"]
    created: str
    """ISO 8601, UTC."""
    command: tuple[str, ...]
    seed: int
    spec_hash: str
    data_hash: str = ""
    """Hash over the digests of all visits and the truth."""
    spec: dict[str, JsonValue]
    """The resolved spec: run it again with ``smv50 run spec.resolved.yaml``."""
    overrides: tuple[str, ...] = ()
    components: tuple[ComponentRecord, ...] = ()
    environment: Environment
    stages: tuple[StageRecord, ...] = ()
    failures: tuple[PlanetFailure, ...] = ()
    observers: dict[str, str] = {}
    """Observers that were switched off because they raised."""
    visits: dict[str, str] = {}
    """Digest of each visit's input, by ``planet/visit``."""
    outputs: dict[str, str] = {}
    """SHA-256 of each file in the run folder, by relative path."""
    extra: dict[str, Any] = {}
    """What plugins add through ``spectramind_manifest``."""
