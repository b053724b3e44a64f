"""A spec resolved: every choice with its declaration, its options and what is plugged into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from ruamel.yaml import YAML

from spectramind_core.components.rule import RulePart
from spectramind_core.plugins.declaration import Component, Options
from spectramind_core.spec.canonical import digest
from spectramind_core.spec.model import RunSpec


@dataclass(frozen=True)
class Choice:
    """One component as the spec chose it."""

    section: str
    """Where in the spec, such as ``model.encoders.fgs1`` or ``uncertainty[0]``."""
    use: str
    component: Component
    options: Options
    distribution: str
    parts: Mapping[str, Choice | tuple[RuleChoice, ...]] = field(default_factory=dict)
    """What is plugged into it, by slot: ``encoders.fgs1``, ``rules``."""

    @property
    def identity(self) -> dict[str, Any]:
        """What decides its numbers: name, revision, options, and the same of its parts."""
        return {
            "component": f"{self.distribution}:{self.component.name}@{self.component.revision}",
            "options": self.options.model_dump(mode="json"),
            "parts": {
                slot: part.identity
                if isinstance(part, Choice)
                else [rule.identity for rule in part]
                for slot, part in self.parts.items()
            },
        }

    def explicit(self) -> dict[str, Any]:
        """As it would stand in a spec that leaves nothing to defaults."""
        return {
            "use": f"{self.distribution}:{self.component.name}@{self.component.revision}",
            "options": self.options.model_dump(mode="json"),
        }

    def walk(self) -> Iterator[Choice]:
        """Itself and everything plugged into it."""
        yield self
        for part in self.parts.values():
            if isinstance(part, Choice):
                yield from part.walk()
            else:
                yield from (rule.choice for rule in part)


@dataclass(frozen=True)
class RuleChoice:
    """A rule as the spec chose it."""

    choice: Choice
    part: RulePart
    """Name, weight and mode; its rule is filled in when it is built."""

    @property
    def identity(self) -> dict[str, Any]:
        return {**self.choice.identity, "weight": self.part.weight, "mode": self.part.mode}


@dataclass(frozen=True)
class ResolvedSpec:
    """A spec that can run: checked, complete and hashed."""

    run: RunSpec
    single: Mapping[str, Choice]
    """Choices of sections that hold one component."""
    several: Mapping[str, tuple[Choice, ...]]
    """Choices of sections that hold a list."""
    overrides: tuple[str, ...] = ()

    def choice(self, section: str) -> Choice:
        """The component of a section that holds one."""
        return self.single[section]

    def list(self, section: str) -> tuple[Choice, ...]:
        """The components of a section that holds a list; empty for other sections."""
        return self.several.get(section, ())

    def choices(self) -> tuple[Choice, ...]:
        """Every component the run uses, parts included."""
        top = (*self.single.values(), *(c for group in self.several.values() for c in group))
        return tuple(inner for choice in top for inner in choice.walk())

    def identity(self, section: str) -> dict[str, Any]:
        """What decides the numbers of a section's component."""
        return self.choice(section).identity

    @property
    def canonical(self) -> dict[str, Any]:
        """The spec with every default filled in, options of components included."""
        data = self.run.model_dump(mode="json")
        for section, choice in self.single.items():
            _put(data, section.split("."), choice.explicit())
        for section, group in self.several.items():
            _put(data, section.split("."), [choice.explicit() for choice in group])
        model, estimator = data["model"], self.single["model.estimator"]
        for slot, part in estimator.parts.items():
            if isinstance(part, Choice):
                kind, _, name = slot.partition(".")
                model[kind][name] = part.explicit()
            else:
                model["rules"] = [
                    {**r.choice.explicit(), "weight": r.part.weight, "mode": r.part.mode}
                    for r in part
                ]
        return data

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical spec."""
        return digest(self.canonical)

    def to_yaml(self) -> str:
        """The canonical spec as YAML; running it gives the same run."""
        writer = YAML(typ="safe", pure=True)
        writer.default_flow_style = False
        writer.allow_unicode = False  # escaped, a line break of Unicode's is read back as itself
        writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
        stream = StringIO()
        writer.dump(self.canonical, stream)
        return stream.getvalue()


def _put(data: dict[str, Any], path: list[str], value: Any) -> None:
    for name in path[:-1]:
        data = data[name]
    data[path[-1]] = value
