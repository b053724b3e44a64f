"""The page that explains every error code: ``python -m spectramind_core.spec.catalogue``."""

from __future__ import annotations

import sys

from spectramind_core.spec.problems import CATALOGUE

HEAD = """# What can be wrong with a spec

Each problem is printed as `file:line:column  path  [code] message`, all of them at once. This page
is generated from the catalogue in `spectramind_core/spec/problems.py`; do not edit it.
"""


def page() -> str:
    """The page as Markdown."""
    entries = [f"\n## {row.code}: {row.title}\n\n{row.explanation}\n" for row in CATALOGUE.values()]
    return HEAD + "".join(entries)


if __name__ == "__main__":
    sys.stdout.write(page())
