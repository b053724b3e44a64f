"""The page that lists every command: ``python -m spectramind_core.cli.catalogue``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator

import click

from spectramind_core.cli.app import app

HEAD = """# The command line

`smv50 COMMAND --help` prints what stands here. This page is generated from the commands; do not
edit it. The options of `smv50` itself may also follow the command.

Exit codes: 0 done, 1 a check failed, 2 the spec or the command line is wrong, 3 a plugin is, 4 the
data are, 5 a file could not be written, 6 training failed, 7 out of memory, 70 a bug, 130
interrupted. Whatever the code, finished work is kept.

Completion, for bash (`zsh_source` and `fish_source` do the same for theirs):
`eval "$(_SMV50_COMPLETE=bash_source smv50)"`
"""


def page() -> str:
    """The page as Markdown."""
    return HEAD + "".join(_sections(app, "smv50", None))


def _sections(command: click.Command, path: str, parent: click.Context | None) -> Iterator[str]:
    ctx = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent)
    usage = " ".join([path, *command.collect_usage_pieces(ctx)])
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    options = "".join(
        f"- `{names}`: {help_}\n"
        for parameter in command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx))
        for names, help_ in [record]
    )
    yield f"\n## `{path}`\n\n    {usage}\n\n{text}\n" + (f"\n{options}" if options else "")
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _sections(inner, f"{path} {name}", ctx)


if __name__ == "__main__":
    sys.stdout.write(page())
