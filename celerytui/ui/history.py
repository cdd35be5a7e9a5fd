"""The actions as the log shows them, whether they were done now or in an earlier run."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from celerytui.columns import format_id
from celerytui.control import Scope
from celerytui.control import action as action_of
from celerytui.control.actionlog import Entry as Logged
from celerytui.engine import Engine
from celerytui.errors import UsageError
from celerytui.model import Finding, Item, Outcome, Reply

KEPT = 50
"""Outcomes whose items are kept: each may have thousands."""
WORDS = {"ok": True, "failed": False}
"""How the log counts targets; any other word is not done."""


class Entry(Struct, frozen=True):
    """One action; `targets` are the first of `count`, `tally` counts them by how it went.

    `items` are there only where the action was done in this run.
    """

    key: str
    action: str
    at: float
    ended_at: float
    targets: tuple[str, ...]
    count: int
    params: dict[str, str]
    replies: tuple[Reply, ...]
    items: tuple[Item, ...]
    tally: dict[str, int]
    finding: Finding | None
    error: str | None
    user: str

    @property
    def label(self) -> str:
        """What it is called; its id where this program does not know it."""
        try:
            return action_of(self.action).label
        except UsageError:
            return self.action

    @property
    def scope(self) -> Scope | None:
        """What its targets are."""
        try:
            return action_of(self.action).scope
        except UsageError:
            return None

    def label_of(self, param: str) -> str:
        """What one of its values is called."""
        try:
            found = (one.label for one in action_of(self.action).params if one.name == param)
        except UsageError:
            return param
        return next(found, param)

    @property
    def given(self) -> str:
        """The values that it was given, on one line."""
        return " ".join(text for text in self.params.values() if text)

    def on(self, *, ascii: bool) -> str:
        """Its targets, on one line."""
        if not self.count:
            return ""
        if self.count == 1 and self.targets:
            return format_id(self.targets[0], 40, ascii=ascii)
        noun = f" {self.scope.value}s" if self.scope is not None else ""
        return f"{self.count:,}{noun}"

    @property
    def ok(self) -> bool | None:
        """How it went: None where somebody did not answer, False where anything went wrong."""
        signs = [reply.ok for reply in self.replies]
        signs += [WORDS.get(word) for word, count in self.tally.items() if count]
        if self.finding is not None and self.finding.ok is not None:
            signs.append(self.finding.ok)
        if self.error is not None or False in signs:
            return False
        return True if True in signs and None not in signs else None

    @property
    def summary(self) -> str:
        """What came of it, on one line: what was seen afterwards before what was answered."""
        if self.finding is not None and self.finding.ok is not None and self.error is None:
            return self.finding.text
        if self.error is not None:
            return self.error
        if len(self.items) == 1:
            return self.items[0].text
        if self.tally:
            return ", ".join(f"{count:,} {word}" for word, count in self.tally.items())
        for reply in self.replies:
            if reply.ok is False:
                return f"{reply.worker}: {reply.text}"
        if not self.replies:
            return "no worker answered"
        return _counted([reply.ok for reply in self.replies], self.replies[0].text)

    def concerns(self, hostname: str) -> bool:
        """Whether a worker was asked or answered."""
        return hostname in self.targets or any(one.worker == hostname for one in self.replies)

    def answer_of(self, hostname: str) -> tuple[bool | None, str]:
        """How it went on that worker, and what it said."""
        found = next((one for one in self.replies if one.worker == hostname), None)
        if found is None:
            return None, self.error or "no answer"
        if self.finding is not None and self.finding.ok is False:
            return False, self.finding.text
        return found.ok, found.text


def _counted(signs: Sequence[bool | None], text: str) -> str:
    if len(signs) == 1:
        return text
    good, bad = signs.count(True), signs.count(False)
    words = [f"{good:,} of {len(signs):,} ok"]
    if bad:
        words.append(f"{bad:,} failed")
    if signs.count(None):
        words.append(f"{signs.count(None):,} no answer")
    return ", ".join(words)


class History:
    """The newest actions, with what was seen of them since; those of earlier runs too.

    What the engine's log keeps short, the items of this run's outcomes, is kept here.
    """

    def __init__(self, engine: Engine) -> None:
        self._log = engine.log
        self._items: dict[tuple[str, float], tuple[Item, ...]] = {}
        self._entries: list[Entry] = []

    @property
    def path(self) -> str | None:
        """Where the log is."""
        return None if self._log.path is None else str(self._log.path)

    @property
    def trouble(self) -> str | None:
        """Why it cannot be written."""
        return self._log.trouble

    def add(self, outcome: Outcome) -> None:
        """Take in what an action came to."""
        if outcome.items:
            if len(self._items) >= KEPT:
                del self._items[next(iter(self._items))]
            self._items[outcome.action, outcome.started_at] = outcome.items
        self.load()

    def load(self) -> None:
        """Take what the log has; reads its file the first time, so not on the loop."""
        found = [self._entry(at, logged) for at, logged in enumerate(self._log.entries())]
        self._entries = list(reversed(found))

    def entries(self) -> list[Entry]:
        """All of them, the newest first."""
        return self._entries

    def of(self, outcome: Outcome) -> Entry | None:
        """The entry of an outcome that came in just now."""
        key = (outcome.action, outcome.started_at)
        return next((one for one in self._entries if (one.action, one.at) == key), None)

    def _entry(self, at: int, logged: Logged) -> Entry:
        return Entry(
            key=f"{logged.time} {logged.action} {at}",
            action=logged.action,
            at=logged.time,
            ended_at=logged.time + logged.seconds,
            targets=tuple(logged.targets),
            count=logged.count,
            params=logged.params,
            replies=tuple(logged.replies),
            items=self._items.get((logged.action, logged.time), ()),
            tally=logged.items,
            finding=logged.finding,
            error=logged.error,
            user=logged.user,
        )
