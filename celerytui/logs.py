"""Writes log records to --log-file, if given, and never to the terminal.

A project's handler on stderr would write over the screen, and kombu logs the raw body of a
message that it cannot decode.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Iterator
from io import TextIOWrapper

from celerytui.columns import clean
from celerytui.errors import SettingsError
from celerytui.files import open_to_append
from celerytui.masking import mask
from celerytui.streams import stderr

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

SHORT = "%(asctime)s %(levelname)s %(message)s"
CLEAR_LINE = "\r\x1b[K"

logger = logging.getLogger(__name__)


class SafeFormatter(logging.Formatter):
    """Writes records without passwords and without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text of one or more lines."""
        return clean(mask(super().format(record)), newlines=True)


class OverLineFormatter(SafeFormatter):
    """Writes each record where a line is drawn again and again."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, after what clears the line."""
        return CLEAR_LINE + super().format(record)


class OwnFileHandler(logging.FileHandler):
    """Appends to a regular file, created with mode 0600."""

    def _open(self) -> TextIOWrapper:
        file = open_to_append(self.baseFilename)
        return open(file, "a", encoding=self.encoding, errors=self.errors)


def quieten(log_file: str | None) -> None:
    """Keep loggers, warnings and exceptions of threads off the terminal until the process ends.

    Until the end, because a remaining thread must not write after the shell's prompt. Call it once
    in a process. Raises SettingsError if the log file cannot be opened.
    """
    handler = _open(log_file)
    root = logging.getLogger()
    for known in (root, *_named_loggers()):
        for found in list(known.handlers):
            if _is_terminal(found):
                known.removeHandler(found)
    root.addHandler(handler)
    if log_file is not None and root.level in (logging.NOTSET, logging.WARNING):
        root.setLevel(logging.INFO)
    # For loggers that do not propagate and have just lost their only handler.
    logging.lastResort = handler
    # An error inside a handler is printed to stderr unless this is off.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    threading.excepthook = _log_thread
    sys.unraisablehook = _log_unraisable


def log_to_stderr(*, over_line: bool) -> None:
    """After `quieten`, write what the program itself logs to standard error.

    With `over_line` each record takes the place of a line that is drawn there again and again.
    """
    stream = stderr()
    if stream is None:
        return
    handler = logging.StreamHandler(stream)
    handler.setFormatter((OverLineFormatter if over_line else SafeFormatter)(SHORT))
    own = logging.getLogger("celerytui")
    own.setLevel(logging.INFO)
    own.addHandler(handler)


def _open(log_file: str | None) -> logging.Handler:
    if log_file is None:
        return logging.NullHandler()
    try:
        handler = OwnFileHandler(log_file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingsError(
            f"log-file: {log_file}: {error.strerror}; name a regular file that you can write"
        ) from error
    handler.setFormatter(SafeFormatter(FORMAT))
    return handler


def _named_loggers() -> Iterator[logging.Logger]:
    for known in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(known, logging.Logger):
            yield known


def _is_terminal(handler: logging.Handler) -> bool:
    if not isinstance(handler, logging.StreamHandler):
        return False
    if handler.stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        return True
    try:
        return bool(handler.stream.isatty())
    except (AttributeError, ValueError):
        return False


def _log_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
        name = args.thread.name if args.thread is not None else "a thread"
        logger.error("%s ended", name, exc_info=args.exc_value)


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    if isinstance(args.exc_value, BaseException):
        # The type alone: an object that is being taken down may fail to describe itself.
        logger.info("ignored in a %s", type(args.object).__name__, exc_info=args.exc_value)
