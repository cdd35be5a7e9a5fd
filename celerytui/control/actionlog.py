"""The action log: who sent which action, with what outcome, as JSON lines in a file."""

from __future__ import annotations

import itertools
import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, structs

from celerytui.columns import format_id
from celerytui.control.action import Scope
from celerytui.control.line_file import LineFile
from celerytui.control.registry import find_action
from celerytui.masking import mask
from celerytui.model import Finding, Item, Outcome, Reply
from celerytui.state_folder import state_path

KEPT = 500
KEPT_ITEMS = 50
"""Entries that keep their items: each may have thousands."""
MAX_BYTES = 5_000_000
TARGETS = 100
"""The number of targets that are listed; their count is always kept."""
ITSELF = "celerytui itself"
"""The user of actions that the monitor sends by itself."""

OK, FAILED, NOT_DONE = "ok", "failed", "not done"
WORDS: dict[bool | None, str] = {True: OK, False: FAILED, None: NOT_DONE}
"""The words by which the log counts targets."""
SIGNS = {OK: True, FAILED: False}


class LogEntry(Struct):
    """One action in the log, with `count` targets, of which `targets` are the first.

    `tally` counts targets by how it went, `finding` is what was seen of the effect later. `number`
    tells entries apart while the program runs, and `items` are there only where the action was done
    in this run and not long ago: neither is in the file.
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
    tally: dict[str, int] = {}
    error: str | None = None
    finding: Finding | None = None
    items: tuple[Item, ...] = ()
    number: int = 0

    @property
    def label(self) -> str:
        """The action's label; its id if this version does not know it."""
        known = find_action(self.action)
        return self.action if known is None else known.label

    @property
    def scope(self) -> Scope | None:
        """The kind of the targets, None if this version does not know the action."""
        known = find_action(self.action)
        return None if known is None else known.scope

    def label_of(self, param: str) -> str:
        """The label of a parameter."""
        known = find_action(self.action)
        params = () if known is None else known.params
        return next((one.label for one in params if one.name == param), param)

    @property
    def given(self) -> str:
        """The values of the parameters, on one line."""
        return " ".join(text for text in self.params.values() if text)

    def on(self, *, ascii: bool) -> str:
        """The targets, on one line."""
        if not self.count:
            return ""
        if self.count == 1 and self.targets:
            return format_id(self.targets[0], 40, ascii=ascii)
        noun = f" {self.scope.noun}s" if self.scope is not None else ""
        return f"{self.count:,}{noun}"

    @property
    def ok(self) -> bool | None:
        """How it went: False if anything failed, None if a reply is missing."""
        signs = [reply.ok for reply in self.replies]
        signs += [SIGNS.get(word) for word, count in self.tally.items() if count]
        if self.finding is not None and self.finding.ok is not None:
            signs.append(self.finding.ok)
        return overall(signs, self.error)

    @property
    def summary(self) -> str:
        """The outcome in one line: the effect seen later, else the replies."""
        if self.error is not None:
            return self.error
        if self.finding is not None and self.finding.ok is not None:
            return self.finding.text
        if len(self.items) == 1:
            return self.items[0].text
        if self.tally:
            return ", ".join(f"{count:,} {word}" for word, count in self.tally.items())
        for reply in self.replies:
            if reply.ok is False:
                return f"{reply.worker}: {reply.text}"
        return _counted(self.replies)

    def concerns(self, hostname: str) -> bool:
        """Whether a worker was a target or replied."""
        return hostname in self.targets or any(one.worker == hostname for one in self.replies)

    def answer_of(self, hostname: str) -> tuple[bool | None, str]:
        """How it went on that worker, and its reply."""
        found = next((one for one in self.replies if one.worker == hostname), None)
        if found is None:
            return None, self.error or "no reply"
        if self.finding is not None and self.finding.ok is False:
            return False, self.finding.text
        return found.ok, found.text


def overall(signs: Iterable[bool | None], error: str | None) -> bool | None:
    """How an action went overall, from how it went for each worker or target.

    False if anything failed, None if no reply came or one is missing.
    """
    found = set(signs)
    if error is not None or False in found:
        return False
    return True if found == {True} else None


def _counted(replies: Sequence[Reply]) -> str:
    """A summary of replies without an error."""
    if not replies:
        return "no worker replied"
    if len(replies) == 1:
        return replies[0].text
    good, silent = (sum(one.ok is sign for one in replies) for sign in (True, None))
    words = f"{good:,} of {len(replies):,} ok"
    return f"{words}, {silent:,} without a reply" if silent else words


def log_path(environ: Mapping[str, str]) -> Path | None:
    """The path of the log; None without a home."""
    return state_path(environ, "actions.jsonl")


