"""How many events a second a recorder writes, and how soon what was recorded is on the screen.

Usage: python -m benchmarks.history [--on sqlite postgresql] [--seconds N] [--rate N] [--tasks N]
                                    [--folder PATH]

Recording is the process of `celerytui record` on a Redis, to which the stream of `benchmarks.store`
is published at that rate, 24 events a message; counted is what is in the history after SIGTERM.
`cpu` is that of the recorder and of Redis, of one core. PostgreSQL gets half the rate, and is
a server of the benchmark's own.

Reading is a history of so many tasks of 200 names, of which 93 % succeeded: up to 2,000,000 are
written by the writer, and each further file is a copy of that one, moved back by a day; in
PostgreSQL the writer writes 400,000, and each further day is a copy of them. `first` is
until there are 50 rows, or all have been looked through where there are fewer; all files are opened
anew each time.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psycopg
from celery import Celery

from benchmarks.publishers import NAMES, first_body, publisher_to
from benchmarks.serving import redis, running
from benchmarks.store import lives
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.history import History, Writer
from celerytui.history.place import only_place, place_of
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.schema import COLUMNS, add_day, day_of
from celerytui.history.report import rebuild
from celerytui.history.writer import MOST_ROWS, HistoryWriter
from celerytui.model import OWN_ROOT, Task, TaskExtra, TaskState
from celerytui.query import parse_filter
from celerytui.settings import DEFAULTS
from tests.integration.databases import PostgresServer

EVENTS_A_MESSAGE = 24
PACE_SECONDS = 0.02
AT_ONCE = 5_000
A_DAY = 400_000
KINDS = ("sqlite", "postgresql")
DAY = 86_400.0
NEVER_FAILS = 199
"""The number of the one type that always succeeds."""
QUERIES = (
    "",
    "state:failure",
    "name:proj.tasks.job7",
    "-state:success",
    "runtime:>10 name:proj.tasks.job7",
    "runtime:>10",
    "name:proj.* state:failure",
    "name:proj.tasks.job7 state:failure",
    "name:proj.tasks.job199 state:failure",
    "worker:w3@host state:revoked",
    "id:{id}",
    "exception:KeyError",
    "args:nothing-has-this",
)


def stream(events: int, rate: int, begin: float) -> Iterator[bytes]:
    """The events as message bodies, stamped as they are sent."""
    found = islice(lives(events // 3 + 1, NAMES), events)
    for first in range(0, events, EVENTS_A_MESSAGE):
        chunk = list(islice(found, EVENTS_A_MESSAGE))
        for number, event in enumerate(chunk, first):
            event["timestamp"] = begin + number / rate
        yield json.dumps(chunk).encode()


def recorded(options: list[str], events: int, rate: int) -> str:
    """Record a stream at that rate with these options of `record`; how it went, in lines."""
    with tempfile.TemporaryDirectory() as place, running(redis(Path(place))) as server:
        url = server.fresh_url()
        app = Celery("bench", broker=url, set_as_current=False)
        args = ["-b", url, "record", *options]
        recorder = subprocess.Popen(
            [sys.executable, "-m", "celerytui", *args], stderr=subprocess.PIPE, text=True
        )
        publisher = publisher_to(app)
        publisher.send([])
        while recorder.poll() is None and not _heard(publisher):
            time.sleep(0.05)
        found = list(stream(events, rate, time.time() + events * 8e-6))
        began = time.monotonic()
        a_turn = max(1, round(rate * PACE_SECONDS / EVENTS_A_MESSAGE))
        for turn, first in enumerate(range(0, len(found), a_turn)):
            publisher.send(found[first : first + a_turn])
            ahead = began + turn * a_turn * EVENTS_A_MESSAGE / rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
        took = time.monotonic() - began
        publisher.close()
        time.sleep(2.0)
        recorder.send_signal(signal.SIGTERM)
        _, said = recorder.communicate()
    usage = os.times()
    cpu = usage.children_user + usage.children_system
    return "\n".join(
        (
            f"published {events:,} events in {took:.1f} s: {events / took:,.0f} a second",
            f"recorder  {said.strip().splitlines()[-1].partition('INFO ')[2]}",
            f"cpu       {cpu / took:.0%} of a core, the broker's included",
        )
    )


def record(url: str, seconds: int, rate: int) -> None:
    """Record a stream at that rate, and print what became of it."""
    events = seconds * rate
    print(recorded(["--history", url], events, rate))
    report = only_place(url, os.environ).report()
    rows, size = report.rows + report.unfinished, report.size
    print(f"recorded  {rows:,} of {events // 3:,} tasks, {size / max(1, rows):.0f} bytes each")


def _heard(publisher: object) -> bool:
    return bool(publisher._send([first_body()]))  # type: ignore[attr-defined]  # a proxy of Redis, which has it


def fill(folder: Path, tasks: int) -> None:
    """Write so many tasks, the newest ended now."""
    rows, now = min(tasks, MOST_ROWS), time.time()
    writer = HistoryWriter(Folder(folder), "bench", "redis://h", DEFAULTS.keeping, now - 2 * DAY)
    took = write(writer, rows, now, DAY)
    (whole,) = Folder(folder).segments()
    each = f"{whole.size / rows:.0f} bytes each"
    print(f"written   {rows:,} tasks, {rows / took:,.0f} a CPU second, {each}", flush=True)
    for number in range(1, -(-tasks // rows)):
        day = time.strftime("%Y-%m-%d", time.gmtime(now - number * DAY))
        copy = shutil.copy(whole.path, folder / f"{day}.1.db")
        with contextlib.closing(sqlite3.connect(copy)) as connection, connection:
            named = connection.execute(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql LIKE '%seen%'"
            ).fetchall()
            for name, _ in named:
                connection.execute(f"DROP INDEX {name}")
            connection.execute("UPDATE tasks SET seen = seen - ?", (number * DAY,))
            for _, sql in named:
                connection.execute(sql)
    rebuild(Folder(folder))  # as a recorder does with each file that is finished


def write(writer: Writer, rows: int, now: float, span: float) -> float:
    """Write so many tasks that ended in the time before now; gives the processor time it took."""
    began = time.process_time()
    for first in range(0, rows, AT_ONCE):
        count = min(AT_ONCE, rows - first)
        made = [_task(now - (rows - first - one) * span / rows) for one in range(count)]
        writer.write(Flush(tasks=made), now)
    writer.close(now)
    return time.process_time() - began


def fill_postgres(url: str, tasks: int) -> None:
    """Write so many tasks, the newest ended now."""
    now, rows = time.time(), min(tasks, A_DAY)
    days = -(-tasks // rows)
    place = place_of(url, "bench", "redis://h", os.environ)
    writer = place.writer("bench", "redis://h", DEFAULTS.keeping, now - (days + 1) * DAY)
    began = time.monotonic()
    cpu = write(writer, rows, now, DAY)
    took, size = time.monotonic() - began, place.report().size
    each = f"{size / rows:.0f} bytes each"
    print(f"written   {rows:,} tasks, {rows / took:,.0f} a second, {rows / cpu:,.0f} a CPU second"
          f" without the server's, {each}", flush=True)  # fmt: skip
    with PostgresPlace(url, None).connect({}, 3600.0) as link:
        for number in range(1, days):
            _copy_day(link, number, now)
        link.execute("ANALYZE tasks")  # as the server does by itself in the end


def _copy_day(link: Link, number: int, now: float) -> None:
    """Copy the tasks of the last day, moved back by so many days, under other ids."""
    for root in ("tasks_success", "tasks_other"):
        for at in (now - DAY, now):
            with contextlib.suppress(psycopg.errors.DuplicateTable):
                add_day(link, root, day_of(at - number * DAY))
    moved = {"task": "uuid_send(gen_random_uuid())", "seen": f"seen - {number * DAY}"}
    columns = ", ".join(COLUMNS)
    chosen = ", ".join(moved.get(name, name) for name in COLUMNS)
    copied = f"SELECT {chosen} FROM tasks WHERE seen >= %s ORDER BY seen"
    link.execute(f"INSERT INTO tasks ({columns}) {copied}".encode(), (now - DAY,))


_random = random.Random(1)


def _task(at: float) -> Task:
    chance, runtime = _random.random(), _random.expovariate(0.7)
    state = TaskState.SUCCESS if chance < 0.93 else TaskState.FAILURE
    state = TaskState.REVOKED if chance > 0.995 else state
    kind = _random.randrange(200)
    state = TaskState.SUCCESS if kind == NEVER_FAILS else state
    task = Task(str(uuid.UUID(int=_random.getrandbits(128), version=4)), 1, state)
    task.name = f"proj.tasks.job{kind}"
    task.worker, task.queue = f"w{_random.randrange(20)}@host", f"queue{_random.randrange(5)}"
    task.args = f"({_random.randrange(10**6)}, 'customer-{_random.randrange(10**5)}')"
    task.kwargs = f"{{'currency': 'EUR', 'amount': {_random.random():.3f}}}"
    task.sent, task.received, task.started = at - runtime - 0.5, at - runtime - 0.2, at - runtime
    task.finished = task.seen = at
    task.runtime, task.retries, task.lineage = runtime, 0, OWN_ROOT
    if state is TaskState.FAILURE:
        exception = f"{_random.choice(('ValueError', 'TimeoutError'))}('no answer')"
        trace = f"Traceback (most recent call last):\n  line {_random.randrange(50)}\n{exception}"
        task.extra = TaskExtra(exception=exception, traceback=trace)
    else:
        task.result = "{'ok': True}"
    return task


def read(url: str) -> None:
    """Print how soon each query has its first rows."""
    place = only_place(url, os.environ)
    history, rows = place.reader(), place.report().rows
    (newest,) = islice(_found(history, "state:failure", 1), 1)
    print(f"reading {rows:,} tasks                 first       cpu     looked at   found")
    for query in QUERIES:
        text = query.format(id=newest.id)
        began, cpu = time.monotonic(), time.process_time()
        count = looked_at = 0
        for step in history.search(parse_filter(text), time.time()):
            count, looked_at = count + len(step.tasks), step.looked_at
            if count >= 50:
                break
        took, cpu = time.monotonic() - began, time.process_time() - cpu
        shown = query if len(query) < 36 else query[:35]
        times = f"{took * 1e3:6,.0f} ms {cpu * 1e3:6,.0f} ms"
        print(f"{shown or '(all)':36} {times} {looked_at:12,} {min(50, count):5}", flush=True)


def _found(history: History, text: str, count: int) -> Iterator[Task]:
    steps = history.search(parse_filter(text), time.time())
    yield from islice((task for step in steps for task in step.tasks), count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="0 records nothing")
    parser.add_argument("--on", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--rate", type=int, default=20_000)
    parser.add_argument("--tasks", type=int, default=10_000_000, help="0 reads nothing")
    parser.add_argument("--folder", type=Path, help="a history of tasks that is there, or is kept")
    options = parser.parse_args()
    for kind in options.on:
        print(kind)
        with tempfile.TemporaryDirectory() as place:
            if kind == "sqlite":
                on_sqlite(Path(place), options)
            else:
                on_postgres(Path(place), options)


def on_sqlite(place: Path, options: argparse.Namespace) -> None:
    """Record into and read from files."""
    if options.seconds:
        record(f"sqlite:///{place}/recorded", options.seconds, options.rate)
    if options.tasks:
        folder = options.folder or place / "filled"
        if not folder.exists():
            fill(folder, options.tasks)
        read(f"sqlite:///{folder}")


def on_postgres(place: Path, options: argparse.Namespace) -> None:
    """Record into and read from a server."""
    with running(PostgresServer(place)) as server:
        if options.seconds:
            record(server.fresh_url(), options.seconds, options.rate // 2)
        if options.tasks:
            url = server.fresh_url()
            fill_postgres(url, options.tasks)
            read(url)


if __name__ == "__main__":
    main()
