"""Everything that can be wrong with a spec: one catalogue of codes, and how they are printed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from spectramind_core.errors import SpecError


@dataclass(frozen=True)
class Code:
    """One kind of problem."""

    code: str
    title: str
    explanation: str


CATALOGUE: dict[str, Code] = {
    row.code: row
    for row in (
        Code(
            "SPEC001",
            "the file cannot be read",
            "The spec, or a file it extends, does not exist, is not UTF-8 text, or may not be "
            "read. Paths in `extends` are relative to the file that names them.",
        ),
        Code(
            "SPEC002",
            "this is not valid YAML",
            "Specs are YAML 1.2, read safely: no tags that build objects. Often a tab, a missing "
            "space after a colon, or an unclosed bracket or quote on the line before.",
        ),
        Code(
            "SPEC003",
            "a key appears twice",
            "YAML readers often take the last one silently; here it is an error. Delete one.",
        ),
        Code(
            "SPEC004",
            "there is no such field",
            "The section has no field of that name; the nearest names are given. `smv50 schema` "
            "prints every field.",
        ),
        Code(
            "SPEC005",
            "the value does not fit the field",
            "It has the wrong type or lies outside the allowed range. Numbers are not quoted; "
            "`no` and `yes` are text, `true` and `false` are not.",
        ),
        Code(
            "SPEC006",
            "there is no such component",
            "No installed distribution offers a component of that kind and name; the nearest "
            "names are given. `smv50 plugins list` prints all.",
        ),
        Code(
            "SPEC007",
            "the component cannot be used",
            "It is known but not installed, blocked, offered twice, made for another plugin API, "
            "broken, or of another revision; the message says which, and what to do.",
        ),
        Code(
            "SPEC008",
            "the component has no such option",
            "The nearest options are given. `smv50 plugins show NAME` prints all of them.",
        ),
        Code(
            "SPEC009",
            "the option's value does not fit",
            "It has the wrong type or lies outside the range its component allows.",
        ),
        Code(
            "SPEC010",
            "the estimator has no such slot",
            "`model.encoders` and `model.heads` name slots of the chosen estimator. "
            "`smv50 plugins show NAME` prints its slots.",
        ),
        Code(
            "SPEC011",
            "a component needs what nothing before it provides",
            "For example a calibrator that needs intervals before one that gives them, or a head "
            "in a slot that must give sigma but does not.",
        ),
        Code(
            "SPEC012",
            "the files extend one another in a circle",
            "`extends` must lead to a file that extends nothing.",
        ),
        Code(
            "SPEC013",
            "the override names nothing",
            "Overrides are `path.to.field=value` and must name a field that exists, or an option "
            "of the component chosen there.",
        ),
        Code(
            "SPEC014",
            "the file is too large",
            "Specs are small. Aliases that expand to more than 100,000 values are refused, and "
            "so are files over 1 MiB.",
        ),
    )
}


@dataclass(frozen=True)
class Mark:
    """A place in a file."""

    file: Path | str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else str(self.file)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, where, and what would be right."""

    code: str
    message: str
    path: str = ""
    mark: Mark | None = None
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.mark}  " if self.mark else ""
        path = f"{self.path}  " if self.path else ""
        text = f"{place}{path}[{self.code}] {self.message}"
        return f"{text}\n  -> {self.hint}" if self.hint else text


class SpecProblems(SpecError):  # noqa: N818 (it holds problems, however many)
    """All problems of a spec at once.

    Attributes
    ----------
    problems
        In the order of the file.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(
            sorted(problems, key=lambda p: (p.mark.line, p.mark.column) if p.mark else (0, 0))
        )
        count = "1 problem" if len(self.problems) == 1 else f"{len(self.problems)} problems"
        lines = "\n".join(str(problem) for problem in self.problems)
        super().__init__(f"{lines}\n{count} in the spec; codes are explained in docs/errors.md")


def dotted(path: Sequence[str | int]) -> str:
    """``("model", "rules", 0, "use")`` as ``model.rules[0].use``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
