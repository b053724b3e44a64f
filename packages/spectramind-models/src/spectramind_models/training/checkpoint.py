"""Tensors with what they belong to and their hash, in safetensors files whole or absent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from spectramind_core.arrays import array_digest
from spectramind_core.errors import StorageError
from spectramind_core.storage import replacing


def write(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Write tensors; a JSON-able mapping about them and their hash go into the file's header."""
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    header = {"about": json.dumps(about, sort_keys=True), "sha256": digest(whole)}
    with replacing(path) as temporary:
        save_file(whole, temporary, metadata=header)


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and what was said about them.

    Raises
    ------
    StorageError
        If the file is missing or damaged, or its tensors are not those that were written.
    """
    hint = "delete it to start this training afresh"
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            header = file.metadata() or {}
            about = json.loads(header.get("about", "{}"))
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise StorageError(
            f"this checkpoint cannot be read: {error}", where=str(path), hint=hint
        ) from error
    if header.get("sha256") != digest(tensors):
        raise StorageError("the weights are not those that were saved", where=str(path), hint=hint)
    return tensors, about


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, types, shapes and values of tensors, in the order of their names."""
    parts = [f"{name} {array_digest(tensors[name].cpu().numpy())}" for name in sorted(tensors)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under ``prefix.name``."""
    return {f"{prefix}.{name}": tensor for name, tensor in tensors.items()}


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Those tensors whose names begin with ``prefix.``, without it."""
    start = f"{prefix}."
    return {
        name.removeprefix(start): tensor
        for name, tensor in tensors.items()
        if name.startswith(start)
    }
