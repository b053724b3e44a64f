"""The group of commands, each imported when it is called."""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

import click

from spectramind_core import __version__
from spectramind_core.cli.table import COMMANDS


class LazyGroup(click.Group):
    """A group that knows its commands' names and help lines without importing them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take global flags wherever they stand: ``smv50 run --dry-run`` means what it says."""
        flags = {
            name: option
            for option in self.params
            if isinstance(option, click.Option) and not option.is_eager
            for name in option.opts
        }
        ours, others = [], []
        words = iter(args)
        for word in words:
            name, equals, _ = word.partition("=")
            if word == "--":
                others += [word, *words]
            elif name in flags:
                takes_value = not flags[name].is_flag and not equals
                ours += [word, *islice(words, int(takes_value))]
            else:
                others.append(word)
        return super().parse_args(ctx, ours + others)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[name][0].partition(":")
        loaded = import_module(f"spectramind_core.cli.commands.{module}")
        command: click.Command = getattr(loaded, attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        from click.shell_completion import CompletionItem

        commands = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return commands or click.Command.shell_complete(self, ctx, incomplete)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="These options may also follow the command. Without a spec, 'smv50 run' runs the "
    "defaults on the built-in simulator.",
)
@click.version_option(__version__, prog_name="smv50")
@click.option("--debug", is_flag=True, help="Show tracebacks and what components say.")
@click.option("--dry-run", is_flag=True, help="Print the plan and what is cached; compute nothing.")
@click.option("--seed", type=click.IntRange(min=0), help="Replace the spec's seed.")
@click.option(
    "--config-path",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder that specs are looked for in, besides the current one.",
)
@click.option(
    "--multirun",
    is_flag=True,
    help="Run every combination of overrides that list values: seed=1,2,3.",
)
@click.pass_context
def app(ctx: click.Context, /, **flags: Any) -> None:
    """Raw ESA-Ariel observations to exoplanet transmission spectra with honest uncertainty."""
    ctx.obj = flags
