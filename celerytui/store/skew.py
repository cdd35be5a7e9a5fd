"""By how much the clocks of the senders differ from ours, measured on what they send.

A stamp that comes in is its sender's clock as it was some time ago: that clock is ahead of ours by
the stamp less the time of receipt, or by more, for what it took to get here. So the highest figure
of a while is the best one, and a single message that was held up moves nothing.
"""

from __future__ import annotations

from celerytui.model import CLOCKS_AGREE

KEPT_SECONDS = 30.0
"""For how long a figure counts, at least; twice that at the most."""

BEHIND_SECONDS = 0.5
"""Lag from which on what comes in says nothing of the clocks, since it had to wait for us."""

STEP = 0.1
"""Changes of a clock that are not worth another figure."""

MAX_HOSTS = 10_000

UNKNOWN = float("nan")
"""The shift of a clock that nothing is known of."""


class Skew:
    """Seconds that one sender's clock is `ahead` of ours, None while nothing says so.

    `shift` is the same as far as it has to be reckoned with: None where the clocks agree, and one
    figure as long as little changes, so that many tasks share it.
    """

    __slots__ = ("_before", "_best", "_since", "ahead", "shift")

    def __init__(self) -> None:
        self.ahead: float | None = None
        self.shift: float | None = None
        self._best: float | None = None
        self._before: float | None = None
        self._since = 0.0

    def theirs(self, moment: float) -> float:
        """What the sender's clock shows at a moment of ours."""
        return moment + (self.shift or 0.0)

    def take(self, stamp: float, now: float) -> None:
        """Take what the sender stamped with `stamp` and came in at `now`, by our clock."""
        found = stamp - now
        if now - self._since >= KEPT_SECONDS:
            lasts = now - self._since < 2 * KEPT_SECONDS
            self._before = self._best if lasts else None
            self._best, self._since = None, now
        if self._best is None or found > self._best:
            self._best = found
        before = self._before
        ahead = self._best if before is None or before < self._best else before
        if ahead != self.ahead:
            self.ahead = ahead
            self._settle(ahead)

    def _settle(self, ahead: float) -> None:
        if abs(ahead) < CLOCKS_AGREE:
            self.shift = None
        elif self.shift is None or abs(ahead - self.shift) > STEP:
            self.shift = ahead


class ClientClocks:
    """The clocks of the hosts whose clients send task-sent."""

    def __init__(self) -> None:
        self._hosts: dict[str, Skew] = {}
        self._clients: dict[str, Skew] = {}

    def take(self, client: str, stamp: float, now: float) -> None:
        """Take the stamp of a task-sent of the client, which is `gen1@host`."""
        skew = self._clients.get(client)
        if skew is None:
            host = client.rpartition("@")[2]
            if len(self._clients) >= MAX_HOSTS:
                self._hosts.clear()
                self._clients.clear()
            skew = self._clients[client] = self._hosts.setdefault(host, Skew())
        skew.take(stamp, now)

    def shift(self, client: str) -> float | None:
        """Seconds that the client's clock is ahead of ours, None where they agree, NaN: unknown."""
        skew = self.of(client)
        return UNKNOWN if skew is None else skew.shift

    def of(self, client: str | None) -> Skew | None:
        """What is known of the client's clock, None for nothing."""
        if client is None:
            return None
        return self._clients.get(client) or self._hosts.get(client.rpartition("@")[2])
