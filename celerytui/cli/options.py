"""Settings and Celery's options as click options.

Celery's are declared again here because importing celery.bin.celery, which declares them, takes a
second; a test compares the two.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from celerytui import __version__, settings
from celerytui.settings import HISTORY_DEFAULT, OPTIONS, Option

if TYPE_CHECKING:
    from celerytui.connect import PreloadOptions


class PreloadOption(click.Option):
    """One of Celery's options, shown under a heading of its own."""

    help_group = "Celery's options, as for the celery command"


class NoColorOption(PreloadOption):
    """--no-color, which any non-empty $NO_COLOR sets: https://no-color.org."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        """The value of a set variable: "true" for any value of $NO_COLOR."""
        if os.environ.get("NO_COLOR"):
            return "true"
        return super().resolve_envvar_value(ctx)


def _change_folder(_ctx: click.Context, _param: click.Parameter, folder: Any) -> Any:
    if folder:
        try:
            os.chdir(folder)
        except OSError as error:
            raise click.BadParameter(f"{folder}: {error.strerror}") from error
    return folder


PRELOAD: tuple[click.Option, ...] = (
    PreloadOption(
        ["-A", "--app"], envvar="APP", metavar="APP", help="The app, as module or module:attribute."
    ),
    PreloadOption(
        ["-b", "--broker"],
        envvar="BROKER_URL",
        metavar="URL",
        help="The broker; overrides the app's, and needs no app.",
    ),
    PreloadOption(
        ["--result-backend"], envvar="RESULT_BACKEND", metavar="URL", help="The result backend."
    ),
    PreloadOption(["--loader"], envvar="LOADER", metavar="CLASS", help="The loader class."),
    PreloadOption(
        ["--config"], envvar="CONFIG_MODULE", metavar="MODULE", help="The configuration module."
    ),
    PreloadOption(
        ["--workdir"],
        callback=_change_folder,
        is_eager=True,
        metavar="DIRECTORY",
        help="The working directory.",
    ),
    NoColorOption(["-C", "--no-color"], envvar="NO_COLOR", is_flag=True, help="No colours."),
    PreloadOption(["-q", "--quiet"], is_flag=True, help="Print only errors outside the monitor."),
    PreloadOption(
        ["--skip-checks"], envvar="SKIP_CHECKS", is_flag=True, help="Skip Django's checks."
    ),
)


def command_option(*names: str, **more: Any) -> click.Option:
    """An option of one command; it reads no variables, as none of ours does by click's prefix."""
    return click.Option(list(names), allow_from_autoenv=False, **more)


def listen_option() -> click.Option:
    """`--for TIME`, as commands have it that listen for a moment."""
    return command_option(
        *("--for", "listen"),
        callback=seconds,
        default="3s",
        show_default=True,
        metavar="TIME",
        help="How long to listen to events.",
    )


def json_option(instead: str) -> click.Option:
    """`--json`, as commands have it that print one document."""
    return command_option(
        "--json", "as_json", is_flag=True, help=f"Print one JSON document instead of {instead}."
    )


def filter_option(what: str) -> click.Option:
    """`--filter QUERY`, as commands have it that print rows."""
    return command_option(
        *("--filter", "query"),
        default="",
        metavar="QUERY",
        help=f"Which {what} to print, in the filter language of the monitor.",
    )


def limit_option(text: str) -> click.Option:
    """`--limit N`, as commands have it that may print many rows."""
    return command_option("--limit", type=click.IntRange(min=1), metavar="N", help=text)


def since_option(text: str) -> click.Option:
    """`--since TIME`: how long ago, or a time."""
    return command_option("--since", metavar="TIME", help=text)


def seconds(_ctx: click.Context, _param: click.Parameter, value: str) -> float:
    """The seconds of a duration; raises BadParameter."""
    try:
        return settings.parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def optional_seconds(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """The seconds of an option that may be left out."""
    return None if value is None else seconds(ctx, param, value)


def history_option(text: str) -> click.Option:
    """`--history URL`, as the commands have it."""
    return command_option("--history", callback=_history_url, metavar="URL", help=text)


def _history_url(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    try:
        return None if value is None else settings.history_url(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def own_options() -> list[click.Parameter]:
    """The program's own options, as a program and as a plug-in."""
    conf = click.Option(
        ["--conf"],
        metavar="FILE",
        allow_from_autoenv=False,
        help="The config file; by default celerytui/config.toml in the user's config folder.",
    )
    version = click.Option(
        ["--version"],
        is_flag=True,
        expose_value=False,
        is_eager=True,
        allow_from_autoenv=False,
        callback=_print_version,
        help="Show the versions and exit.",
    )
    settable = (_click_option(option) for option in OPTIONS if option.flags)
    return [*settable, *opening_options(), conf, version]


def opening_options() -> list[click.Parameter]:
    """Where the monitor opens."""
    return [
        command_option(
            *("--filter", "query"),
            metavar="QUERY",
            help="Open with these tasks, in the filter language.",
        ),
        command_option(
            *("--task", "task"),
            metavar="ID",
            help="Open with this task; waits for it if it is not known yet.",
        ),
    ]


def _click_option(option: Option) -> click.Option:
    """The click option of a setting; `settings.load` validates its value, as for every source.

    It reads no variables: click's CELERY_ prefix would make $CELERY_QUEUES one of ours.
    """
    text = option.help
    if option.kind == "choice":
        text += f" One of {', '.join(option.choices)}."
    if option.kind in ("count", "choice"):
        text += f" Default {option.default}."
    elif option.kind == "duration":
        text += f" Default {option.default:g}s."
    optional: dict[str, Any] = {}
    if option.kind == "history":
        optional = {"is_flag": False, "flag_value": HISTORY_DEFAULT}
    return click.Option(
        list(option.flags),
        **{"is_flag": option.kind == "flag", **optional},
        default=None,
        metavar=option.metavar,
        allow_from_autoenv=False,
        help=text,
    )


def _print_version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        click.echo(f"celerytui {__version__} (celery {_celery_version()})")
        ctx.exit()


def _celery_version() -> str:
    """Read from Celery's source: importing it, or the metadata of packages, takes longer."""
    spec = importlib.util.find_spec("celery")
    source = ""
    if spec and spec.origin:
        with open(spec.origin, encoding="utf-8") as file:
            source = file.read()
    found = re.search(r"^__version__ = ['\"]([^'\"]+)", source, re.MULTILINE)
    return found[1] if found else "of unknown version"


def user_options(app: Any) -> list[click.Option]:
    """The preload options that the app declares (`app.user_options["preload"]`)."""
    return list(app.user_options.get("preload", ()))


def given_preload(
    command: click.Command, ctx: click.Context, args: Sequence[str]
) -> PreloadOptions:
    """Celery's options among arguments that do not parse yet, and their variables.

    All others are skipped: they may be options of the app.
    """
    from celerytui.connect import PreloadOptions

    known = {name: param for param in PRELOAD for name in param.opts}
    wanted: list[str] = []
    rest = list(args)
    while rest:
        argument = rest.pop(0)
        name = argument.partition("=")[0] if argument.startswith("--") else argument[:2]
        param = known.get(name)
        if param is None:
            continue
        wanted.append(argument)
        if argument == name and not param.is_flag and rest:
            wanted.append(rest.pop(0))
    parser = click.Command(command.name, params=list(PRELOAD), add_help_option=False)
    with parser.make_context(
        ctx.info_name, wanted, auto_envvar_prefix=ctx.auto_envvar_prefix
    ) as found:
        return PreloadOptions.of(found.params)
