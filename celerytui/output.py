"""Prints the output of commands: the only writer of stdout."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO, TypeVar

from msgspec.structs import replace

from celerytui.columns import (
    ALERT_COLUMNS,
    FAILURE_COLUMNS,
    QUEUE_COLUMNS,
    TASK_COLUMNS,
    WORKER_COLUMNS,
    CellContext,
    Column,
    clean,
    columns_for,
    common_worker_prefix,
    cut,
    format_count,
    format_duration,
    format_rate,
    header_cells,
    row_cells,
)
from celerytui.counts import agree, counted
from celerytui.document import Document
from celerytui.errors import OutputError
from celerytui.health import Alerts
from celerytui.masking import mask
from celerytui.model import (
    BY_CONSTANT,
    Alert,
    LinkState,
    Queue,
    Task,
    TaskExtra,
    Worker,
)
from celerytui.store import WINDOWS, FailureRow

T = TypeVar("T")

NARROWEST = 40
WIDTH_WITHOUT_TERMINAL = 160
_GUTTER = 2
# The document has neither the rates nor the history that the other columns show.
_WORKER_IDS = frozenset(
    {
        "status",
        "name",
        "busy",
        "bar",
        "load",
        "processed",
        "failed",
        "pool",
        "software",
        "queues",
        "seen",
    }
)
_FAILURE_IDS = frozenset(("count", "retried", "name", "exception", "first", "last", "workers"))
_QUEUE_IDS = frozenset(("status", "name", "ready", "unacked", "consumers", "drain"))


# -- JSON --------------------------------------------------------------------------------------


@contextmanager
def standard_output(stream: TextIO | None) -> Iterator[TextIO]:
    """The stream of a command's document, flushed at the end.

    Raises OutputError where it is closed (None) or takes no more; a BrokenPipeError, which says
    that the reader has seen enough, goes through.
    """
    if stream is None:
        raise OutputError("cannot write to standard output: it is closed")
    try:
        yield stream
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to standard output: {error.strerror}") from error


def table_width() -> int:
    """Columns of a table on standard output; 160 where that is no terminal."""
    return shutil.get_terminal_size((WIDTH_WITHOUT_TERMINAL, 24)).columns


def print_json(document: Document, stream: TextIO) -> None:
    """Write one JSON document and a newline: ASCII only, valid whatever text it contains."""
    stream.write(json_line(document))


def json_line(document: Document) -> str:
    """One JSON document as a line: ASCII only, valid whatever text it contains."""
    text = json.dumps(_valid(document), allow_nan=False, ensure_ascii=True)
    # The one control character that JSON lets through; it can only stand inside a string.
    return text.replace("\x7f", "\\u007f") + "\n"


def _valid(value: Any) -> Any:
    """The value without what JSON cannot represent: lone surrogates, NaN, infinity."""
    if isinstance(value, str):
        return value if value.isascii() else _whole(value)
    if isinstance(value, dict):
        return {_valid(str(key)): _valid(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_valid(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    # Beyond 64 bits readers of JSON disagree, and Python itself refuses to print enormous ones.
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 64:
        return None
    return value


def _whole(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


# -- tables ------------------------------------------------------------------------------------


def print_tables(
    document: Document, stream: TextIO, width: int, utc: bool = False, ascii: bool = False
) -> None:
    """Write the document for people: a summary, alerts and failures if any, workers, queues, tasks.

    There is no colour in it, and no line is wider than `width` cells (40 at the least). ASCII is
    used where the stream's encoding has no more.
    """
    width = max(NARROWEST, width)
    ascii = ascii or not _takes_unicode(stream)
    context = CellContext(
        now=document["taken_at"],
        utc=utc,
        ascii=ascii,
        worker_prefix=common_worker_prefix(row["hostname"] for row in document["workers"]),
    )
    everything_named = CellContext(now=context.now, utc=utc, ascii=ascii)
    lines = [*_summary_lines(document, width, ascii), ""]
    alerts = Alerts(Alert(**row) for row in document["alerts"])
    if alerts:
        lines += _section("ALERTS", ALERT_COLUMNS, list(alerts), context, width, "")
    alerts.give(workers := [_worker(row) for row in document["workers"]])
    columns = [one for one in WORKER_COLUMNS if one.id in _WORKER_IDS]
    lines += _section("WORKERS", columns, workers, everything_named, width, _no_workers(document))
    alerts.give(queues := [_queue(row) for row in document["queues"]])
    queue_columns = [one for one in QUEUE_COLUMNS if one.id in _QUEUE_IDS]
    lines += _section("QUEUES", queue_columns, queues, context, width, _no_queues(document))
    if failures := [_failure(row) for row in document["failures"]]:
        failure_columns = [one for one in FAILURE_COLUMNS if one.id in _FAILURE_IDS]
        lines += _section("FAILURES", failure_columns, failures, context, width, "")
    tasks = [_task(row) for row in document["tasks"]["rows"]]
    lines += _section("TASKS", TASK_COLUMNS, tasks, context, width, _no_tasks(document))
    _write_lines(lines, stream)


def print_rows(
    head: Sequence[str],
    title: str,
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    context: CellContext,
    nothing: str,
    stream: TextIO,
    width: int,
) -> None:
    """Write lines of text and one table for people, as `print_tables` does."""
    width = max(NARROWEST, width)
    context = replace(context, ascii=context.ascii or not _takes_unicode(stream))
    lines = [line for text in head for line in _wrapped(mask(text), width)]
    _write_lines([*lines, "", *_section(title, columns, rows, context, width, nothing)], stream)


def _write_lines(lines: list[str], stream: TextIO) -> None:
    encoding = stream.encoding or "utf-8"
    while lines and not lines[-1]:
        lines.pop()
    for line in lines:
        # A name may have what the stream's encoding has not.
        stream.write(line.encode(encoding, "replace").decode(encoding) + "\n")


def print_task_table(
    title: str, tasks: Sequence[Task], nothing: str, stream: TextIO, width: int, now: float
) -> None:
    """Write a table of tasks under its title, or what stands for it where there are none."""
    width = max(NARROWEST, width)
    ascii = not _takes_unicode(stream)
    context = CellContext(
        now=now,
        ascii=ascii,
        worker_prefix=common_worker_prefix(task.worker for task in tasks if task.worker),
    )
    lines = _section(cut(clean(title), width), TASK_COLUMNS, tasks, context, width, nothing)
    _write_lines(lines, stream)


def _takes_unicode(stream: TextIO) -> bool:
    try:
        "…▸━".encode(stream.encoding or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def task_lines(tasks: Sequence[Task], now: float, width: int, stream: TextIO, *, head: bool) -> str:
    """Tasks as the lines of a table for people, after a line of titles with `head`."""
    layout = columns_for(TASK_COLUMNS, max(NARROWEST, width) + _GUTTER)
    ascii = not _takes_unicode(stream)
    context = CellContext(now=now, utc=False, ascii=ascii)
    lines = [_line(header_cells(layout, ascii=ascii))] if head else []
    for task in tasks:
        # What had not ended is shown as it was when it was seen last.
        at = context if task.state.finished else CellContext(task.seen, ascii=ascii)
        lines.append(_line(row_cells(layout, task, at)))
    encoding = stream.encoding or "utf-8"
    return "".join(line.encode(encoding, "replace").decode(encoding) + "\n" for line in lines)


def _section(
    title: str,
    columns: Sequence[Column[T]],
    rows: Sequence[T],
    context: CellContext,
    width: int,
    nothing: str,
) -> list[str]:
    if not rows:
        return [title, *_wrapped(nothing, width), ""]
    # There is no cursor here and so no gutter for it.
    layout = columns_for(columns, width + _GUTTER)
    lines = [title, _line(header_cells(layout, ascii=context.ascii))]
    lines += [_line(row_cells(layout, row, context)) for row in rows]
    return [*lines, ""]


def _line(drawn: Iterable[Any]) -> str:
    return "".join(" " * cell.gap + cell.text for cell in drawn).rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    lines, line = list[str](), ""
    for word in clean(text).split(" "):
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [cut(one, width) for one in [*lines, line]]


def _summary_lines(document: Document, width: int, ascii: bool) -> list[str]:
    events, tasks, link = document["events"], document["tasks"], document["connection"]
    observed = format_duration(document["observed_seconds"], ascii=ascii)
    parts = [
        f"{format_count(events['received'])} {agree(events['received'], 'event')} in {observed}"
    ]
    parts[0] += f" ({format_rate(events['per_second'], ascii=ascii)})"
    if events["invalid"]:
        parts.append(f"{format_count(events['invalid'])} invalid")
    if events["failed"]:
        parts.append(f"{format_count(events['failed'])} not applied")
    if events["gaps"]:
        parts.append(f"{format_count(events['gaps'])} {agree(events['gaps'], 'gap')}")
    counts = [(BY_CONSTANT[one].label, count) for one, count in tasks["by_state"].items()]
    states = [f"{format_count(count)} {state}" for state, count in counts if count]
    held = f"{format_count(tasks['held'])} {agree(tasks['held'], 'task')} kept"
    if tasks["evicted"]:
        held += f", {format_count(tasks['evicted'])} evicted"
    said = [
        f"celerytui {document['celerytui']}  {document['app']} @ {document['broker']}",
        link["state"] + (f": {link['error']}" if link["error"] else ""),
        *filter(None, [_unasked(document)]),
        ", ".join(parts),
        held + (": " + ", ".join(states) if states else ""),
    ]
    return [line for text in said for line in _wrapped(text, width)]


def _listened(document: Document) -> str:
    return format_duration(document["observed_seconds"])


def _unreached(document: Document) -> str | None:
    """Why nothing could be seen, None if something could."""
    state, error = document["connection"]["state"], document["connection"]["error"]
    if state == LinkState.NO_EVENTS.value:
        why = f": {error.rstrip('.')}" if error else ""
        return f"The {document['transport']} transport carries no events{why}."
    if state != LinkState.CONNECTED.value:
        return f"The broker cannot be reached: {(error or state).rstrip('.')}."
    return None


def _unasked(document: Document) -> str | None:
    """Why the workers could not be asked, None if they could."""
    control = document["control"]
    if control["state"] != "failed":
        return None
    return f"workers cannot be asked: {control['error']}; what ran before the start is unknown"


def _no_workers(document: Document) -> str:
    if unreached := _unreached(document):
        return unreached
    if _unasked(document):
        return f"None sent a heartbeat in {_listened(document)}, and none could be asked."
    return f"None: no reply and no heartbeat in {_listened(document)}."


def _no_queues(document: Document) -> str:
    return _unreached(document) or "None: no worker, event or setting names a queue."


def _no_tasks(document: Document) -> str:
    held = document["tasks"]["held"]
    if held:
        many = f"the {counted(held, 'task')} seen" if held > 1 else "the task seen"
        return f"None of {many} matches the filter."
    said = f"None: no task event in {_listened(document)}, and no worker has a task."
    if _unasked(document):
        said = f"No task event in {_listened(document)}; what workers run is unknown."
    if document["workers"]:
        said += " Workers started without -E send no task events until they are turned on."
    return _unreached(document) or said


def _known(row: Document, names: Iterable[str]) -> Document:
    return {name: row[name] for name in names}


def _worker(row: Document) -> Worker:
    last = row["last_heartbeat"]
    same = _known(row, ("hostname", "status", "active", "processed", "failed", "pool"))
    return Worker(
        **same,
        running=row["active"],
        first_seen=0.0,
        last_seen=math.nan if last is None else last,
        last_heartbeat=last,
        loadavg=None if row["loadavg"] is None else tuple(row["loadavg"]),
        sw_ident=row["software"],
        concurrency=row["concurrency"],
        queues=None if row["queues"] is None else tuple(row["queues"]),
    )


def _queue(row: Document) -> Queue:
    return Queue(**row)


def _task(row: Document) -> Task:
    times = ("sent", "received", "started", "finished")
    texts = ("id", "name", "worker", "queue", "args", "kwargs", "result", "retries")
    known = [row[name] for name in times if row[name] is not None]
    task = Task(
        **_known(row, (*texts, *times)),
        seq=0,
        state=BY_CONSTANT[row["state"]],
        seen=max(known, default=math.nan),
        extra=TaskExtra(
            exception=row["exception"],
            eta=row["eta"],
            source=row["source"],
            client_shift=row["client_clock"],
            worker_shift=row["worker_clock"],
        ),
    )
    if task.state.finished:
        task.runtime = row["runtime"]
    return task


def _failure(row: Document) -> FailureRow:
    # All that was seen is in the window of a snapshot.
    return FailureRow(
        row["key"],
        row["task"] or "",
        row["exception"],
        row["message"],
        "",
        WINDOWS[-1],
        row["count"],
        row["retried"],
        row["count"],
        row["retried"],
        (),
        row["first_seen"],
        row["last_seen"],
        tuple((name, 0) for name in row["workers"]),
    )
