"""Contracts as HDF5 files that explain themselves.

A contract is a group: array fields are datasets (with ``axes``, ``unit`` and ``description`` as
attributes), nested contracts and dicts of arrays are groups, everything else is an attribute
holding JSON. ``None`` is absence. Any HDF5 reader can read it; see docs/file-formats.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np
from pydantic import ValidationError

from spectramind_core.arrays import Axes
from spectramind_core.contracts.base import Contract, axes_of
from spectramind_core.errors import DataError
from spectramind_core.storage.atomic import replacing

FORMAT = "spectramind-hdf5/1"
C = TypeVar("C", bound=Contract)


def save(contract: Contract, path: Path) -> Path:
    """Write a contract, whole or not at all.

    Raises
    ------
    StorageError
        If the disk is full or the place cannot be written.
    """
    with replacing(path) as temporary, h5py.File(temporary, "w") as file:
        file.attrs["format"] = FORMAT
        _write(file, contract)
    return path


def load(contract: type[C], path: Path) -> C:
    """Read a contract back, exactly as it was.

    Raises
    ------
    DataError
        If the file is missing, damaged, or holds something else.
    """
    hint = f"it should be an HDF5 file of a {contract.__name__} (docs/file-formats.md)"
    try:
        with h5py.File(path, "r") as file:
            if file.attrs.get("format") != FORMAT:
                raise DataError(f"not a {FORMAT} file", where=str(path), hint=hint)
            loaded = _read(file)
    except (OSError, KeyError, json.JSONDecodeError) as error:
        missing = isinstance(error, FileNotFoundError)
        what = "no such file" if missing else f"cannot be read: {error}"
        raise DataError(what, where=str(path), hint=hint) from error
    except ValidationError as error:
        raise DataError(
            "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()),
            where=str(path),
            hint=hint,
        ) from error
    if not isinstance(loaded, contract):
        raise DataError(f"holds a {type(loaded).__name__}", where=str(path), hint=hint)
    return loaded


def _write(group: h5py.Group, contract: Contract) -> None:
    group.attrs["contract"] = type(contract).__name__
    axes = axes_of(type(contract))
    for name, info in type(contract).model_fields.items():
        value = getattr(contract, name)
        if value is None:
            continue
        if isinstance(value, np.ndarray):
            _describe(group.create_dataset(name, data=value), axes.get(name), info.description)
        elif isinstance(value, Contract):
            _write(group.create_group(name), value)
        elif isinstance(axes.get(name), Axes):
            arrays = group.create_group(name)
            for key, array in value.items():
                _describe(arrays.create_dataset(key, data=array), axes[name], info.description)
        elif isinstance(value, tuple) and value and isinstance(value[0], Contract):
            members = group.create_group(name)
            for index, member in enumerate(value):
                _write(members.create_group(f"{index:06d}"), member)
        elif isinstance(value, tuple) and len(value) > 64 and isinstance(value[0], str):
            _describe(group.create_dataset(name, data=list(value)), None, info.description)
        else:
            dumped = contract.model_dump(mode="json", include={name})[name]
            group.attrs[name] = json.dumps(dumped)


def _describe(dataset: h5py.Dataset, axes: Any, description: str | None) -> None:
    if isinstance(axes, Axes):
        dataset.attrs["axes"] = axes.axes
        dataset.attrs["unit"] = axes.unit
    if description:
        dataset.attrs["description"] = " ".join(description.split())


def _read(group: h5py.Group) -> Contract:
    model = _contracts()[str(group.attrs["contract"])]
    fields: dict[str, Any] = {
        name: json.loads(value)
        for name, value in group.attrs.items()
        if name not in ("contract", "format")
    }
    fields.update((name, _read_item(item)) for name, item in group.items())
    return model(**fields)


def _read_item(item: h5py.Group | h5py.Dataset) -> Any:
    if isinstance(item, h5py.Dataset):
        if h5py.check_string_dtype(item.dtype):
            return tuple(text.decode() for text in item[()])
        return item[()]
    if "contract" in item.attrs:
        return _read(item)
    members = {name: _read_item(member) for name, member in item.items()}
    if members and all(isinstance(member, Contract) for member in members.values()):
        return tuple(members[name] for name in sorted(members))
    return members


def _contracts() -> Mapping[str, type[Contract]]:
    return {model.__name__: model for model in _subclasses(Contract)}


def _subclasses(model: type[Contract]) -> Iterator[type[Contract]]:
    for child in model.__subclasses__():
        yield child
        yield from _subclasses(child)
