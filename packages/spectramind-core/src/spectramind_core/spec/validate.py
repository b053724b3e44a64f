"""Checking a spec in two phases: its own form first, then every component it names.

A field of the wrong form is set aside, so that components named elsewhere are checked all the same
and a user is told everything at once.
"""

from __future__ import annotations

import copy
import difflib
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from spectramind_core.components.rule import RulePart
from spectramind_core.plugins.declaration import Component, Options, Slot
from spectramind_core.plugins.not_found import NotFound
from spectramind_core.plugins.registry import Registry
from spectramind_core.spec.model import RuleUse, RunSpec, Use
from spectramind_core.spec.problems import Problem, SpecProblems, dotted
from spectramind_core.spec.resolve import Choice, ResolvedSpec, RuleChoice
from spectramind_core.spec.yaml import Document

M = TypeVar("M", bound=BaseModel)

SINGLE = {
    "data.source": "sources",
    "detector": "detector_calibrations",
    "model.estimator": "estimators",
    "executor": "executors",
}
"""Sections that hold one component, with its kind."""

SEVERAL = {
    "model.baselines": "estimators",
    "uncertainty": "calibrators",
    "diagnostics": "diagnostics",
    "reports": "reports",
    "submit": "exporters",
    "trackers": "trackers",
}
"""Sections that hold a list of components, with their kind."""


def validate(
    document: Document, *, registry: Registry, overrides: tuple[str, ...] = ()
) -> ResolvedSpec:
    """Check a document and resolve it.

    Raises
    ------
    SpecProblems
        With every problem found, of form and of components.
    """
    run, problems = _form(document)
    plugins = run.plugins
    resolver = _Resolver(document, registry.configured(block=plugins.block, prefer=plugins.prefer))
    resolved = resolver.resolve(run, overrides)
    if problems or resolver.problems or resolved is None:
        raise SpecProblems([*problems, *resolver.problems])
    return resolved


def _form(document: Document) -> tuple[RunSpec, list[Problem]]:
    """The first phase, which needs no plugin: the spec less its wrong fields, and what is wrong.

    Raises
    ------
    SpecProblems
        If nothing is left that components could be looked up for.
    """
    spec, problems = _parsed(RunSpec, document.data, (), document, "SPEC004", "SPEC005")
    if spec is None:
        rest = copy.deepcopy(document.data)
        for problem in problems:
            _drop(rest, problem.path.split("."))
        spec, _ = _parsed(RunSpec, rest, (), document, "SPEC004", "SPEC005")
    if spec is None:
        raise SpecProblems(problems)
    return spec, problems


def _drop(data: Any, path: Sequence[str]) -> None:
    """Delete the field at a path, or the list that it lies in: items must keep their places."""
    name, in_list, _ = path[0].partition("[")
    if len(path) > 1 and not in_list and isinstance(data.get(name), dict):
        _drop(data[name], path[1:])
    else:
        data.pop(name, None)


def _parsed(
    model: type[M],
    data: Any,
    path: tuple[str | int, ...],
    document: Document,
    unknown: str,
    unfit: str,
) -> tuple[M | None, list[Problem]]:
    """Data as a model, or the problems why not; strict: a quoted number is not a number."""
    try:
        return model.model_validate_json(json.dumps(data), strict=True), []
    except ValidationError as error:
        return None, [
            _problem(model, details, path, document, unknown, unfit)
            for details in error.errors(include_url=False)
        ]


def _problem(
    model: type[BaseModel],
    details: ErrorDetails,
    path: tuple[str | int, ...],
    document: Document,
    unknown: str,
    unfit: str,
) -> Problem:
    inner = tuple(part for part in details["loc"] if part != "function-before[_bare_name()]")
    full = (*path, *inner)
    mark = document.mark(full)
    if details["type"] == "extra_forbidden":
        fields = _fields_at(model, inner[:-1])
        name = str(inner[-1])
        return Problem(
            unknown, f"there is no field '{name}'", dotted(full), mark, _nearest(name, fields)
        )
    given = details["input"]
    shown = "" if isinstance(given, dict | list) else f", got {json.dumps(given, default=str)}"
    message = details["msg"].removeprefix("Value error, ")
    return Problem(unfit, f"{message}{shown}", dotted(full), mark)


