"""The program, and `celery tui`; the only module that exits.

Every `celery` command imports this module with the plug-in, and --help and --version must be
fast: Celery, Textual and the parts of the program are imported where they are used.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import click

from celerytui import settings
from celerytui.cli import monitor
from celerytui.cli.exits import safe
from celerytui.cli.groups import Commands, Program, subcommand_of
from celerytui.cli.opening import opening
from celerytui.cli.options import PRELOAD, own_options, user_options
from celerytui.cli.past import offline_start, read_from_broker
from celerytui.cli.registry import COMMANDS
from celerytui.cli.signals import importing
from celerytui.cli.start import APP, START, Start
from celerytui.errors import ExitCode
from celerytui.interrupt import end_by_interrupt
from celerytui.streams import remember_stderr


def _run_standalone(ctx: click.Context, **params: Any) -> None:
    """See what a Celery cluster is doing, find what is wrong, and act on it safely."""
    from celerytui import connect

    params = {**read_from_broker(params)}
    preload = connect.PreloadOptions.of(params)

    def load() -> Any:
        late = connect.lazy_app(preload)
        if late is not None:
            return late
        with importing(safe(preload.app or "the app"), quiet=preload.quiet):
            app = ctx.meta.get(APP) or connect.load_app(preload)
            # The app's options that the command line did not name have defaults and variables.
            for option in user_options(app):
                if option.name not in ctx.params:
                    option.handle_parse_result(ctx, {}, [])
            _finish_loading(ctx, app, ctx.params)
        return app

    named = any((preload.app, preload.broker, preload.loader, preload.config))
    _start(ctx, params, load, no_color=preload.no_color, named=named)


def _run_plugin(ctx: click.Context, **params: Any) -> None:
    """See what this cluster is doing, find what is wrong, and act on it safely."""
    end_by_interrupt()
    from celerytui import connect

    context = ctx.obj

    def load() -> Any:
        app = context.app
        with importing(safe(connect.app_name(app)), quiet=context.quiet):
            _finish_loading(ctx, app, params)
        # Celery imported the project before.
        connect.restore_local_time()
        return app

    _start(ctx, params, load, no_color=context.no_color)


# Celery 5.7 wraps the callbacks of plug-ins to send the signal of an app's own options; older
# ones do not. This mark keeps it from wrapping, and the signal is sent here in either case.
_run_plugin._handles_preload_options = True  # type: ignore[attr-defined]  # Celery's mark


def _start(
    ctx: click.Context,
    params: Mapping[str, Any],
    load: Callable[[], Any],
    *,
    no_color: bool,
    named: bool = True,
) -> None:
    _normalise_no_color(no_color)
    chosen = settings.load(params, os.environ, params.get("conf"))
    start = Start(chosen, load, opening(ctx, params))
    if chosen.offline:
        start = offline_start(ctx, start, named=named)
    ctx.meta[START] = start
    if ctx.invoked_subcommand is None:
        ctx.exit(monitor.open_monitor(start))


def program() -> Program:
    """A new stand-alone program; the app's own options are added to it."""
    return Program(
        "celerytui",
        callback=click.pass_context(_run_standalone),
        help=_run_standalone.__doc__,
        params=[*PRELOAD, *own_options()],
        commands=COMMANDS,
        invoke_without_command=True,
    )


plugin = Commands(
    "tui",
    callback=click.pass_context(_run_plugin),
    help=_run_plugin.__doc__,
    params=own_options(),
    commands=COMMANDS,
    invoke_without_command=True,
)
"""`celery -A proj tui`, by the entry point `celery.commands`."""


def main(arguments: Sequence[str] | None = None, name: str = "celerytui") -> NoReturn:
    """Run the stand-alone program and exit, whatever threads and hooks the project left.

    The arguments are those of the process unless others are given; `name` is what the help calls
    the program.
    """
    remember_stderr()
    status: Any = ExitCode.FAILURE
    try:
        status = program().main(arguments, prog_name=name, auto_envvar_prefix="CELERY")
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


def _finish_loading(ctx: click.Context, app: Any, params: Mapping[str, Any]) -> None:
    """Do what Celery does between finding the app and running a command."""
    given = {
        option.name: params[option.name] for option in user_options(app) if option.name in params
    }
    if given:
        from celery.signals import user_preload_options

        user_preload_options.send(sender=_finish_loading, app=app, options=given)
    from celerytui.connect import check_broker, import_task_modules

    import_task_modules(app)
    command = subcommand_of(ctx)
    if command is None or not command.brokerless:
        check_broker(app)


def _normalise_no_color(no_color: bool) -> None:
    """Textual takes any $NO_COLOR for a yes, even an empty one: set or remove it."""
    if no_color or os.environ.get("NO_COLOR"):
        os.environ["NO_COLOR"] = "1"
    else:
        os.environ.pop("NO_COLOR", None)
