"""Other names for what a project names: the same thing always has the same one."""

from __future__ import annotations

import builtins
import hashlib
import os
import re
import uuid

_EXCEPTION = re.compile(r"(?:\w+\.)*(\w+)")
_FRAME = re.compile(r'File "([^"]*)", line (\d+)(?:, in (.+))?')
_KNOWN = frozenset(name for name in dir(builtins) if name[:1].isupper()) | frozenset(
    ("Retry", "Ignore", "Reject", "WorkerLostError", "TimeLimitExceeded", "SoftTimeLimitExceeded",
     "Terminated", "TaskRevokedError", "NotRegistered", "MaxRetriesExceededError",
     "ExceptionWithTraceback", "OperationalError", "IntegrityError", "ConnectionError")
)  # fmt: skip
"""Exceptions that anybody may have; others are named after what a project does."""


class Names:
    """Other names for things: `task-3` for the third task name, by kind, the same each time.

    Ids become other ids by a key of this recording alone, so that they can't be found again.
    """

    def __init__(self) -> None:
        self._key = os.urandom(16)
        self._known: dict[str, dict[str, str]] = {}

    def name(self, kind: str, text: str) -> str:
        """The other name of something."""
        known = self._known.setdefault(kind, {})
        found = known.get(text)
        if found is None:
            if len(known) >= 100_000:
                return f"{kind}-{self._digest(text).hex()[:12]}"
            found = known[text] = f"{kind}-{len(known) + 1}"
        return found

    def id(self, text: str) -> str:
        """The other id of a task."""
        return str(uuid.UUID(bytes=self._digest(text), version=4))

    def task(self, text: str) -> str:
        """The other name of a task."""
        return self.name("task", text)

    def queue(self, text: str) -> str:
        """The other name of a queue, or of the key by which messages come there."""
        return self.name("queue", text)

    def exchange(self, text: str) -> str:
        """The other name of an exchange; the default one has none."""
        return self.name("exchange", text) if text else text

    def args(self, text: str) -> str:
        """Other arguments."""
        return f"({self.name('args', text)!r},)"

    def kwargs(self, text: str) -> str:
        """Other named arguments."""
        return f"{{'kwargs': {self.name('kwargs', text)!r}}}"

    def result(self, text: str) -> str:
        """Another result."""
        return self.name("result", text)

    def host(self, text: str) -> str:
        """The other name of a worker or client, `worker-1@host-1`."""
        if not text:
            return text
        name, at, host = text.rpartition("@")
        return (
            f"{self.name('worker', name)}@{self.name('host', host)}"
            if at
            else self.name("host", host)
        )

    def exception(self, text: str) -> str:
        """The class of an exception, if anybody may have it, and that it said something."""
        match = _EXCEPTION.match(text)
        name = "Error" if match is None else match[1]
        shown = name if name in _KNOWN else self.name("Error", name)
        return f"{shown}({self.name('text', text)!r})"

    def traceback(self, text: str) -> str:
        """The same files, lines and functions by other names, without code and message."""
        frames = [
            f'  File "{self.name("file", path)}.py", line {line},'
            f" in {self.name('function', function or '')}"
            for path, line, function in _FRAME.findall(text)
        ]
        last = self.exception(text.rstrip().rpartition("\n")[2])
        return "\n".join(("Traceback (most recent call last):", *frames, last))

    def _digest(self, text: str) -> bytes:
        return hashlib.blake2b(
            text.encode("utf-8", "replace"), key=self._key, digest_size=16
        ).digest()
