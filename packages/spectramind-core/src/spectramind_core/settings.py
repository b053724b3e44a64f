"""Machine matters, from the environment: never anything that decides a number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from spectramind_core.errors import SpecError


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spectramind"


class Settings(BaseSettings):
    """Where things go and what they run on; each is an environment variable ``SMV50_<NAME>``."""

    model_config = SettingsConfigDict(
        env_prefix="SMV50_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    cache: Path = Field(default_factory=_cache)
    """Results that need not be computed again; safe to delete."""
    output: Path = Path("outputs")
    """Run folders are made below this one."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """What networks run on; ``auto`` takes a GPU if there is one."""
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    """Processes or threads that work may be spread over."""
    block: Annotated[list[str], NoDecode] = []
    """Plugins that are never imported: distributions or components, separated by commas."""
    log: Literal["debug", "info", "warning", "error"] = "warning"
    """How much components say on standard error."""

    @field_validator("block", mode="before")
    @classmethod
    def _commas(cls, value: object) -> object:
        return (
            [v.strip() for v in value.split(",") if v.strip()] if isinstance(value, str) else value
        )

    @classmethod
    def read(cls, **given: object) -> Settings:
        """Settings from the environment, with some given outright.

        Raises
        ------
        SpecError
            If a variable does not fit; says which.
        """
        try:
            return cls(**given)  # type: ignore[arg-type]
        except ValidationError as error:
            first = error.errors()[0]
            name = "SMV50_" + str(first["loc"][0]).upper()
            raise SpecError(
                first["msg"], where=name, hint="'smv50 info' lists all settings"
            ) from error
