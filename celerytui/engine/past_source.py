"""What a place that keeps past tasks has to give, and what is asked of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from msgspec import Struct

from celerytui.engine.history_access import HistoryAccess
from celerytui.model import Task
from celerytui.query import Filter


class PastQuestion(Struct, frozen=True):
    """Which past tasks are wanted, as of `now`, and by which app and history."""

    app: Any
    history: HistoryAccess
    filter: Filter
    now: float


class PastPage(Struct, frozen=True):
    """Some tasks that match and have ended, newest first.

    `looked_at` is how many rows or keys it took to find them. `unfinished` ones are left out, since
    workers say what runs; of `flawed` ones not all could be decoded. Everything that was seen last
    at `back_to` or later has been looked at, None where nobody knows. `note` is what could not be
    read.
    """

    tasks: Sequence[Task]
    looked_at: int
    unfinished: int = 0
    flawed: int = 0
    back_to: float | None = None
    note: str | None = None


class PastSource(Protocol):
    """For one thread at a time, but for `interrupt`; every method raises CelerytuiError alone.

    `name` is what people call it, `source` what its tasks have as theirs; `ordered` says whether
    the newest come first, and `looks_at` how much is looked at for one request, None for all there
    is.
    """

    @property
    def name(self) -> str: ...

    @property
    def source(self) -> str: ...

    @property
    def ordered(self) -> bool: ...

    @property
    def looks_at(self) -> int | None: ...

    def pages(self) -> Iterator[PastPage]:
        """What was not given yet, whether it was closed or interrupted meanwhile."""
        ...

    def interrupt(self) -> None:
        """End a step that runs in another thread; an error may come of it there."""
        ...

    def close(self) -> None:
        """Let go of its connections until it is asked again."""
        ...


OpenPast = Callable[[PastQuestion], "PastSource | None"]
"""Opens a source, lazily; None where there is no such place."""
