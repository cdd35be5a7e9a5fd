"""How far behind the cluster the receiver is, told by the age of what it receives.

What waits at the broker, in the network and in the socket cannot be seen from here, but it has to
be read in its order: an event that waited comes late by its stamp. Stamps are made by clocks that
may be off by any amount, so an event's age alone says nothing. It is compared with the least age
that events of the same sender ever had, which is that sender's clock and the way to us.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from celerytui.model import Batch

WINDOW = 2.0
"""Seconds in which every look has to find us late; one that does not is proof that we are not."""

JITTER = 5.0
"""Seconds for which a worker may keep an event before it sends it."""

MAX_SENDERS = 10_000

SAMPLES = 16
"""Events of a batch that are looked at."""


class Lag:
    """Looks at some events of each batch; `seconds` is how far behind we are.

    `monotonic` is a clock that nobody sets.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.seconds = 0.0
        self._monotonic = monotonic
        self._ages: dict[str, float] = {}
        self._looks: deque[tuple[float, float]] = deque()
        self.nothing_waits()

    def nothing_waits(self) -> None:
        """Begin anew: nothing came for a while, or the subscription is a new one."""
        self.seconds = 0.0
        self._ages.clear()
        self._looks.clear()
        self._looks.append((self._monotonic(), 0.0))

    def look(self, batch: Batch) -> float | None:
        """Seconds by which the newest event of the batch came late, None where it has none."""
        events = batch.events
        if not events:
            return None
        now = self._monotonic()
        late = None
        # The newest first: it is the one to judge by, if its sender is known. Of the others their
        # senders are learnt, of whom there may be thousands.
        for event in events[:: -(len(events) // SAMPLES + 1)]:
            found = self._late(event.hostname, batch.received_at - event.timestamp, now)
            late = found if late is None else late
        if late is None:
            return self.seconds
        looks = self._looks
        while looks and looks[0][0] < now - WINDOW:
            looks.popleft()
        # A look that a later one undercuts is never the least again: the least stays in front, and
        # a look costs no more in a storm.
        while looks and looks[-1][1] >= late:
            looks.pop()
        looks.append((now, late))
        self.seconds = looks[0][1]
        return self.seconds

    def _late(self, sender: str, age: float, now: float) -> float | None:
        """How much older an event is than its sender's are where nothing waits; None: not known."""
        ages = self._ages
        if sender not in ages:
            if len(ages) >= MAX_SENDERS:
                ages.clear()
            # One that was never heard of is as late as the others are, and proves nothing.
            ages[sender] = age - self.seconds
            return None
        late = age - ages[sender]
        if late < 0:
            ages[sender] = age
            return 0.0
        # Waiting grows no faster than time goes.
        most = max(seconds for _, seconds in self._looks) + now - self._looks[-1][0]
        if late > most + JITTER:
            # A clock that was set, or a worker that sends what it kept while it had no broker.
            ages[sender] = age - self.seconds
            return self.seconds
        return min(late, most)
