"""Checkpoints: what is written is read, and damage is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from spectramind_core.errors import StorageError
from spectramind_models.training import checkpoint


def test_tensors_and_what_they_belong_to_come_back(tmp_path: Path) -> None:
    tensors = {"a.weight": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3)}
    checkpoint.write(tmp_path / "x.safetensors", tensors, {"seed": 3, "names": ["a"]})
    found, about = checkpoint.read(tmp_path / "x.safetensors")
    assert about == {"seed": 3, "names": ["a"]}
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


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
