"""The run specification: its form, how it is read, checked, completed and hashed."""

from spectramind_core.spec.load import load_spec
from spectramind_core.spec.model import RunSpec
from spectramind_core.spec.problems import Problem, SpecProblems
from spectramind_core.spec.resolve import Choice, ResolvedSpec

__all__ = ["Choice", "Problem", "ResolvedSpec", "RunSpec", "SpecProblems", "load_spec"]
