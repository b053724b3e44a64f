"""Generated pages are up to date, links lead somewhere, and the README's commands are in place."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest

from spectramind_core.cli import catalogue as commands
from spectramind_core.kinds import KINDS
from spectramind_core.spec import catalogue as errors
from spectramind_core.spec.problems import CATALOGUE

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize(("name", "catalogue"), [("errors", errors), ("cli", commands)])
def test_a_generated_page_is_up_to_date(name: str, catalogue: ModuleType) -> None:
    assert (ROOT / "docs" / f"{name}.md").read_text() == catalogue.page()


def test_every_code_is_used_and_every_used_code_is_explained() -> None:
    source = ROOT / "packages" / "spectramind-core" / "src" / "spectramind_core" / "spec"
    files = [p for p in source.glob("*.py") if p.name not in ("problems.py", "catalogue.py")]
    used = {code for path in files for code in re.findall(r"SPEC\d{3}", path.read_text())}
    assert used == set(CATALOGUE)


def test_every_kind_is_documented_for_plugin_authors() -> None:
    text = (ROOT / "docs" / "writing-plugins.md").read_text()
    for kind in KINDS:
        assert f"`{kind.group}`" in text
        assert f"`{kind.section}`" in text


@pytest.mark.parametrize("path", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_readme_gives_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text()
    for name, last in (("run", "smv50 run examples/quickstart.yaml"), ("test", "nox -s tests")):
        block = re.search(rf"<!-- {name} -->\n```bash\n(.+)\n```", text)
        assert block is not None
        assert block[1].endswith(last)
