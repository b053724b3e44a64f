"""What a plugin says of a component before any of its code is imported."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z][a-z0-9_]*$"
IMPORT_PATH = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


class Options(BaseModel):
    """Base of every component's options: frozen, strict about names, each field described.

    The string below a field is its description, in the JSON Schema and in ``smv50 plugins show``.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, validate_default=True
    )


class Slot(BaseModel):
    """A place in a component where another one is plugged in, chosen by the spec."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str = Field(pattern=NAME)
    """Name in the spec: slot ``fgs1`` of kind ``encoders`` is ``model.encoders.fgs1``."""
    kind: str
    default: str = ""
    """Component used where the spec names none; empty if the slot may stay empty."""
    provides: tuple[str, ...] = ()
    """What a component in this slot must provide."""


class Component(BaseModel):
    """Declaration of one component; what a plugin's hooks return.

    Example
    -------
    >>> Component(
    ...     kind="exporters",
    ...     name="long_csv",
    ...     summary="One row per planet and bin",
    ...     factory="my_plugin.exporter:LongCsv",
    ... ).revision
    1
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    kind: str
    """Name of a row of `spectramind_core.kinds.KINDS`."""
    name: str = Field(pattern=NAME)
    """The name of its entry point, and what specs ``use``."""
    summary: str = Field(min_length=1)
    """One line, shown by ``smv50 plugins list``."""
    factory: str = Field(pattern=IMPORT_PATH)
    """Import path ``package.module:name``; called as ``factory(options)``, or as
    ``factory(options, parts)`` if there are slots, where ``parts`` maps ``"encoders.fgs1"`` to a
    built component and ``"rules"`` to a list of `RulePart`."""
    options: type[Options] = Options
    revision: int = Field(default=1, ge=1)
    """Rises when the same options may give other numbers; ``name@2`` in a spec pins it."""
    api: str = ">=1,<2"
    """Range of plugin-API versions it works with."""
    requires: tuple[str, ...] = ()
    """What must be there for it to work: ``frames``, ``light_curves``, ``truth``, ``intervals``."""
    provides: tuple[str, ...] = ()
    """What it adds: ``light_curves``, ``prediction``, ``latents``, ``intervals``."""
    slots: tuple[Slot, ...] = ()
    takes_rules: bool = False
    """Whether ``model.rules`` are handed to it."""
    references: tuple[str, ...] = ()
    """Papers to cite where it is used, as ``smv50 cite`` prints them."""
