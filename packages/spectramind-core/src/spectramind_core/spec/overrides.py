"""Overrides from the command line: ``path.to.field=value``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from spectramind_core.spec import yaml
from spectramind_core.spec.problems import Mark, Problem, SpecProblems
from spectramind_core.spec.yaml import Document

FORM = re.compile(r"^(?P<path>[A-Za-z_][\w]*(?:\.[\w]+|\[\d+\])*)=(?P<value>.*)$", re.DOTALL)


def apply_overrides(document: Document, overrides: Sequence[str]) -> Document:
    """A document with some values replaced, whose marks say that the command line did it.

    Whether each path names something is found out by validation, as for any other field.

    Raises
    ------
    SpecProblems
        If an override is not of the form ``path=value``, or leads through a value that is no
        section.
    """
    data, marks = document.data, dict(document.marks)
    problems = []
    for number, text in enumerate(overrides, 1):
        mark = Mark(f"override {number}")
        match = FORM.match(text)
        if match is None:
            problems.append(Problem("SPEC013", f"'{text}' is not path.to.field=value", mark=mark))
            continue
        path = parse_path(match["path"])
        try:
            data = _replaced(data, path, yaml.scalar(match["value"]))
        except (KeyError, IndexError, TypeError):
            problems.append(
                Problem("SPEC013", f"'{match['path']}' leads nowhere", match["path"], mark)
            )
            continue
        marks = {place: at for place, at in marks.items() if place[: len(path)] != path}
        for length in range(1, len(path) + 1):
            marks.setdefault(path[:length], mark)
    if problems:
        raise SpecProblems(problems)
    return Document(data, marks)


def parse_path(text: str) -> tuple[str | int, ...]:
    """``model.rules[0].use`` or ``model.rules.0.use`` as a tuple of names and indices."""
    parts = re.findall(r"[\w]+", text)
    return tuple(int(part) if part.isdigit() else part for part in parts)


def _replaced(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    if not path:
        return value
    head, rest = path[0], path[1:]
    if isinstance(head, int):
        if not isinstance(data, list):
            raise TypeError(head)
        return [
            _replaced(item, rest, value) if i == head else item for i, item in _checked(data, head)
        ]
    if isinstance(data, str) and head in ("use", "options"):
        data = {"use": data}
    if data is not None and not isinstance(data, dict):
        raise TypeError(head)
    data = data or {}
    changed = {**data, head: _replaced(data.get(head), rest, value)}
    if head == "use" and data.get("use") != value:
        changed.pop("options", None)
    return changed


def _checked(data: list[Any], index: int) -> list[tuple[int, Any]]:
    if index >= len(data):
        raise IndexError(index)
    return list(enumerate(data))
