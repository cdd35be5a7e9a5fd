"""`python manage.py celerytui`: the program, on the project's own app."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

DJANGO_OPTIONS = ("--settings", "--pythonpath")
"""Options that manage.py takes before any command sees them."""


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Passes its arguments on to the program, and finds the app where -A does not name it."""

    help = "See what this project's Celery cluster is doing; the arguments are celerytui's own."
    # The program has Django's checks done as `celery` does, unless --skip-checks is given.
    requires_system_checks: tuple[str, ...] = ()
    # What `call_command` is often given for any command; the program has no use for it.
    stealth_options = ("verbosity", "traceback", "no_color", "force_color", "skip_checks")

    def run_from_argv(self, argv: list[str]) -> None:
        """Run with what stands behind the command's name; Django would parse it as its own."""
        self._run(_without_django_options(argv[2:]), f"{os.path.basename(argv[0])} {argv[1]}")

    def print_help(self, prog_name: str, subcommand: str) -> None:
        """Print the program's help, for `manage.py help celerytui`."""
        self._run(["--help"], f"{os.path.basename(prog_name)} {subcommand}")

    def create_parser(self, prog_name: str, subcommand: str, **_options: Any) -> Any:
        """The parser of `call_command("celerytui", ...)`: what it is given is the program's."""
        # No argument begins like this, so that none is taken for an option of Django's.
        parser = CommandParser(prog=f"{prog_name} {subcommand}", prefix_chars="\0", add_help=False)
        parser.add_argument("arguments", nargs="*")
        parser.set_defaults(force_color=False, no_color=False)
        return parser

    def handle(self, *_args: Any, arguments: Sequence[str] = (), **_options: Any) -> None:
        """Run for `call_command`; it ends with SystemExit, as the program does."""
        self._run(list(arguments), "manage.py celerytui")

    def _run(self, arguments: list[str], name: str) -> NoReturn:
        from celerytui.cli import main
        from celerytui.connect import restore_local_time

        # Django, which was set up before, made its TIME_ZONE that of the process.
        restore_local_time()
        if not _needs_no_search(arguments):
            arguments = ["-A", _project_app(), *arguments]
        main(arguments, name)


def _without_django_options(arguments: Sequence[str]) -> list[str]:
    kept, rest = list[str](), list(arguments)
    while rest:
        one = rest.pop(0)
        if one in DJANGO_OPTIONS:
            rest[:1] = []
        elif not one.startswith(tuple(f"{option}=" for option in DJANGO_OPTIONS)):
            kept.append(one)
    return kept


def _needs_no_search(arguments: Sequence[str]) -> bool:
    """Whether the app is named, or none is needed."""
    if os.environ.get("APP") or os.environ.get("CELERY_APP"):
        return True
    return any(
        one in ("--app", "--backend", "--help", "--version")
        or one.startswith(("-A", "--app=", "--backend="))
        for one in arguments
    )


def _project_app() -> str:
    """The module that has the project's app: a package of the settings, as Celery recommends it."""
    tried = list(_packages(os.environ.get("DJANGO_SETTINGS_MODULE", "")))
    for package in tried:
        if (app := _app_in(package)) is not None:
            return app
    raise CommandError(
        f"no Celery app found in {' or '.join(tried) or 'this project'};"
        " name it: manage.py celerytui -A MODULE"
    )


def _packages(settings: str) -> Iterator[str]:
    """The packages of a settings module, the nearest first."""
    while "." in settings:
        settings = settings.rpartition(".")[0]
        yield settings


def _app_in(package: str) -> str | None:
    """The module of its app, None where it has none.

    Where importing it fails that module is given all the same: the program says why.
    """
    from celery.app.utils import find_app

    if importlib.util.find_spec(package) is None:
        return None
    module = f"{package}.celery"
    try:
        importlib.import_module(module if importlib.util.find_spec(module) else package)
    except Exception:
        # Not the package: Celery's own search would hide the error.
        return module
    try:
        # Celery's own search: `package.app`, `package.celery:app`, any app in the package.
        return package if hasattr(find_app(package), "user_options") else None
    except (AttributeError, ModuleNotFoundError):
        return None
