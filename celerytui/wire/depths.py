"""What every reader of queue depths has in common: the connection, errors in rows, known names."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from kombu.common import Broadcast
from msgspec import Struct

from celerytui.masking import one_line
from celerytui.model import QueueDepth
from celerytui.wire.own_connection import OwnConnection

RETRY_WITHIN = 1.0
"""Seconds: a connection that took longer to fail is not replaced before the next reading."""
NOT_DECLARED = "not declared"
"""The error of a queue that the broker does not have."""
UNREADABLE = "the broker fails on this name"
"""The error of a queue over whose name the broker ends the connection."""
PAGE = 250
"""As many queues are read at a time, and their figures then shown."""
ABSENT_SECONDS = (5.0, 15.0, 60.0)
"""So long a queue that the broker does not have is not asked for again: it logs each question."""
MAX_REFUSALS = 20
"""... and no more than so many of these in one round."""
LONGEST_NAME = 255
"""Bytes: more is no name of a queue in AMQP."""

logger = logging.getLogger(__name__)


class _Absence(Struct):
    tries: int
    until: float


_NONE = _Absence(0, 0.0)


class DepthReader:
    """Reads how deep queues are, over one connection of its own; for one thread.

    A subclass says how one kind of broker is asked, in `depths`. `guessed` are the queues that
    nobody named and that were not found yet; `refusals_left` is how many more queues that are not
    `expected` may be asked for in this round and not be there.
    """

    def __init__(self, conf: Any, connect: Callable[[], Any]) -> None:
        self._own = OwnConnection(connect)
        self._configured = configured_names(conf)
        self._listed: set[str] = set()
        self._missed: set[str] = set()
        self.guessed: set[str] = set()
        self.expected: set[str] = set()
        self.refusals_left = 0
        self._absences: dict[str, _Absence] = {}

    def depths(self, names: Sequence[str]) -> list[QueueDepth]:
        """Read these queues, or some of them; may raise whatever the broker's client raises."""
        raise NotImplementedError

    def read(self, names: Sequence[str]) -> list[QueueDepth]:
        """A reading of each queue, in the order of `names`; see `pages`."""
        return [depth for page in self.pages(names, names) for depth in page]

    def pages(
        self, names: Sequence[str], expected: Collection[str] = ()
    ) -> Iterator[list[QueueDepth]]:
        """Readings of queues as they come, in the order of `names`, without repeats.

        Left out are a guessed queue until the broker shows that it has it, and for growing pauses
        any that it was found not to have, unless it is `expected`. Raises nothing: what went wrong
        stands in the rows, in one line with passwords masked. The next reading connects again.
        """
        now = time.monotonic()
        self.expected, self.refusals_left = set(expected), MAX_REFUSALS
        wanted = [
            name
            for name in dict.fromkeys(names)
            if name in expected or now >= self._absences.get(name, _NONE).until
        ]
        failed: str | None = None
        # Without a name too: the broker may list some.
        for start in range(0, max(1, len(wanted)), PAGE):
            page = wanted[start : start + PAGE]
            good = [name for name in page if is_name(name)]
            rows = {
                name: QueueDepth(name, error="not a name of a queue")
                for name in page
                if name not in good
            }
            if failed is None:
                found, failed = self._read(good)
            else:
                found = [QueueDepth(name, error=failed) for name in good]
            rows.update({depth.name: depth for depth in found})
            self._note_absences(rows.values(), now)
            guessed = self.guessed & rows.keys()
            absent = {name for name in guessed if not self.has(rows[name])}
            self.guessed -= {name for name in guessed - absent if rows[name].error is None}
            yield [rows[name] for name in page if name in rows and name not in absent]

    def forget_absences(self) -> None:
        """Ask again for every queue that the broker was found not to have."""
        self._absences.clear()

    def has(self, depth: QueueDepth) -> bool:
        """Whether the broker may have a queue whose reading this is."""
        return depth.error != NOT_DECLARED

    def guess(self, name: str) -> None:
        """Nobody named this queue: it is left out until the broker shows that it has it."""
        self.guessed.add(name)

    def named(self, names: Iterable[str]) -> None:
        """These were named by somebody, and are no guess."""
        self.guessed -= set(names)

    def known_names(self) -> set[str]:
        """The queues of the app's configuration and those that the broker listed; never waits."""
        return self._configured | self._listed

    def close(self) -> None:
        """Close the connection; takes under a second whatever the broker does."""
        self._own.close()

    @property
    def connection(self) -> Any:
        """The kombu connection, made on first use."""
        return self._own.connection

    @property
    def channel(self) -> Any:
        """The one channel that queues are read on."""
        return self._own.channel

    def drop_channel(self) -> None:
        """Forget the channel, which the broker closed; the next use opens another."""
        self._own.drop_channel()

    def note_missing(self, what: str, error: Exception) -> None:
        """Log once that a figure cannot be had because a name of the client's library is gone."""
        if what not in self._missed:
            self._missed.add(what)
            logger.warning("%s: %s: %s", what, type(error).__name__, one_line(error))

    def _note_absences(self, depths: Iterable[QueueDepth], now: float) -> None:
        for depth in depths:
            before = self._absences.pop(depth.name, None)
            if depth.error in (NOT_DECLARED, UNREADABLE):
                tries = 0 if before is None else before.tries
                pause = ABSENT_SECONDS[min(tries, len(ABSENT_SECONDS) - 1)]
                self._absences[depth.name] = _Absence(tries + 1, now + pause)

    def _read(self, names: Sequence[str]) -> tuple[list[QueueDepth], str | None]:
        """A reading of each, and why none could be had, where that is so."""
        stale = self._own.connected
        began = time.monotonic()
        try:
            return self.depths(names), None
        except Exception as exc:
            self.close()
            if stale and time.monotonic() - began < RETRY_WITHIN:
                # The broker may have restarted since the last reading, or ended an idle connection.
                return self._read(names)
            error = one_line(exc)
            return [QueueDepth(name, error=error) for name in names], error


def is_name(name: str) -> bool:
    """Whether a queue can have this name at all: names also come from events, so from anybody."""
    try:
        return 0 < len(name.encode()) <= LONGEST_NAME
    except UnicodeEncodeError:
        return False


def configured_names(conf: Any) -> set[str]:
    """The queues that `task_queues`, `task_default_queue` and static `task_routes` name."""
    names = {conf.task_default_queue, *_of_queues(conf.task_queues), *_of_routes(conf.task_routes)}
    return {name for name in names if isinstance(name, str) and is_name(name)}


def _of_queues(queues: Any) -> Iterable[Any]:
    if isinstance(queues, Mapping):
        return list(queues)
    if not isinstance(queues, (list, tuple, set, frozenset)):
        return []
    # The queue of a Broadcast has another random name in each process.
    return [
        queue if isinstance(queue, str) else getattr(queue, "name", None)
        for queue in queues
        if not isinstance(queue, Broadcast)
    ]


def _of_routes(routes: Any) -> Iterator[Any]:
    """The queues in each router that is a dict or a list of pairs; functions are not asked."""
    for router in routes if isinstance(routes, (list, tuple)) else [routes]:
        if isinstance(router, Mapping):
            yield from map(_of_route, router.values())
        elif isinstance(router, (list, tuple)):
            pairs = [pair for pair in router if isinstance(pair, (list, tuple)) and len(pair) == 2]
            yield from (_of_route(route) for _, route in pairs)


def _of_route(route: Any) -> Any:
    queue = route.get("queue") if isinstance(route, Mapping) else route
    return queue if isinstance(queue, str) else getattr(queue, "name", None)
