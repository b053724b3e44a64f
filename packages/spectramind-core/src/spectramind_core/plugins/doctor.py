"""Examining plugins from outside: each is imported in a process of its own.

``python -m spectramind_core.plugins.doctor MODULE`` is that process; it prints JSON.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from spectramind_core.plugins.index import Entry

HEAVY = ("torch", "torch_geometric", "numba", "bokeh", "scipy", "sklearn", "shap", "pandas", "h5py")
"""Packages that a plugin module must not import: listing components would pay for them."""

TIMEOUT = 120.0
"""Seconds an import may take before it counts as hanging."""


@dataclass
class Checkup:
    """What was found about one plugin module."""

    module: str
    distribution: str
    problems: list[str] = field(default_factory=list)
    components: list[str] = field(default_factory=list)
    checks: list[tuple[str, bool, str]] = field(default_factory=list)
    """The plugin's own checks: what, whether it passed, detail."""
    seconds: float = 0.0
    detail: str = ""

    @property
    def healthy(self) -> bool:
        return not self.problems and all(passed for _, passed, _ in self.checks)


def examine(entries: Iterable[Entry]) -> list[Checkup]:
    """Import every plugin module of `entries` in a fresh process and check what it declares."""
    modules: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        modules.setdefault((entry.distribution, entry.module), []).append(entry)
    return [_examine(*key, group) for key, group in sorted(modules.items())]


def _examine(distribution: str, module: str, entries: list[Entry]) -> Checkup:
    checkup = Checkup(module, distribution)
    try:
        done = subprocess.run(  # noqa: S603 (our own interpreter and module)
            [sys.executable, "-m", __name__, module],
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        checkup.problems.append(f"importing it did not end within {TIMEOUT:.0f} s")
        return checkup
    try:
        found = json.loads(done.stdout)
    except json.JSONDecodeError:
        checkup.problems.append(f"importing it ended the process (exit code {done.returncode})")
        checkup.detail = done.stderr
        return checkup
    checkup.seconds, checkup.detail = found["seconds"], found["detail"]
    checkup.problems += found["problems"]
    checkup.components = [f"{kind}.{name}" for kind, name in found["components"]]
    checkup.checks = [(what, passed, detail) for what, passed, detail in found["checks"]]
    if not found["problems"]:
        checkup.problems += _disagreements(checkup.components, entries)
    return checkup


def _disagreements(declared: list[str], entries: list[Entry]) -> list[str]:
    promised = {f"{entry.kind}.{entry.name}" for entry in entries}
    return [
        f"entry point {name} has no declaration of that name"
        for name in sorted(promised - {*declared})
    ] + [f"{name} is declared but has no entry point" for name in sorted({*declared} - promised)]


def _inside(module: str) -> dict[str, object]:
    from spectramind_core.plugins.loading import Broken, load, new_manager

    before = set(sys.modules)
    start = time.perf_counter()
    outcome = load(module)
    seconds = time.perf_counter() - start
    if isinstance(outcome, Broken):
        return {
            "seconds": seconds,
            "problems": [outcome.reason],
            "detail": outcome.detail,
            "components": [],
            "checks": [],
        }
    heavy = sorted({name for name in set(sys.modules) - before if name in HEAVY})
    manager = new_manager()
    manager.register(outcome.module)
    return {
        "seconds": seconds,
        "problems": [f"imports {name} when listed; import it in the component" for name in heavy],
        "detail": "",
        "components": [(c.kind, c.name) for c in outcome.components],
        "checks": [check for checks in manager.hook.spectramind_doctor() for check in checks],
    }


if __name__ == "__main__":
    with contextlib.redirect_stdout(io.StringIO()):
        report = _inside(sys.argv[1])
    sys.stdout.write(json.dumps(report))