def _fields_at(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Names of the fields that the model has at a path below it."""
    for part in path:
        info = model.model_fields.get(str(part))
        annotation = info.annotation if info else model
        for option in (annotation, *get_args(annotation)):
            if isinstance(option, type) and issubclass(option, BaseModel):
                model = option
    return list(model.model_fields)


def _nearest(name: str, allowed: list[str]) -> str:
    near = difflib.get_close_matches(name, allowed, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(n) for n in near)}?"
    return f"allowed are: {', '.join(allowed)}" if allowed else "it takes none"


class _Resolver:
    """The second phase: collects problems instead of stopping at the first."""

    def __init__(self, document: Document, registry: Registry) -> None:
        self._document = document
        self._registry = registry
        self.problems: list[Problem] = []

    def resolve(self, run: RunSpec, overrides: tuple[str, ...]) -> ResolvedSpec | None:
        single = {
            section: self._choice(kind, _at(run, section), tuple(section.split(".")))
            for section, kind in SINGLE.items()
        }
        several = {
            section: [
                self._choice(kind, use, (*section.split("."), index))
                for index, use in enumerate(_at(run, section))
            ]
            for section, kind in SEVERAL.items()
        }
        single["model.estimator"] = self._with_parts(single["model.estimator"], run)
        several["model.baselines"] = [
            self._with_parts(choice, None) for choice in several["model.baselines"]
        ]
        if self.problems:
            return None
        found = {section: choice for section, choice in single.items() if choice}
        lists = {
            section: tuple(choice for choice in group if choice)
            for section, group in several.items()
        }
        self._check_flow(found, lists)
        return ResolvedSpec(run, found, lists, overrides)

    def _choice(self, kind: str, use: Use, path: tuple[str | int, ...]) -> Choice | None:
        mark = self._document.mark((*path, "use"))
        try:
            component = self._registry.resolve(kind, use.use)
            distribution = self._registry.entry(kind, use.use).distribution
        except NotFound as error:
            code = "SPEC006" if error.code == "misspelt" else "SPEC007"
            self.problems.append(Problem(code, error.what, dotted(path), mark, error.hint))
            return None
        options = self._options(component, use.options, path)
        if options is None:
            return None
        exact = f"{distribution}:{component.name}@{component.revision}"
        return Choice(dotted(path), exact, component, options, distribution)

    def _options(
        self, component: Component, given: Mapping[str, Any], path: tuple[str | int, ...]
    ) -> Options | None:
        options, problems = _parsed(
            component.options, given, (*path, "options"), self._document, "SPEC008", "SPEC009"
        )
        self.problems += problems
        return options

    def _with_parts(self, choice: Choice | None, run: RunSpec | None) -> Choice | None:
        """Fill an estimator's slots: from the spec, or with its defaults where `run` is None."""
        if choice is None:
            return None
        component = choice.component
        chosen: dict[str, Mapping[str, Use]] = {
            "encoders": run.model.encoders if run else {},
            "heads": run.model.heads if run else {},
        }
        if component.slots:
            self._check_slots(component, chosen)
        parts: dict[str, Choice | tuple[RuleChoice, ...]] = {}
        for slot in component.slots:
            part = self._part(slot, chosen.get(slot.kind, {}).get(slot.name))
            if part is not None:
                parts[f"{slot.kind}.{slot.name}"] = part
        if component.takes_rules:
            parts["rules"] = self._rules(run.model.rules if run else [])
        return Choice(
            choice.section, choice.use, component, choice.options, choice.distribution, parts
        )

    def _check_slots(self, component: Component, chosen: Mapping[str, Mapping[str, Use]]) -> None:
        for kind, uses in chosen.items():
            slots = [slot.name for slot in component.slots if slot.kind == kind]
            for name in set(uses) - set(slots):
                path = ("model", kind, name)
                self.problems.append(
                    Problem(
                        "SPEC010",
                        f"the estimator '{component.name}' has no slot '{name}' for {kind}",
                        dotted(path),
                        self._document.mark(path),
                        _nearest(name, slots),
                    )
                )

    def _part(self, slot: Slot, use: Use | None) -> Choice | None:
        if not slot.default and not (use and use.use):
            return None
        path = ("model", slot.kind, slot.name)
        chosen = use.use if use and use.use else slot.default
        options = use.options if use else {}
        part = self._choice(slot.kind, Use(use=chosen, options=options), path)
        if part and (missing := set(slot.provides) - set(part.component.provides)):
            self.problems.append(
                Problem(
                    "SPEC011",
                    f"the slot needs a component that provides {', '.join(sorted(missing))}, "
                    f"but '{part.component.name}' provides "
                    f"{', '.join(part.component.provides) or 'nothing'}",
                    dotted(path),
                    self._document.mark(path),
                )
            )
        return part

    def _rules(self, uses: list[RuleUse]) -> tuple[RuleChoice, ...]:
        found = []
        for index, use in enumerate(uses):
            choice = self._choice("rules", use, ("model", "rules", index))
            if choice:
                part = RulePart(choice.component.name, None, use.weight, use.mode)  # type: ignore[arg-type]
                found.append(RuleChoice(choice, part))
        return tuple(found)

    def _check_flow(
        self, single: Mapping[str, Choice], several: Mapping[str, tuple[Choice, ...]]
    ) -> None:
        """Whether each component finds what it requires among what those before it provide."""
        there = {"frames", "light_curves", "truth", "prediction", "system"}
        estimator = single["model.estimator"]
        there |= set(estimator.component.provides)
        for choice in (*several["uncertainty"], *several["submit"]):
            if missing := set(choice.component.requires) - there:
                self.problems.append(
                    Problem(
                        "SPEC011",
                        f"'{choice.component.name}' needs {', '.join(sorted(missing))}, "
                        "which nothing before it provides",
                        choice.section,
                    )
                )
            there |= set(choice.component.provides)


def _at(run: RunSpec, section: str) -> Any:
    found: Any = run
    for name in section.split("."):
        found = getattr(found, name)
    return found
