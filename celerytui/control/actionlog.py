"""What was done to the cluster, by whom and with what outcome: JSON lines in a file."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.masking import mask
from celerytui.model import Finding, Outcome, Reply

KEPT = 500
MAX_BYTES = 5_000_000
TARGETS = 100
"""As many targets are named; their count is always there."""
ITSELF = "celerytui itself"
"""Stands for the user where the monitor did it unasked."""


class Entry(Struct):
    """One action as the log tells it; `count` targets of which `targets` are the first.

    `finding` is what was seen of its effect later. `items` counts targets by how it went.
    """

    time: float
    user: str
    app: str
    broker: str
    action: str
    count: int
    targets: list[str]
    params: dict[str, str]
    replies: list[Reply]
    seconds: float = 0.0
    items: dict[str, int] = {}
    error: str | None = None
    finding: Finding | None = None


def log_path(environ: Mapping[str, str]) -> Path | None:
    """Where the log is: $XDG_STATE_HOME, else ~/.local/state; None without a home."""
    base = environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "celerytui" / "actions.jsonl"
    home = environ.get("HOME")
    return Path(home) / ".local" / "state" / "celerytui" / "actions.jsonl" if home else None


def user_name() -> str:
    """The user's login name, else the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


class ActionLog:
    """Writes entries to a file of the user's own and keeps the newest; for one writing thread.

    What cannot be written is kept all the same, and `trouble` says why in one line. The file
    is made on the first entry, for its user alone, and put aside as `.1` when it is full.
    """

    def __init__(self, path: Path | None, *, user: str, app: str, broker: str) -> None:
        self.path = path
        self.trouble: str | None = None if path is not None else "no home directory for the log"
        self._user, self._app, self._broker = user, app, mask(broker)
        self._entries: deque[Entry] | None = None

    def entries(self) -> list[Entry]:
        """The newest entries, oldest first, those of earlier sessions too."""
        return list(self._kept())

    def record(self, outcome: Outcome, *, by: str | None = None) -> None:
        """Note an action that was done or refused, `by` somebody other than the user."""
        tally: dict[str, int] = {}
        for item in outcome.items:
            word = {True: "ok", False: "failed", None: "not done"}[item.ok]
            tally[word] = tally.get(word, 0) + 1
        entry = Entry(
            time=outcome.started_at,
            action=outcome.action,
            count=len(outcome.targets),
            targets=list(outcome.targets[:TARGETS]),
            params={name: mask(text) for name, text in outcome.params.items()},
            replies=[Reply(one.worker, one.ok, mask(one.text)) for one in outcome.replies],
            seconds=round(max(0.0, outcome.ended_at - outcome.started_at), 3),
            items=tally,
            error=None if outcome.error is None else mask(outcome.error),
            user=by or self._user,
            app=self._app,
            broker=self._broker,
        )
        self._kept().append(entry)
        self._write(_as_dict(entry))

    def find(self, finding: Finding) -> None:
        """Note what came of an action that was noted before."""
        for entry in reversed(self._kept()):
            if (entry.action, entry.time) == (finding.action, finding.started_at):
                entry.finding = finding
                break
        self._write({"finding": _as_dict(finding)})

    def _kept(self) -> deque[Entry]:
        if self._entries is None:
            self._entries = deque(self._read(), KEPT)
        return self._entries

    def _read(self) -> deque[Entry]:
        found: deque[Entry] = deque(maxlen=KEPT)
        if self.path is None:
            return found
        for path in (self.path.with_suffix(".jsonl.1"), self.path):
            with contextlib.suppress(OSError), path.open("rb") as file:
                for line in file:
                    _take(found, line)
        return found

    def _write(self, line: dict[str, Any]) -> None:
        if self.path is None:
            return
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                if self.path.stat().st_size > MAX_BYTES:
                    self.path.replace(self.path.with_suffix(".jsonl.1"))
            # One write of a whole line: two sessions may have the file open.
            text = json.dumps(line) + "\n"
            file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(file, text.encode())
            finally:
                os.close(file)
            self.trouble = None
        except OSError as error:
            self.trouble = f"{self.path} cannot be written: {error.strerror}"


def _take(found: deque[Entry], line: bytes) -> None:
    """Add a line's entry to `found`, or its finding to its entry; pass over any other."""
    try:
        read = msgspec.json.decode(line, type=dict[str, Any])
        if isinstance(read.get("finding"), dict):
            finding = msgspec.convert(read["finding"], Finding)
            for entry in reversed(found):
                if (entry.action, entry.time) == (finding.action, finding.started_at):
                    entry.finding = finding
                    break
        else:
            found.append(msgspec.convert(read, Entry))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return


def _as_dict(made: Struct) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(made)
    return {name: value for name, value in told.items() if value is not None}
