"""The statements that write: rows by COPY into a stage, and from there to where they belong."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from datetime import timedelta

import psycopg

from celerytui.history.beside import rows_beside
from celerytui.history.flush import Flush
from celerytui.history.postgres.link import Link
from celerytui.history.postgres.rows import NAME, SEEN, STATE, Words, earliest
from celerytui.history.postgres.schema import COLUMNS, DAILY, DAY, TYPES, day_of
from celerytui.history.redaction import Redaction
from celerytui.history.rows import Row, pack
from celerytui.history.schema import SUCCESS

WINDOW_DAYS = 1
"""Of a task that is written again, older records are looked for in so many days before today; where
it says that it is older itself, in all."""

_ALL = ", ".join(COLUMNS)
_COPY = f"COPY stage ({_ALL}) FROM STDIN (FORMAT BINARY)"
_COPY_TYPES = [TYPES[name] for name in COLUMNS]
_STAGE = (
    f"CREATE TEMP TABLE IF NOT EXISTS stage ({', '.join(f'{n} {t}' for n, t in TYPES.items())})"
    " ON COMMIT DELETE ROWS"
)
_KEPT = ("name", "worker", "queue", "args", "kwargs", "retries", "sent", "received", "started",
         "root", "parent")  # fmt: skip
_FILL = (
    f"UPDATE stage SET {', '.join(f'{name} = coalesce(stage.{name}, o.{name})' for name in _KEPT)},"
    " own_root = greatest(stage.own_root, o.own_root)"
    " FROM {} o WHERE stage.name IS NULL AND o.task = stage.task"
)
_OVERTAKEN = (
    f"DELETE FROM stage USING tasks t WHERE stage.state < {SUCCESS} AND t.task = stage.task"
    " AND t.seen > stage.seen AND t.seen >= %s"
)
_AGAIN = "DELETE FROM tasks t USING stage WHERE t.task = stage.task AND t.seen >= %s"
_LONG_AGO = (
    "DELETE FROM tasks t USING stage WHERE t.task = stage.task AND t.seen < %s"
    " AND least(stage.sent, stage.received, stage.started) < %s"
)
_CLOSE = f"DELETE FROM open USING stage WHERE open.task = stage.task AND stage.state >= {SUCCESS}"
_INSERT = f"INSERT INTO tasks ({_ALL}) SELECT {_ALL} FROM stage WHERE state >= {SUCCESS}"
_OPEN = (
    f"INSERT INTO open ({_ALL}) SELECT {_ALL} FROM stage WHERE state < {SUCCESS}"
    f" ON CONFLICT (task) DO UPDATE SET ({_ALL}) = ROW"
    f" ({', '.join(f'EXCLUDED.{name}' for name in COLUMNS)})"
)
_WORDS = (
    "INSERT INTO words SELECT * FROM unnest(%s::int8[], %s::int2[], %s::text[], %s::float8[])"
    " ON CONFLICT (id) DO UPDATE SET used = EXCLUDED.used WHERE words.used < EXCLUDED.used - 3600"
)
_TRACEBACKS = (
    "INSERT INTO tracebacks SELECT * FROM unnest(%s::int8[], %s::bytea[], %s::float8[])"
    " ON CONFLICT (id) DO UPDATE SET used = EXCLUDED.used"
    " WHERE tracebacks.used < EXCLUDED.used - 3600"
)


def make_stage(link: Link) -> None:
    """Make the table that rows are copied into, which is this session's alone."""
    link.execute(_STAGE.encode())


def save_tasks(link: Link, rows: Sequence[Row], now: float) -> int:
    """Write rows of tasks, one each; gives how many were written as ended.

    An older record of the same task goes, and with it what had not ended of it: what is written
    last counts. What the new one does not know is taken from there.
    """
    if not rows:
        return 0
    window = (day_of(now) - timedelta(days=WINDOW_DAYS)).timestamp()
    with link.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
        copy.set_types(_COPY_TYPES)
        for row in rows:
            copy.write_row(row)
    unfinished = any(row[STATE] < SUCCESS for row in rows)
    if any(row[NAME] is None for row in rows):
        link.execute(_FILL.format("open").encode())
        link.execute(f"{_FILL.format('tasks')} AND o.seen >= {window}".encode())
    if unfinished:
        link.execute(_OVERTAKEN, (window,))
    link.execute(_AGAIN, (window,))
    if any((first := earliest(row)) is not None and first < window for row in rows):
        link.execute(_LONG_AGO, (window, window))
    link.execute(_CLOSE.encode())
    if unfinished:
        link.execute(_OPEN.encode())
    return link.execute(_INSERT.encode()).rowcount


def save_texts(link: Link, words: Words, tracebacks: dict[int, str], now: float) -> None:
    """Write the texts that rows refer to."""
    if words.fresh:
        numbers = list(words.fresh)
        kinds, texts = zip(*words.fresh.values(), strict=True)
        link.execute(_WORDS, (numbers, list(kinds), list(texts), [now] * len(numbers)))
    if tracebacks:
        packed = [pack(text) for text in tracebacks.values()]
        link.execute(_TRACEBACKS, (list(tracebacks), packed, [now] * len(packed)))


def save_rest(link: Link, flush: Flush, words: Words, redaction: Redaction, now: float) -> None:
    """Write samples and what happened."""
    for table, rows in rows_beside(flush, words.number, redaction, now).items():
        if rows:
            places = ", ".join(["%s"] * len(rows[0]))
            with link.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {table} VALUES ({places})".encode(), rows)


def days_of(
    rows: Iterable[Row], now: float, sampled: float | None = None
) -> set[tuple[str, float]]:
    """The tables and days, by their beginning, that need a partition for rows and for what is now.

    `sampled` is the time of the samples, None for now. Days are those in UTC.
    """
    days = {day_of(now).timestamp(), day_of(now if sampled is None else sampled).timestamp()}
    found = {(root, day) for root in DAILY for day in days}
    for row in rows:
        if row[STATE] >= SUCCESS:
            root = "tasks_success" if row[STATE] == SUCCESS else "tasks_other"
            found.add((root, row[SEEN] // DAY * DAY))
    return found


def analyze(link: Link, now: float) -> None:
    """Have the server count what the tables of today hold, if it takes no longer than it may."""
    day = f"{day_of(now):%Y%m%d}"
    with contextlib.suppress(psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        link.execute(f"ANALYZE tasks_success_{day}, tasks_other_{day}".encode())
