"""The groups of commands: options under headings, and errors as exit statuses."""

from __future__ import annotations

from typing import Any

import click

from celerytui.cli.exits import errors_exit, safe
from celerytui.cli.options import given_preload, user_options
from celerytui.cli.signals import importing
from celerytui.cli.start import APP, kept_stdout


class Commands(click.Group):
    """A group that lists its options under headings and turns errors into exit statuses."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Parse the arguments; an error becomes text on stderr and the exit status."""
        with errors_exit():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error becomes text on stderr and the exit status."""
        with errors_exit():
            return super().invoke(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by heading, then the commands."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                heading = getattr(param, "help_group", None) or "Options"
                sections.setdefault(str(heading), []).append(record)
        for heading, records in sections.items():
            with formatter.section(heading):
                formatter.write_dl(records)
        self.format_commands(ctx, formatter)


class Program(Commands):
    """The stand-alone program, which also accepts options declared by the app."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; for an unknown option, load the app and parse with its options."""
        try:
            return super().parse_args(ctx, list(args))
        except click.NoSuchOption:
            preload = given_preload(self, ctx, args)
            if preload.app is None:
                raise
            from celerytui import connect

            if any(name in args for name in self._printing()):
                kept_stdout(ctx)
            with importing(safe(preload.app or "the app"), quiet=preload.quiet):
                app = connect.load_app(preload)
            ctx.meta[APP] = app
            self.params = [*self.params, *user_options(app)]
            return super().parse_args(ctx, list(args))

    def _printing(self) -> list[str]:
        """The names of the commands whose document has standard output to itself."""
        return [
            name
            for name, command in self.commands.items()
            if isinstance(command, Subcommand) and command.prints
        ]


class Subcommand(click.Command):
    """A command that explains where the program's options belong.

    `prints` says that it writes a document to standard output, which is kept for that alone,
    `opens` that it opens the monitor, `offline` that it needs no cluster, `brokerless` that it asks
    no broker, whose client it then does not import.
    """

    def __init__(
        self,
        name: str,
        *,
        prints: bool = False,
        opens: bool = False,
        offline: bool = False,
        brokerless: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(name, **more)
        self.prints = prints
        self.opens = opens
        self.offline = offline
        self.brokerless = brokerless

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse; the error for a misplaced option names its place."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            parent = ctx.parent
            if parent is not None and any(
                error.option_name in (*param.opts, *param.secondary_opts)
                for param in parent.command.params
            ):
                raise click.UsageError(
                    f"{error.option_name} goes before the command:"
                    f" {parent.command_path} {error.option_name} ... {ctx.info_name}",
                    ctx,
                ) from error
            raise


def subcommand_of(ctx: click.Context) -> Subcommand | None:
    """The command that is called below the group of this context, None for the monitor itself."""
    if ctx.invoked_subcommand is None or not isinstance(ctx.command, click.Group):
        return None
    command = ctx.command.get_command(ctx, ctx.invoked_subcommand)
    return command if isinstance(command, Subcommand) else None