class ActionLog(LineFile):
    """Writes entries to the user's own file and keeps the newest; one thread writes.

    Entries are kept in memory too, whether the file can be written or not. `told` is given the line
    of each action and each effect as it is logged.
    """

    def __init__(self, path: Path | None, *, user: str, app: str, broker: str) -> None:
        super().__init__(path)
        if path is None:
            self.trouble = "no home directory for the action log"
        self._user, self._app, self._broker = user, app, mask(broker)
        self._entries: deque[LogEntry] = deque(maxlen=KEPT)
        self._with_items: deque[LogEntry] = deque()
        self._numbers = itertools.count()
        self.told: Callable[[dict[str, Any]], None] | None = None
        self._loading = threading.Lock()
        self._loaded = False

    def load(self) -> None:
        """Read the entries of earlier sessions, once; blocks, so not for an event loop."""
        with self._loading:
            if not self._loaded:
                for line in self._lines():
                    self._take(line)
                self._loaded = True

    def entries(self) -> list[LogEntry]:
        """The newest entries, oldest first; those of earlier sessions after `load`."""
        return list(self._entries)

    def entry_of(self, outcome: Outcome) -> LogEntry | None:
        """The entry of a recorded outcome."""
        return self._find(outcome.action, outcome.started_at)

    def record(self, outcome: Outcome, *, by: str | None = None) -> None:
        """Add an action that was sent or refused; `by` replaces the user."""
        self.load()
        tally: dict[str, int] = {}
        for item in outcome.items:
            tally[WORDS[item.ok]] = tally.get(WORDS[item.ok], 0) + 1
        entry = LogEntry(
            time=outcome.started_at,
            action=outcome.action,
            count=len(outcome.targets),
            targets=list(outcome.targets[:TARGETS]),
            params={name: mask(text) for name, text in outcome.params.items()},
            replies=[Reply(one.worker, one.ok, mask(one.text)) for one in outcome.replies],
            seconds=round(max(0.0, outcome.ended_at - outcome.started_at), 3),
            tally=tally,
            error=None if outcome.error is None else mask(outcome.error),
            user=by or self._user,
            app=self._app,
            broker=self._broker,
            items=outcome.items,
            number=next(self._numbers),
        )
        self._entries.append(entry)
        if entry.items:
            self._with_items.append(entry)
            if len(self._with_items) > KEPT_ITEMS:
                self._with_items.popleft().items = ()
        self._write(log_line(entry))
        self._tell(told_line(entry))

    def find(self, finding: Finding) -> None:
        """Add the effect of an action to its entry."""
        self.load()
        self._attach(finding)
        line = {"finding": _as_dict(finding)}
        self._write(line)
        self._tell(line)

    def told_lines(self, app: str) -> Iterator[dict[str, Any]]:
        """The lines of the entries of an app and of their effects, the oldest first."""
        for entry in self.entries():
            if entry.app == app:
                yield told_line(entry)
                if entry.finding is not None:
                    yield {"finding": _as_dict(entry.finding)}

    def take_told(self, line: dict[str, Any]) -> None:
        """Take a line that another log told; one that is here already is passed over."""
        known = self._find(str(line.get("action")), line.get("time", 0.0))
        if known is None or "finding" in line:
            self._take_read(line)

    def forget(self) -> None:
        """Have no entries any more; the file stays as it is."""
        self._entries.clear()
        self._with_items.clear()

    def _tell(self, line: dict[str, Any]) -> None:
        if self.told is not None:
            self.told(line)

    def _find(self, action: str, time: float) -> LogEntry | None:
        for entry in reversed(self.entries()):
            if (entry.action, entry.time) == (action, time):
                return entry
        return None

    def _attach(self, finding: Finding) -> None:
        entry = self._find(finding.action, finding.started_at)
        if entry is not None:
            entry.finding = finding

    def _take(self, line: bytes) -> None:
        """Add a line's entry, or its finding to its entry; skip any other line."""
        try:
            self._take_read(msgspec.json.decode(line, type=dict[str, Any]))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return

    def _take_read(self, read: dict[str, Any]) -> None:
        try:
            if isinstance(read.get("finding"), dict):
                self._attach(msgspec.convert(read["finding"], Finding))
            else:
                self._entries.append(_from_line(read, next(self._numbers)))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return

    def _write(self, line: dict[str, Any]) -> None:
        self._append(json.dumps(line) + "\n", MAX_BYTES)


def log_line(entry: LogEntry) -> dict[str, Any]:
    """An entry as in the file, where the tally is called "items": plain values."""
    line = _as_dict(structs.replace(entry, items=()))
    del line["number"]
    line["items"] = line.pop("tally")
    return line


def told_line(entry: LogEntry) -> dict[str, Any]:
    """An entry to be told to another log: without its effect, with its first items."""
    line = log_line(structs.replace(entry, finding=None))
    if entry.items:
        line["each"] = [_as_dict(item) for item in entry.items[:TARGETS]]
    return line


def _from_line(line: dict[str, Any], number: int) -> LogEntry:
    """The entry of a line; raises msgspec's errors for any other line."""
    items = line.get("each", ())
    own = {"tally": line.get("items", {}), "items": items, "number": number}
    return msgspec.convert(line | own, LogEntry)


def _as_dict(made: Struct) -> dict[str, Any]:
    line: dict[str, Any] = msgspec.to_builtins(made)
    return {name: value for name, value in line.items() if value is not None}
