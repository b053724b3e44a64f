"""Specs made of several files: ``extends``, and how the pieces are merged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spectramind_core.spec import yaml
from spectramind_core.spec.problems import Problem, SpecProblems
from spectramind_core.spec.yaml import Document


def compose(path: Path, _above: tuple[Path, ...] = ()) -> Document:
    """Read a spec and everything it extends; what extends overrules what it extends.

    Raises
    ------
    SpecProblems
        If a file cannot be read, or files extend one another in a circle.
    """
    document = yaml.read(path)
    if not isinstance(document.data, dict):
        raise SpecProblems(
            [Problem("SPEC005", "a spec is a mapping of sections", mark=document.mark(()))]
        )
    parents = document.data.pop("extends", [])
    parents = [parents] if isinstance(parents, str) else parents
    if not isinstance(parents, list) or not all(isinstance(p, str) for p in parents):
        raise SpecProblems(
            [
                Problem(
                    "SPEC005",
                    "expected a path or a list of paths",
                    "extends",
                    document.mark(("extends",)),
                )
            ]
        )
    here = path.resolve()
    merged = Document({})
    for parent in parents:
        target = (path.parent / parent).resolve()
        if target in (*_above, here):
            chain = " -> ".join(p.name for p in (*_above, here, target))
            raise SpecProblems([Problem("SPEC012", chain, "extends", document.mark(("extends",)))])
        merged = overlay(merged, compose(target, (*_above, here)))
    return overlay(merged, document)


def overlay(below: Document, above: Document) -> Document:
    """Two documents as one: mappings are merged, anything else is replaced by the one above."""
    data = merge(below.data, above.data)
    return Document(data, {**below.marks, **above.marks})


def merge(below: Any, above: Any) -> Any:
    """Deep merge of plain data; another choice of component drops the old one's options."""
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    if "use" in above and below.get("use") != above["use"]:
        below = {key: value for key, value in below.items() if key != "options"}
    merged = {key: value for key, value in below.items() if key not in above}
    return {
        **{key: merge(below[key], above[key]) if key in below else above[key] for key in above},
        **merged,
    }
