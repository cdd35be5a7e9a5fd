"""Every error this program raises on purpose, and the exit statuses.

CelerytuiError
├── UsageError            2   an option, key or value that is wrong
│   └── SettingsError         ... in a flag, the environment or a config file
├── AppError              2   the Celery app could not be loaded
├── FilterError           2   the filter does not parse; knows where
├── BrokerUnavailable    69   no broker answered in time
├── NoTerminal            2   the monitor was started without a terminal
├── OutputError           1   what a command prints cannot be written
└── ReadOnly              1   an action was asked for in read-only mode
"""

import enum


class ExitCode(enum.IntEnum):
    """Exit statuses, after sysexits(3) where one fits."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    UNAVAILABLE = 69
    HANGUP = 129
    INTERRUPTED = 130


class CelerytuiError(Exception):
    """An error whose text is meant for the user: one line of what, where and what to do."""

    exit_code = ExitCode.FAILURE


class UsageError(CelerytuiError):
    """An option, argument or value that is wrong."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """An unknown or bad setting; the text names it and where it stood."""


class AppError(CelerytuiError):
    """The Celery app could not be loaded; the text is Celery's own."""

    exit_code = ExitCode.USAGE


class FilterError(CelerytuiError):
    """A filter that does not parse.

    `start` and `end` are character offsets of the mistake in the filter's text, `expected` says
    what would have been right there.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, start: int, end: int, expected: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.expected = expected


class BrokerUnavailable(CelerytuiError):
    """No broker answered within the time allowed."""

    exit_code = ExitCode.UNAVAILABLE


class NoTerminal(CelerytuiError):
    """The monitor needs a terminal and has none."""

    exit_code = ExitCode.USAGE


class OutputError(CelerytuiError):
    """What a command prints cannot be written."""


class ReadOnly(CelerytuiError):
    """An action that changes the cluster was asked for in read-only mode."""
