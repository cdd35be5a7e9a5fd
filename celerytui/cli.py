"""The commands, as a program and as `celery tui`; the only module that exits.

Every `celery` command imports this module with the plug-in, and --help and --version must be
fast: Celery, Textual and the parts of the program are imported where they are used.
"""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, TextIO

import click

from celerytui import settings
from celerytui.errors import CelerytuiError, ExitCode, NoTerminal, OutputError
from celerytui.interrupt import end_by_interrupt
from celerytui.options import PRELOAD, given_preload, own_options, snapshot_options, user_options
from celerytui.settings import Settings
from celerytui.signals import importing, stop_signals
from celerytui.streams import keep_stdout, remember_stderr, stderr

START = "celerytui.start"
APP = "celerytui.app"
STDOUT = "celerytui.stdout"
SNAPSHOT = "snapshot"


class Start(NamedTuple):
    """What every command starts from: the settings, and the loader of the app."""

    settings: Settings
    load: Callable[[], Any]


class Commands(click.Group):
    """A group that lists its options under headings and turns errors into exit statuses."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """Parse the arguments; an error becomes text on stderr and the exit status."""
        with _errors_exit():
            return super().make_context(*args, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; an error becomes text on stderr and the exit status."""
        with _errors_exit():
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

            if SNAPSHOT in args:
                _keep_stdout(ctx)
            with importing(_safe(preload.app or "the app"), quiet=preload.quiet):
                app = connect.load_app(preload)
            ctx.meta[APP] = app
            self.params = [*self.params, *user_options(app)]
            return super().parse_args(ctx, list(args))


class Subcommand(click.Command):
    """A command that explains where the program's options belong."""

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


def _run_standalone(ctx: click.Context, **params: Any) -> None:
    """See what a Celery cluster is doing, find what is wrong, and act on it safely."""
    from celerytui import connect

    preload = connect.PreloadOptions.of(params)

    def load() -> Any:
        late = connect.lazy_app(preload)
        if late is not None:
            return late
        with importing(_safe(preload.app or "the app"), quiet=preload.quiet):
            app = ctx.meta.get(APP) or connect.load_app(preload)
            # The app's options that the command line did not name have defaults and variables.
            for option in user_options(app):
                if option.name not in ctx.params:
                    option.handle_parse_result(ctx, {}, [])
            _finish_loading(app, ctx.params)
        return app

    _start(ctx, params, load, no_color=preload.no_color)


def _run_plugin(ctx: click.Context, **params: Any) -> None:
    """See what this cluster is doing, find what is wrong, and act on it safely."""
    end_by_interrupt()
    from celerytui import connect

    context = ctx.obj

    def load() -> Any:
        app = context.app
        with importing(_safe(connect.app_name(app)), quiet=context.quiet):
            _finish_loading(app, params)
        return app

    _start(ctx, params, load, no_color=context.no_color)


# Celery 5.7 wraps the callbacks of plug-ins to send the signal of an app's own options; older
# ones do not. This mark keeps it from wrapping, and the signal is sent here in either case.
_run_plugin._handles_preload_options = True  # type: ignore[attr-defined]


def _start(
    ctx: click.Context, params: Mapping[str, Any], load: Callable[[], Any], *, no_color: bool
) -> None:
    _normalise_no_color(no_color)
    chosen = settings.load(params, os.environ, params.get("conf"))
    start = Start(chosen, load)
    ctx.meta[START] = start
    if ctx.invoked_subcommand is None:
        ctx.exit(_monitor(start))


def _monitor(start: Start) -> int:
    # Modules are no garbage: until the first frame the collector would only get in its way.
    gc.disable()
    app = start.load()
    _need_terminal()
    return _import_monitor()(app, start.settings)


def _run_demo(ctx: click.Context) -> None:
    """Open the monitor on a private demo cluster; needs no broker."""
    _need_terminal()
    from celerytui.demo import run_demo

    start: Start = ctx.meta[START]
    ctx.exit(run_demo(start.settings, _import_monitor()))


def _import_monitor() -> Callable[[Any, Settings], int]:
    """The function that opens the monitor; Textual reads its frame rate when imported."""
    from celerytui.ui.terminal.frame_rate import raise_frame_rate

    raise_frame_rate()
    from celerytui.ui.app import run_monitor

    return run_monitor


def _run_snapshot(
    ctx: click.Context, listen: float, query: str, as_json: bool, timeout: float
) -> None:
    """Listen for a moment, ask the workers, print the state of the cluster once, and exit."""
    from celerytui.logs import quieten
    from celerytui.snapshot import parse_query, print_snapshot, take_snapshot

    start: Start = ctx.meta[START]
    wanted = parse_query(query)
    stdout = _keep_stdout(ctx)
    app = start.load()
    quieten(start.settings.log_file)
    document = take_snapshot(
        app, start.settings, wanted, listen=listen, timeout=timeout, stoppable=stop_signals
    )
    print_snapshot(document, stdout, as_json=as_json)
    if (unasked := document["control"])["state"] == "failed":
        _complain(f"workers can't be asked: {unasked['error']}")


