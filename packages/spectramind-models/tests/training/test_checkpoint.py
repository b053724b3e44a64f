"""Checkpoints: what is written is read, and damage is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from spectramind_core.errors import StorageError
from spectramind_models.training import checkpoint


def test_tensors_and_what_they_belong_to_come_back(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    checkpoint.write(tmp_path / "x.safetensors", tensors, {"seed": 3, "names": ["a"]})
    found, about = checkpoint.read(tmp_path / "x.safetensors")
    assert about == {"seed": 3, "names": ["a"]}
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_the_files_header_holds_what_it_is_about_and_the_hash_of_its_tensors(
    tmp_path: Path,
) -> None:
    """Readable without this library, as safetensors metadata."""
    tensors = {"a": torch.arange(3.0)}
    checkpoint.write(tmp_path / "x.safetensors", tensors, {"spec": {"component": "v50"}})
    with safe_open(tmp_path / "x.safetensors", framework="pt") as file:
        header = file.metadata()
    assert json.loads(header["about"]) == {"spec": {"component": "v50"}}
    assert header["sha256"] == checkpoint.digest(tensors)
    assert checkpoint.digest({"a": torch.arange(3.0) + 1}) != header["sha256"]
    assert checkpoint.digest({"b": torch.arange(3.0)}) != header["sha256"]


def test_weights_that_were_changed_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    checkpoint.write(path, {"a": torch.zeros(3)}, {})
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    save_file({"a": torch.ones(3)}, path, metadata=header)
    with pytest.raises(StorageError, match="not those that were saved"):
        checkpoint.read(path)


def test_names_gain_and_lose_a_prefix() -> None:
    tensors = {"w": torch.ones(1), "w.x": torch.zeros(1)}
    mixed = {**checkpoint.prefixed("now", tensors), "nowhere.w": torch.ones(1)}
    assert checkpoint.below("now", mixed).keys() == tensors.keys()


@pytest.mark.parametrize("damage", ["cut", "absent", "garbage"])
def test_a_damaged_checkpoint_is_told_with_its_path(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "x.safetensors"
    checkpoint.write(path, {"a": torch.ones(1000)}, {})
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:1000])
    elif damage == "garbage":
        path.write_bytes(b"\xff" * 64)
    else:
        path.unlink()
    with pytest.raises(StorageError, match=r"x\.safetensors"):
        checkpoint.read(path)
