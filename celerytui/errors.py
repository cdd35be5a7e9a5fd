"""The exceptions of this program, and the exit statuses.

CelerytuiError
├── UsageError            2   an option, key or value that is wrong
│   └── SettingsError         ... in a flag, a variable or a config file
├── AppError              2   the Celery app could not be loaded
├── FilterError           2   the filter does not parse; knows where
├── BrokerUnavailable    69   no reply from a broker in time
├── BackendUnavailable   69   the result backend cannot be read
├── NoTerminal            2   the monitor was started without a terminal
├── OutputError           1   standard output cannot be written
├── ReadOnly              1   an action was refused in read-only mode
└── Offline               1   the cluster was to be asked or changed while it is not to be touched
"""

import enum


class ExitCode(enum.IntEnum):
    """Exit statuses, from sysexits(3) where one fits."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    UNAVAILABLE = 69
    HANGUP = 129
    INTERRUPTED = 130


class CelerytuiError(Exception):
    """An error for the user; its text says in one line what, where and what to do."""

    exit_code = ExitCode.FAILURE


class UsageError(CelerytuiError):
    """A wrong option, argument or value."""

    exit_code = ExitCode.USAGE


class SettingsError(UsageError):
    """An unknown or wrong setting; the text names it and its source."""


class AppError(CelerytuiError):
    """The Celery app could not be loaded; the text is Celery's own."""

    exit_code = ExitCode.USAGE


class FilterError(CelerytuiError):
    """A filter that does not parse.

    `start` and `end` are the character offsets of the mistake, `expected` says what is valid
    there.
    """

    exit_code = ExitCode.USAGE

    def __init__(self, message: str, start: int, end: int, expected: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end
        self.expected = expected


class BrokerUnavailable(CelerytuiError):
    """No broker replied in time."""

    exit_code = ExitCode.UNAVAILABLE


class BackendUnavailable(CelerytuiError):
    """The result backend cannot be read; the text says which and why."""

    exit_code = ExitCode.UNAVAILABLE


class NoTerminal(CelerytuiError):
    """The monitor needs a terminal and has none."""

    exit_code = ExitCode.USAGE


class OutputError(CelerytuiError):
    """Standard output cannot be written."""


class HistoryError(CelerytuiError):
    """A history that cannot be written or read; the text names it and what to do."""


class ReadOnly(CelerytuiError):
    """An action that changes the cluster was refused in read-only mode."""


class Offline(CelerytuiError):
    """Something that needs the cluster was refused: a history alone is read."""