def _keep_stdout(ctx: click.Context) -> TextIO | None:
    """Standard output for the document alone; to be called before the project is imported."""
    if STDOUT not in ctx.meta:
        ctx.meta[STDOUT] = keep_stdout()
    kept: TextIO | None = ctx.meta[STDOUT]
    return kept


def _commands() -> list[click.Command]:
    return [
        Subcommand(
            SNAPSHOT,
            callback=click.pass_context(_run_snapshot),
            help=_run_snapshot.__doc__,
            short_help="Print the state of the cluster once.",
            params=snapshot_options(),
        ),
        Subcommand(
            "demo",
            callback=click.pass_context(_run_demo),
            help=_run_demo.__doc__,
            short_help="Open the monitor on a private demo cluster.",
        ),
    ]


def program() -> Program:
    """A new stand-alone program; the app's own options are added to it."""
    return Program(
        "celerytui",
        callback=click.pass_context(_run_standalone),
        help=_run_standalone.__doc__,
        params=[*PRELOAD, *own_options()],
        commands=_commands(),
        invoke_without_command=True,
    )


plugin = Commands(
    "tui",
    callback=click.pass_context(_run_plugin),
    help=_run_plugin.__doc__,
    params=own_options(),
    commands=_commands(),
    invoke_without_command=True,
)
"""`celery -A proj tui`, by the entry point `celery.commands`."""


def main() -> NoReturn:
    """Run the stand-alone program and exit, whatever threads and hooks the project left."""
    remember_stderr()
    status: Any = ExitCode.FAILURE
    try:
        status = program().main(prog_name="celerytui", auto_envvar_prefix="CELERY")
    except SystemExit as error:
        status = error.code
        raise
    finally:
        # As Python takes it: a text is a failure, None is none.
        _bound_exit(status if isinstance(status, int) else int(status is not None))
    sys.exit(status)


def _bound_exit(status: int) -> None:
    if "celery" in sys.modules:  # else no project was imported
        from celerytui.ui.terminal.departure import LEAVE_SECONDS, Departure

        departure = Departure(lambda _status: None, lambda: None)
        departure.until = time.monotonic() + LEAVE_SECONDS
        departure.guard_exit(status)


def _finish_loading(app: Any, params: Mapping[str, Any]) -> None:
    """Do what Celery does between finding the app and running a command."""
    given = {
        option.name: params[option.name] for option in user_options(app) if option.name in params
    }
    if given:
        from celery.signals import user_preload_options

        user_preload_options.send(sender=_finish_loading, app=app, options=given)
    from celerytui.connect import check_broker, import_task_modules

    import_task_modules(app)
    check_broker(app)


def _normalise_no_color(no_color: bool) -> None:
    """Textual takes any $NO_COLOR for a yes, even an empty one: set or remove it."""
    if no_color or os.environ.get("NO_COLOR"):
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise NoTerminal(
            "the monitor needs a terminal on stdin and stderr;"
            " without one, use `celerytui snapshot`"
        )


@contextmanager
def _errors_exit() -> Iterator[None]:
    """Turn every error into clean text on stderr, without passwords, and an exit status."""
    try:
        yield
    except (click.exceptions.Exit, click.Abort):
        raise
    except click.ClickException as error:
        raise _cleaned(error) from error
    except CelerytuiError as error:
        _complain(str(error))
        if isinstance(error, OutputError):
            _forget_output()
        raise click.exceptions.Exit(error.exit_code) from error
    except KeyboardInterrupt as error:
        raise click.exceptions.Exit(ExitCode.INTERRUPTED) from error
    except BrokenPipeError as error:
        # The reader has seen enough.
        _forget_output()
        raise click.exceptions.Exit(ExitCode.FAILURE) from error
    except SystemExit as error:
        # A project's own: Python would print its text as it is.
        if not isinstance(error.code, str):
            raise
        _complain(error.code)
        raise click.exceptions.Exit(ExitCode.FAILURE) from error
    except BaseException as error:  # a project may have kinds of its own
        import traceback

        _complain(f"internal error, please report it:\n{traceback.format_exc()}")
        raise click.exceptions.Exit(ExitCode.FAILURE) from error


def _cleaned(error: click.ClickException) -> click.ClickException:
    """The same error with its text made safe: it quotes arguments, variables and the project."""
    text = _safe(error.format_message())
    if isinstance(error, click.UsageError):
        return click.UsageError(text, error.ctx)
    return click.ClickException(text)


def _forget_output() -> None:
    """Python flushes stdout at exit, and would complain again of what is in its buffer."""
    kept = click.get_current_context().meta.get(STDOUT) or sys.stdout
    if kept is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), kept.fileno())


def _complain(text: str) -> None:
    click.echo(f"celerytui: {_safe(text.rstrip())}", file=stderr())


def _safe(text: str) -> str:
    """Text from anywhere, to be written to stderr; masked first, as a cut password is no match."""
    from celerytui.columns import clean
    from celerytui.masking import mask

    return clean(mask(text), newlines=True)
