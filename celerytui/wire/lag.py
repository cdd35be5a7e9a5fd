"""How far behind the cluster the receiver is, measured by the age of what it receives.

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
"""Seconds for which every look has to find us late; one that does not is proof that we are not."""

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
        # Since when no look has found less than so much; both grow from front to back.
        self._looks: deque[tuple[float, float]] = deque()
        # What was sent before this has been read, by our clock: no more can wait than came since.
        self._read_until = 0.0

    def nothing_waits(self) -> None:
        """Begin anew: nothing came for a while, or the subscription is a new one."""
        self.seconds = 0.0
        self._ages.clear()
        self._looks.clear()

    def look(self, batch: Batch) -> float | None:
        """Seconds by which the newest event of the batch came late, None where it has none."""
        events = batch.events
        if not events:
            return None
        now = self._monotonic()
        looks = self._looks
        if not looks:
            # The first event is the measure of those that follow, whatever it had waited itself.
            self._read_until = now
            looks.append((now, 0.0))
        late = None
        # The newest first: it is the one to judge by, if its sender is known. Of the others their
        # senders are learnt, of whom there may be thousands.
        for event in events[:: -(len(events) // SAMPLES + 1)]:
            found = self._late(event.hostname, batch.received_at - event.timestamp, now)
            late = found if late is None else late
        if late is None:
            return self.seconds
        self._read_until = max(self._read_until, now - late)
        since = now
        while looks and looks[-1][1] >= late:
            since, _ = looks.pop()
        looks.append((since, late))
        # One late event proves nothing: what is claimed has to have been found for a whole window.
        while len(looks) > 1 and looks[1][0] <= now - WINDOW:
            looks.popleft()
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
        most = now - self._read_until
        if late > most + JITTER:
            # A clock that was set, or a worker that sends what it kept while it had no broker.
            ages[sender] = age - self.seconds
            return self.seconds
        return min(late, most)
