"""What any kind of history can be asked, and what any kind of place of one offers."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from celerytui.errors import HistoryError
from celerytui.history.course import Ended, Samples
from celerytui.history.flush import Flush, Gap
from celerytui.history.retries import Retried
from celerytui.history.type_places import TypePlaces
from celerytui.history.type_runs import TypeRuns
from celerytui.model import Mark, Recording, Task
from celerytui.query import Filter
from celerytui.settings import Keeping
from celerytui.store.spans import Span


class StandsBy(HistoryError):
    """Another process records into this history; this one does not, and takes over once it ends."""


class NothingRecorded(HistoryError):
    """There is no history at that place yet."""


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


class Pruned(Struct):
    """What was removed: `removed` parts, `thinned` ones that lost their successes, bytes freed.

    `failed` says what could not be done, and why.
    """

    removed: list[str] = []
    thinned: list[str] = []
    failed: list[str] = []
    freed: int = 0


class Part(Protocol):
    """A part of a history that is removed as a whole: a segment, or a partition.

    `size` is bytes; `first` and `last` are Unix seconds, None without any task.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def first(self) -> float | None: ...
    @property
    def last(self) -> float | None: ...
    @property
    def rows(self) -> int: ...
    @property
    def successes(self) -> int: ...
    @property
    def unfinished(self) -> int: ...


class Report(Struct, frozen=True):
    """What a history holds; times are Unix seconds, `size` is bytes.

    `gaps` are the times of which nothing was recorded, oldest first, and `dropped` how many tasks
    were not while something was. `notes` say what cannot be read.
    """

    segments: Sequence[Part]
    size: int
    gaps: list[Gap]
    dropped: int
    notes: list[str]

    @property
    def rows(self) -> int:
        """How many tasks there are that ended."""
        return sum(one.rows for one in self.segments)

    @property
    def unfinished(self) -> int:
        """How many had not when they were seen last."""
        return sum(one.unfinished for one in self.segments)


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

    def types(self, since: float, until: float, width: int) -> Sequence[TypeRuns]:
        """What the tasks of each name took that ended from `since` to before `until`.

        By slots of `width` seconds, in parts that are added up.
        """
        ...

    def retries(
        self, since: float, until: float, width: int, begin: float, *, unfinished: bool
    ) -> list[Retried]:
        """How often the tasks were retried that ended from `since` to before `until`.

        From `begin` on, by slots of `width` seconds; `unfinished` for those as well that have not
        ended.
        """
        ...

    def places(self, since: float, until: float) -> TypePlaces:
        """Where the tasks of each name ran that ended from `since` to before `until`."""
        ...

    def samples(self, since: float, until: float | None = None) -> Samples:
        """What was read of workers and queues from `since` to before `until`."""
        ...

    def marks(self, since: float) -> list[Mark]:
        """The marks that were set since then."""
        ...

    def interrupt(self) -> None:
        """End a step that runs in another thread; it raises HistoryError there."""
        ...

    def close(self) -> None:
        """Let go of what is open."""
        ...


class Writer(Protocol):
    """Writes a history; for one thread.

    Every method raises HistoryError with what is wrong and where, StandsBy while another process
    writes it, and can be called again later; what it was to write is written then or not at all.
    Times are Unix seconds.
    """

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        ...

    @property
    def resumed(self) -> float | None:
        """Until when another session had written when this one took over; None if there is none."""
        ...

    @property
    def flawed(self) -> int:
        """How many tasks of this session could not be written, because of what is in them."""
        ...

    @property
    def size(self) -> int:
        """The bytes that the history takes."""
        ...

    def open(self, now: float) -> None:
        """Make it writable; does what is still to be done, however often it is called."""
        ...

    def write(self, flush: Flush, now: float) -> int:
        """Write it; gives how many tasks were written as ended."""
        ...

    def pruning(self, now: float) -> Generator[None]:
        """Remove what is not to be kept any longer, in short steps between other work.

        What stays in the way of it is logged.
        """
        ...

    def prune_alone(self, now: float) -> Pruned:
        """Prune without writing anything, where nobody else writes."""
        ...

    def close(self, now: float) -> None:
        """End in order, and let others write."""
        ...


class Importer(Protocol):
    """Brings in what somebody else kept; for one thread.

    Every method raises HistoryError, StandsBy while another process writes the history.
    """

    @property
    def name(self) -> str:
        """The place as it is shown, without passwords."""
        ...

    @property
    def writer(self) -> Writer:
        """What writes it, to be opened first and closed at the end."""
        ...

    def known_tasks(self, task_ids: Sequence[str]) -> Mapping[str, bool]:
        """Those of these tasks that it has, and whether they ended."""
        ...

    def known_workers(self, since: float) -> Mapping[str, float]:
        """When each worker was sampled last, those that were before `since` left out or not."""
        ...

    def write_tasks(self, tasks: Sequence[Task], known: Mapping[str, bool], now: float) -> None:
        """Write tasks, of which it has those in `known`, unfinished."""
        ...


class Place(Protocol):
    """Where a history is, or may be: what its URL names. Nothing is opened or made before it is
    asked for; every method raises HistoryError."""

    @property
    def name(self) -> str:
        """The place as it is shown, without passwords."""
        ...

    def writer(self, app: str, broker: str, keeping: Keeping, started: float) -> Writer:
        """A writer for a session that knows from `started` on what happened."""
        ...

    def importer(self, keeping: Keeping, now: float) -> Importer:
        """What brings in tasks and workers that somebody else kept."""
        ...

    def reader(self) -> History:
        """What was recorded there; raises HistoryError where nothing was."""
        ...

    def recording(self) -> Recording:
        """What was recorded there, to be told again; raises HistoryError where nothing was."""
        ...

    def report(self) -> Report:
        """What the history holds."""
        ...

    def verify(self) -> Iterator[tuple[str, list[str]]]:
        """Read each part through: its name and what is wrong with it, nothing where it is sound."""
        ...

    def rebuild(self) -> Iterator[str]:
        """Make anew what describes the parts; gives what could not be made, in words."""
        ...
