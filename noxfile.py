"""The checks, as sessions: ``nox -l`` lists them, ``nox -s tests`` runs the tests.

Torch has no small wheel for every Python, so the whole suite runs on 3.11 and the torch-free
packages on the others; interpreters that are not installed are skipped.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

nox.options.sessions = ["lint", "types", "tests"]
nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "venv"

CONSTRAINTS = ("-c", "constraints.txt")
CORE = "packages/spectramind-core"
CALIB = "packages/spectramind-calib"
MODELS = "packages/spectramind-models"
DIAG = "packages/spectramind-diag"
EVERYTHING = (
    CORE + "[test]",
    CALIB + "[corel,test]",
    MODELS + "[mlflow,test]",
    DIAG + "[umap,test]",
)
TORCH_FREE = (CORE + "[test]", CALIB + "[test]")
PYTHON = "3.11"

# Two OpenMP runtimes spin against each other otherwise (docs/performance.md).
ENVIRONMENT = {"OMP_WAIT_POLICY": "PASSIVE", "NUMBA_NUM_THREADS": "2"}


def install(session: nox.Session, *packages: str) -> None:
    """Install packages of this repository in place, by the constraints."""
    editable = [word for package in packages for word in ("-e", package)]
    session.install(*CONSTRAINTS, "hatchling", "pytest-cov", "pytest-xdist", *editable)


@nox.session(python=[PYTHON, "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """Everything on 3.11, the torch-free packages on later Pythons. Arguments go to pytest."""
    if session.python == PYTHON:
        install(session, *EVERYTHING)
        where = ("packages", "plugins", "tests")
        coverage = ("--cov=spectramind_core", "--cov-report=term:skip-covered")
    else:
        install(session, *TORCH_FREE)
        where = ("packages/spectramind-core", "packages/spectramind-calib")
        coverage = ()
    arguments = session.posargs or ["-n", "2", *where]
    session.run("pytest", *coverage, *arguments, env=ENVIRONMENT)
    if coverage and not session.posargs:
        session.run("coverage", "report", "--include=*/spectramind_core/*", "--fail-under=90")


@nox.session(python=PYTHON)
def lint(session: nox.Session) -> None:
    """Style and form."""
    session.install(*CONSTRAINTS, "ruff")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session(python=PYTHON)
def types(session: nox.Session) -> None:
    """Strict types of all that is shipped."""
    install(session, *EVERYTHING)
    session.install(*CONSTRAINTS, "mypy", "types-PyYAML")
    sources = sorted(str(path) for path in Path().glob("p*/*/src"))
    for source in sources:
        session.run("mypy", source)


@nox.session(python=PYTHON)
def docs(session: nox.Session) -> None:
    """Whether generated pages are up to date and every link inside docs leads somewhere."""
    install(session, CORE + "[test]")
    session.run("pytest", "tests/test_docs.py")


@nox.session(python=PYTHON)
def bench(session: nox.Session) -> None:
    """Every performance claim, beside its baseline. Arguments choose programs by name."""
    install(session, *EVERYTHING)
    session.install(*CONSTRAINTS, "mambapy", "mapie", "crepes", "psutil")
    names = session.posargs or sorted(path.name for path in Path("benchmarks").glob("*.py"))
    for name in names:
        session.run("python", f"benchmarks/{name}", env=ENVIRONMENT)


@nox.session(python=PYTHON)
def coinstall(session: nox.Session) -> None:
    """Whether everything installs together, as built wheels, without conflicts."""
    session.install(*CONSTRAINTS, ".", CORE, CALIB + "[corel]", MODELS, DIAG + "[umap]")
    session.run("pip", "check")
    session.run("smv50", "test")


@nox.session(python=PYTHON)
def startup(session: nox.Session) -> None:
    """How long help and listings take, against importing click."""
    install(session, *EVERYTHING)
    session.run("python", "benchmarks/startup.py")


@nox.session(python=PYTHON)
def plugins(session: nox.Session) -> None:
    """The example plugins, installed as a third party would, and their own tests."""
    install(session, *EVERYTHING)
    for plugin in sorted(Path("plugins").glob("*/pyproject.toml")):
        session.install(*CONSTRAINTS, str(plugin.parent))
        session.run("pytest", str(plugin.parent))
    session.run("smv50", "plugins", "doctor")


@nox.session(python=PYTHON)
def demo(session: nox.Session) -> None:
    """The main job, as the README runs it."""
    session.install(*CONSTRAINTS, CORE, CALIB + "[corel]", MODELS, DIAG + "[umap]")
    session.run("smv50", "run", "examples/quickstart.yaml", env={**os.environ, **ENVIRONMENT})
