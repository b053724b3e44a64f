"""Errors a user can cause: each says what is wrong, where, and what to do about it."""

from __future__ import annotations


class SpectramindError(Exception):
    """Base of every error this project raises on purpose.

    The command line prints ``str(error)`` alone and exits non-zero; anything that is not a
    `SpectramindError` is a bug of ours and keeps its traceback.

    Parameters
    ----------
    what
        One sentence: what is wrong.
    where
        The file, planet, field or option it is about.
    hint
        What the user can do about it.
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(what, where, hint)
        self.what, self.where, self.hint = what, where, hint

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  -> {self.hint}" if self.hint else head


class SpecError(SpectramindError):
    """The run specification is wrong; holds every problem found, not only the first."""

    exit_code = 2


class PluginError(SpectramindError):
    """A component that was asked for cannot be had."""

    exit_code = 3


class DataError(SpectramindError):
    """Data from outside is missing, damaged or not of the promised form."""

    exit_code = 4


class StorageError(SpectramindError):
    """A file of ours cannot be written or read (full disk, permissions, damage)."""

    exit_code = 5


class TrainingError(SpectramindError):
    """Training cannot go on (diverging loss, no usable planets)."""

    exit_code = 6
