"""What can be wrong with a queue."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.counts import counted
from celerytui.health.detector import Detector, Judgement, Known
from celerytui.model import Queue

GROWS = 0.1
"""Messages a second: six more a minute is where growth begins to be news."""
GROWS_STILL = 0.05
"""Below, it has stopped: the figure of a queue that stands still swings about zero."""


def never_drains(queue: Queue) -> bool:
    """Whether it will not be empty, ever, at the pace of now."""
    return queue.growth is not None and queue.growth > 0 and bool(queue.ready)


def _growing(known: Known) -> Iterator[Judgement]:
    for queue in known.queues:
        growth, ready = queue.growth, queue.ready
        if growth is None or growth < GROWS_STILL or not ready:
            continue
        # What nobody takes from grows as well, and what is wrong there is that.
        if queue.error is None and queue.consumed is not False:
            waits = counted(ready, "is", "are")
            yield Judgement(
                queue.name,
                "warning",
                f"It grows by {growth:.1f}/s; {waits} waiting",
                {"growth": growth, "ready": ready},
                raises=growth >= GROWS,
            )


def _unconsumed(known: Known) -> Iterator[Judgement]:
    for queue in known.queues:
        if queue.consumed is False:
            count = counted(queue.ready or 0, "message is", "messages are")
            waits = f"; {count} waiting" if queue.ready else ""
            yield Judgement(
                queue.name,
                "critical",
                f"No worker consumes it{waits}",
                {"ready": queue.ready, "consumers": queue.consumers},
            )


GROWING = Detector("queue.growing", _growing)
UNCONSUMED = Detector("queue.unconsumed", _unconsumed)
