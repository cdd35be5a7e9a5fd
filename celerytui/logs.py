"""Where log records go while the terminal is ours: to --log-file, else nowhere.

A handler that a project installed on stderr would write into the picture, and kombu logs the raw
body of a message that it cannot decode.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from celerytui.columns import clean
from celerytui.errors import SettingsError
from celerytui.masking import mask

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class SafeFormatter(logging.Formatter):
    """Writes records without passwords and without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, which may be several lines."""
        return clean(mask(super().format(record)), newlines=True)


@contextmanager
def off_the_terminal(log_file: str | None) -> Iterator[None]:
    """Keep every logger and warning off the terminal; afterwards all is as it was before.

    Raises SettingsError where the log file cannot be opened.
    """
    handler = _open(log_file)
    root = logging.getLogger()
    level, last_resort, complain = root.level, logging.lastResort, logging.raiseExceptions
    removed = [
        (logger, found)
        for logger in _loggers()
        for found in list(logger.handlers)
        if _is_terminal(found)
    ]
    for logger, found in removed:
        logger.removeHandler(found)
    root.addHandler(handler)
    if log_file is not None:
        root.setLevel(min(level, logging.INFO) or logging.INFO)
    logging.lastResort = handler
    # An error inside a handler is printed to stderr unless this is off.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logging.raiseExceptions = complain
        logging.lastResort = last_resort
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
        for logger, found in removed:
            logger.addHandler(found)


def _open(log_file: str | None) -> logging.Handler:
    if log_file is None:
        return logging.NullHandler()
    try:
        handler = logging.FileHandler(log_file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise SettingsError(f"log-file: {log_file}: {error.strerror}") from error
    handler.setFormatter(SafeFormatter(FORMAT))
    return handler


def _loggers() -> Iterator[logging.Logger]:
    yield logging.getLogger()
    for logger in list(logging.Logger.manager.loggerDict.values()):
        if isinstance(logger, logging.Logger):
            yield logger


def _is_terminal(handler: logging.Handler) -> bool:
    if not isinstance(handler, logging.StreamHandler):
        return False
    standard = (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__)
    if handler.stream in standard:
        return True
    try:
        return bool(handler.stream.isatty())
    except (AttributeError, ValueError):
        return False
