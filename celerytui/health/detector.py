"""What a detector is: one rule that finds what is wrong, from what is known and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from msgspec import Struct

from celerytui.model import (
    Blockage,
    Link,
    LinkState,
    Queue,
    ScheduleReading,
    Severity,
    Worker,
)
from celerytui.store import Summary

Gap = tuple[float, float | None]

_BLIND = frozenset((LinkState.RECONNECTING, LinkState.STOPPED, LinkState.OFFLINE))


class Known(Struct, frozen=True):
    """What there is to judge from, at the time `now`: only to be read.

    `gaps` are the times without a connection, oldest first, the end of a lasting one None;
    `blockage` is why the broker takes no messages, `unasked` why workers can't be asked,
    `schedule` the periodic tasks as they were last read, `unrecorded` why no history can be
    written.
    """

    now: float
    link: Link
    summary: Summary
    workers: Sequence[Worker] = ()
    queues: Sequence[Queue] = ()
    gaps: Sequence[Gap] = ()
    blockage: Blockage | None = None
    unasked: str | None = None
    schedule: ScheduleReading = ScheduleReading()
    unrecorded: str | None = None

    @property
    def blind(self) -> bool:
        """Whether nothing comes in, so that silence and old figures say nothing of the cluster."""
        return self.link.state in _BLIND


class Judgement(Struct, frozen=True):
    """What a judge has against one subject now.

    `since` is when it began, where the judge can know. With `raises` False it is too little to
    raise an alert and enough to keep one: a figure that swings about one threshold would flicker.
    `case` tells one trouble of a subject from the next: another `case` begins a new alert.
    """

    subject: str
    severity: Severity
    text: str
    evidence: dict[str, Any] = {}
    since: float | None = None
    raises: bool = True
    case: float | str | None = None


Judge = Callable[[Known], Iterable[Judgement]]


class Detector(Struct, frozen=True):
    """One rule: `judge` gives at most one judgement a subject, and remembers nothing.

    `id` is the kind of its subjects and what is wrong with them, `queue.growing`. `raise_after` are
    the seconds for which a judgement has to stand before there is an alert, `clear_after` those
    without one before the alert goes. One that is not `always` rests while nothing comes in from
    the cluster, and its alerts stay.
    """

    id: str
    judge: Judge
    raise_after: float = 0.0
    clear_after: float = 0.0
    always: bool = False

    @property
    def kind(self) -> str:
        """What kind of thing its subjects are."""
        return kind_of(self.id)

    def on(self, row: Worker | Queue) -> bool:
        """Whether it has an alert on this worker or queue, as `Health` gave it."""
        return any(alert.id == self.id for alert in row.alerts)


def kind_of(detector_id: str) -> str:
    """What kind of thing the subjects of a detector are: `queue` of `queue.growing`."""
    return detector_id.partition(".")[0]
