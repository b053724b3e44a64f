"""Reading YAML safely, with the place of every key and value."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from spectramind_core.spec.problems import Mark, Problem, SpecProblems, dotted

MAX_BYTES = 1 << 20
MAX_VALUES = 100_000
CORE_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null")}


@dataclass
class Document:
    """Plain data with the place of everything in it."""

    data: Any
    marks: dict[tuple[str | int, ...], Mark] = field(default_factory=dict)
    """Where each value stands, by path; the key's place for values in a mapping."""

    def mark(self, path: tuple[str | int, ...]) -> Mark | None:
        """The place of a path, or of the nearest thing around it."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path)


def read(path: Path) -> Document:
    """Read a YAML file.

    Raises
    ------
    SpecProblems
        If it cannot be read, is not safe YAML 1.2, or holds a key twice.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SpecProblems([Problem("SPEC014", "the file is over 1 MiB", mark=Mark(path))])
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecProblems(
            [Problem("SPEC001", f"cannot be read: {reason}", mark=Mark(path))]
        ) from error
    return parse(text, path)


def parse(text: str, file: Path | str) -> Document:
    """Parse YAML text; `file` is what places are reported in. Raises SpecProblems."""
    loader = YAML(typ="safe", pure=True)
    try:
        root = loader.compose(text)
    except MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(file, at.line + 1, at.column + 1) if at else Mark(file)
        message = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise SpecProblems([Problem("SPEC002", message, mark=mark)]) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise SpecProblems([Problem("SPEC002", str(error), mark=Mark(file))]) from error
    builder = _Builder(file, loader)
    document = Document({} if root is None else builder.build(root, ()), builder.marks)
    if builder.problems:
        raise SpecProblems(builder.problems)
    return document


def scalar(text: str) -> Any:
    """The value a piece of YAML stands for, such as an override's right-hand side."""
    return parse(text, "command line").data if text.strip() else None


class _Builder:
    """Turns nodes into plain data, noting places; counts values, so that aliases cannot explode."""

    def __init__(self, file: Path | str, loader: YAML) -> None:
        self.file = file
        self.marks: dict[tuple[str | int, ...], Mark] = {}
        self.problems: list[Problem] = []
        self._constructor = loader.constructor
        self._values = 0

    def build(self, node: Node, path: tuple[str | int, ...]) -> Any:
        self._values += 1
        if self._values > MAX_VALUES:
            raise SpecProblems(
                [Problem("SPEC014", f"over {MAX_VALUES:,} values", mark=self._place(node))]
            )
        self.marks.setdefault(path, self._place(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.build(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: MappingNode, path: tuple[str | int, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.problems.append(Problem("SPEC002", "a key must be plain text", mark=place))
                continue
            key = str(key_node.value)
            inner = (*path, key)
            if key in found:
                self.problems.append(
                    Problem(
                        "SPEC003",
                        f"'{key}' appears twice, first in line {self.marks[inner].line}",
                        dotted(inner),
                        place,
                        "delete one of the two",
                    )
                )
                continue
            self.marks[inner] = place
            found[key] = self.build(value_node, inner)
        return found

    def _scalar(self, node: Node, path: tuple[str | int, ...]) -> Any:
        if str(node.tag) not in CORE_TAGS:
            self.problems.append(
                Problem(
                    "SPEC002", f"the tag {node.tag} is not allowed", dotted(path), self._place(node)
                )
            )
            return None
        return self._constructor.construct_object(node)

    def _place(self, node: Node) -> Mark:
        return Mark(self.file, node.start_mark.line + 1, node.start_mark.column + 1)
