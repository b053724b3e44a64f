"""Files of ours: atomic writes, and contracts as HDF5."""

from spectramind_core.storage.atomic import (
    publishing,
    read_text,
    remove,
    replacing,
    storage_errors,
    write_text,
)
from spectramind_core.storage.hdf5 import load, save

__all__ = [
    "load",
    "publishing",
    "read_text",
    "remove",
    "replacing",
    "save",
    "storage_errors",
    "write_text",
]
