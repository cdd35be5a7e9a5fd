"""A connection to PostgreSQL that never waits for long."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Mapping
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.waiting import Ready, Wait

from celerytui.errors import HistoryError
from celerytui.history.postgres.trouble import explain

CONNECT_SECONDS = 3
LEAST_VERSION = 130000
LOOKS_SECONDS = 0.05
"""How often a connection that waits looks at the clock, and whether it was interrupted."""
MARGIN_SECONDS = 3.0
"""What a server gets beyond its own time limit until it is taken for gone."""
Made = TypeVar("Made")

_EVENTS = {
    Wait.R: select.POLLIN,
    Wait.W: select.POLLOUT,
    Wait.RW: select.POLLIN | select.POLLOUT,
}

_EVERYWHERE: Mapping[str, str] = {
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    "lock_timeout": "2s",
    "idle_in_transaction_session_timeout": "30s",
    # A server that does not see its client go keeps the lock of those who write.
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "7000",
}


class Interrupted(HistoryError):
    """Another thread ended what this one waited for."""


class Link(psycopg.Connection[Any]):
    """For one thread; `interrupt` may come from any. `limit` bounds each wait, in seconds."""

    limit = 10.0
    _interrupted = False

    def interrupt(self) -> None:
        """End what is waited for, which raises Interrupted there; this does not wait."""
        self._interrupted = True

    def begin(self) -> None:
        """Forget an interrupt that came while nothing was waited for."""
        self._interrupted = False

    def wait(
        self, gen: PQGen[Made], interval: float = LOOKS_SECONDS, timeout: float | None = None
    ) -> Made:
        """As psycopg's, within the limit; the connection is closed where it was not enough.

        Psycopg's own wait is no use: in some versions nothing is heard of it before the server.
        """
        try:
            return self._wait(gen, time.monotonic() + self.limit)
        except (Interrupted, psycopg.errors.ConnectionTimeout):
            self.pgconn.finish()
            raise

    def _wait(self, gen: PQGen[Made], end: float) -> Made:
        socket, poll = self.pgconn.socket, select.poll()
        try:
            poll.register(socket, _EVENTS[next(gen)])
            while True:
                found = poll.poll(LOOKS_SECONDS * 1000)
                if self._interrupted:
                    raise Interrupted("the search was interrupted")
                if not found:
                    if time.monotonic() > end:
                        raise psycopg.errors.ConnectionTimeout("the server does not reply")
                    continue
                event = found[0][1]
                ready = Ready.R if event & ~select.POLLOUT else 0
                ready |= Ready.W if event & ~select.POLLIN else 0
                poll.modify(socket, _EVENTS[gen.send(ready)])
        except StopIteration as done:
            value: Made = done.value
            return value


def connect(conninfo: str, where: str, settings: Mapping[str, str], seconds: float) -> Link:
    """A connection on which no statement takes longer than `seconds`; raises HistoryError.

    `settings` are the session's own. `where` is the place as messages name it.
    """
    try:
        link = Link.connect(
            conninfo,
            autocommit=True,
            prepare_threshold=None,
            connect_timeout=CONNECT_SECONDS,
            client_encoding="utf8",
            application_name="celerytui",
        )
    except (psycopg.Error, ValueError) as error:
        raise HistoryError(explain(error, where)) from error
    link.limit = seconds + MARGIN_SECONDS
    try:
        _prepare(link, where, settings, seconds)
    except psycopg.Error as error:
        link.close()
        raise HistoryError(explain(error, where)) from error
    except HistoryError:
        link.close()
        raise
    return link


def _prepare(link: Link, where: str, settings: Mapping[str, str], seconds: float) -> None:
    version = link.info.server_version
    if version < LEAST_VERSION:
        raise HistoryError(
            f"history in {where} needs PostgreSQL 13 or newer, and this is {version // 10000}"
        )
    encoding = link.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise HistoryError(
            f"history in {where}: the database's encoding is {encoding}; create one with UTF8"
        )
    chosen = {**_EVERYWHERE, **settings, "statement_timeout": f"{seconds:.0f}s"}
    calls = ", ".join(["set_config(%s, %s, false)"] * len(chosen))
    link.execute(f"SELECT {calls}", [text for one in chosen.items() for text in one])
    # Ends statements whose client is gone, and with them its locks; not every system has it.
    with contextlib.suppress(psycopg.errors.DatabaseError):
        link.execute("SET client_connection_check_interval = '1s'")
