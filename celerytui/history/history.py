"""What any kind of history can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from celerytui.history.course import Ended, Samples, Span
from celerytui.model import Task
from celerytui.query import Filter


class Found(Struct, frozen=True):
    """What one step of a search brought: the tasks that match, newest first.

    Everything that was seen last at `back_to` or later has been looked at (None: nothing yet), in
    all `looked_at` of `rows` rows.
    """

    tasks: Sequence[Task]
    back_to: float | None
    looked_at: int
    rows: int


class Origin(Struct, frozen=True):
    """Of which app and broker a history is, and up to `until` when; None where it is empty."""

    app: str
    broker: str
    until: float | None


class History(Protocol):
    """Recorded tasks; for one thread at a time, but for `interrupt`.

    Times are Unix seconds. Every method raises HistoryError where the history cannot be read.
    """

    @property
    def notes(self) -> Sequence[str]:
        """What could not be read, in words."""
        ...

    def origin(self) -> Origin:
        """Whose history it is, as who recorded last said."""
        ...

    def search(
        self,
        wanted: Filter,
        now: float,
        *,
        since: float | None = None,
        until: float | None = None,
    ) -> Iterator[Found]:
        """The tasks that match, in steps of some 50 ms: unfinished ones, then the newest first.

        Of a task with several records the newest counts. `since` and `until` bound when a task was
        seen last; one that has not ended is found whatever `since`, for nobody saw it end.
        """
        ...

    def task(self, task_id: str) -> Task | None:
        """The newest record of a task, None without any."""
        ...

    def recorded(self, since: float) -> list[Span]:
        """The times since then of which everything was recorded, oldest first."""
        ...

    def ended(self, since: float, until: float, width: int) -> list[Ended]:
        """How many tasks ended from `since` to before `until`, in slots of `width` seconds."""
        ...

    def samples(self, since: float) -> Samples:
        """What was read of workers and queues since then."""
        ...

    def interrupt(self) -> None:
        """End a step that runs in another thread; it raises HistoryError there."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...
