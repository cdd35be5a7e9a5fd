"""What a type of task takes: the figures of the tasks of one name over a window."""

from __future__ import annotations

from msgspec import Struct

from celerytui.model.tasks import TaskState


class Quantiles(Struct, frozen=True):
    """Of `count` durations in seconds; a quantile is None where there are too few to have one."""

    count: int = 0
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None
    max: float | None = None


class TypeFigures(Struct, frozen=True, kw_only=True):
    """The runs of the tasks of one name that ended in a window.

    `states` counts them by TaskState, `per_second` those that succeeded or failed. `share` is the
    part of all run time of the cluster, `failure_rate` that of the succeeded and failed ones,
    None where there are none. `runtime` is of those that succeeded, `failed_runtime` of those that
    failed. `trend` counts succeeded and failed ones slice by slice, oldest first, None where
    nobody was watching. `others` is of how many names it is, None for one that has its own row.
    """

    name: str
    states: tuple[int, ...]
    per_second: float | None
    share: float | None
    failure_rate: float | None
    runtime: Quantiles
    failed_runtime: Quantiles
    wait: Quantiles
    trend: tuple[int | None, ...]
    last_seen: float
    others: int | None = None

    @property
    def succeeded(self) -> int:
        """How many succeeded."""
        return self.states[TaskState.SUCCESS]

    @property
    def failed(self) -> int:
        """How many failed."""
        return self.states[TaskState.FAILURE]

    @property
    def retries(self) -> int:
        """How many runs ended in a retry."""
        return self.states[TaskState.RETRY]

    @property
    def runs(self) -> int:
        """How many ended, in whatever state."""
        return sum(self.states)


class TypePlace(Struct, frozen=True):
    """A worker that ran tasks of a type, and the queue they came from, as far back as is known."""

    worker: str | None
    queue: str | None
    succeeded: int
    failed: int
    last_seen: float


class TypeDetail(Struct, frozen=True):
    """One type whole: its figures, and by bucket how many runs took so long, and waited so long.

    The buckets are (seconds, number), shortest first. `runtimes` and `waits` are the quantiles
    of the slices from the first run on, oldest first, None where there was none. `places` has the
    busiest first.
    """

    figures: TypeFigures
    runtime_buckets: tuple[tuple[float, int], ...]
    wait_buckets: tuple[tuple[float, int], ...]
    runtimes: tuple[Quantiles | None, ...]
    waits: tuple[Quantiles | None, ...]
    places: tuple[TypePlace, ...]
