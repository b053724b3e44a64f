"""Plugins that fail in every way a plugin can, and what is said of each."""

from __future__ import annotations

from textwrap import dedent

GOOD = """
    from spectramind_core.builtin.options import CsvOptions
    from spectramind_core.plugins import Component, hookimpl

    @hookimpl
    def spectramind_exporters():
        return [Component(kind="exporters", name="{name}", summary="good",
                          factory="spectramind_core.builtin.long_csv:LongCsv", api="{api}",
                          options=CsvOptions, revision={revision})]
"""


def good(name: str = "mine", *, api: str = ">=1,<2", revision: int = 1) -> str:
    """A plugin module that offers one exporter."""
    return dedent(GOOD.format(name=name, api=api, revision=revision))


BROKEN = {
    "syntax error": ("def x(:", "SyntaxError"),
    "import error": ("import no_such_module_at_all", "ModuleNotFoundError: No module named"),
    "exit at import": ("raise SystemExit(3)", r"tried to exit the program \(SystemExit: 3\)"),
    "wrong type": (
        """
        from spectramind_core.plugins import hookimpl

        @hookimpl
        def spectramind_exporters():
            return ["mine"]
        """,
        "must return Component declarations, but returned a str",
    ),
    "name that disagrees": (
        good("other"),
        "its entry point is named 'mine', but .* declares these exporters: other",
    ),
    "misspelt hook": (
        """
        from spectramind_core.plugins import hookimpl

        @hookimpl
        def spectramind_exporter():
            return []
        """,
        "spectramind_exporter",
    ),
    "wrong plugin API": (
        good(api=">=7"),
        "needs plugin API >=7, this installation has 1",
    ),
    "wrong kind": (
        good().replace('"exporters"', '"trackers"', 1),
        "declared as kind 'trackers' instead of 'exporters'",
    ),
}
"""Case to (source of a module whose entry point is ``mine``, pattern of the message)."""
