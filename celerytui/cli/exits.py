"""How a command ends: errors become clean text on stderr and an exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from celerytui.cli.start import STDOUT
from celerytui.errors import CelerytuiError, ExitCode, OutputError
from celerytui.streams import stderr


@contextmanager
def errors_exit() -> Iterator[None]:
    """Turn every error into clean text on stderr, without passwords, and an exit status."""
    try:
        yield
    except (click.exceptions.Exit, click.Abort):
        raise
    except click.ClickException as error:
        raise _cleaned(error) from error
    except CelerytuiError as error:
        complain(str(error))
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
        complain(error.code)
        raise click.exceptions.Exit(ExitCode.FAILURE) from error
    except BaseException as error:  # a project may have kinds of its own
        import traceback

        complain(f"internal error, please report it:\n{traceback.format_exc()}")
        raise click.exceptions.Exit(ExitCode.FAILURE) from error


def _cleaned(error: click.ClickException) -> click.ClickException:
    """The same error with its text made safe: it quotes arguments, variables and the project."""
    text = safe(error.format_message())
    if isinstance(error, click.UsageError):
        return click.UsageError(text, error.ctx)
    return click.ClickException(text)


def _forget_output() -> None:
    """Python flushes stdout at exit, and would complain again of what is in its buffer."""
    kept = click.get_current_context().meta.get(STDOUT) or sys.stdout
    if kept is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), kept.fileno())


def complain(text: str) -> None:
    """Write the text to stderr after the program's name, cleaned and masked."""
    click.echo(f"celerytui: {safe(text.rstrip())}", file=stderr())


def safe(text: str) -> str:
    """Return text from anywhere, made fit for stderr.

    It is masked first: a password that was cut would not be recognised.
    """
    from celerytui.columns import clean
    from celerytui.masking import mask

    return clean(mask(text), newlines=True)
