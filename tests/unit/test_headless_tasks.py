"""The tasks of a history as a table, as lines of JSON and as CSV."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from celerytui.document import recorded_row
from celerytui.errors import OutputError, UsageError
from celerytui.export import NESTED
from celerytui.headless import progress
from celerytui.headless.tasks import Shape, print_tasks
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.model import Attempt, Progress, Task, TaskExtra, TaskState
from celerytui.query import parse_filter, read_since
from tests.unit.history_tasks import DAY, T0, ended, record

NOW = T0 + 60


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("h")
    failed = ended(1, T0, TaskState.FAILURE, args="=1+1", kwargs="\x1b[2J", result="-1")
    attempt = Attempt(T0 - 9, "E()", "Traceback", worker="w@h")
    failed.extra = TaskExtra(exception="E('redis://:pw9@h')", attempts=(attempt,))
    waiting = Task("open", 2, TaskState.STARTED, "x", started=T0 - 7, seen=T0 - 7)
    record(place, [[failed, waiting, *(ended(number, T0 - number) for number in range(2, 9))]])
    return place


def printed(folder: Path, shape: Shape, query: str = "", limit: int | None = None) -> str:
    out = io.StringIO()
    history = SegmentHistory(Folder(folder))
    wanted = parse_filter(query)
    print_tasks(history, wanted, out, shape=shape, since=None, limit=limit, now=NOW)
    return out.getvalue()


def test_a_line_of_json_has_all_that_a_row_of_the_snapshot_has(folder: Path) -> None:
    rows = [json.loads(line) for line in printed(folder, "jsonl").splitlines()]
    assert len(rows) == 9
    by_id = {row["id"]: row for row in rows}
    failed = by_id[ended(1, T0).id]
    assert (failed["state"], failed["from"]) == ("FAILURE", "history")
    assert failed["exception"] == "E('redis://:**@h')"
    (attempt,) = failed["attempts"]
    assert (attempt["state"], attempt["worker"], attempt["traceback"]) == (
        "RETRY",
        "w@h",
        "Traceback",
    )
    # As it was when it was seen last: nobody knows what became of it.
    assert by_id["open"]["runtime"] == 0.0


def test_csv_is_harmless_to_spreadsheets_and_terminals(folder: Path) -> None:
    text = printed(folder, "csv", "state:failure")
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["args"], row["result"], row["name"]) == ("'=1+1", "'-1", "shop.pay")
    assert "\x1b" not in text
    assert json.loads(row["attempts"])[0]["exception"] == "E()"


def test_csv_has_the_progress_that_only_some_tasks_have(tmp_path: Path) -> None:
    halfway = ended(2, T0 - 5, TaskState.FAILURE)
    halfway.extra = TaskExtra(progress=Progress(T0 - 5.5, 3.0, 6.0, "\x1b[2J=half"))
    record(tmp_path, [[ended(1, T0), halfway]])
    text = printed(tmp_path, "csv")
    assert "\x1b" not in text
    first, second = csv.DictReader(io.StringIO(text))
    fields = [f"progress.{name}" for name in ("current", "total", "message")]
    assert [first[name] for name in fields] == ["", "", ""]
    assert [second[name] for name in fields] == ["3.0", "6.0", "␛[2J=half"]
    named = recorded_row(halfway)["progress"]
    assert tuple(named) == NESTED["progress"]


def test_a_table_is_for_people(folder: Path) -> None:
    head, *lines = printed(folder, "table").splitlines()
    assert head.split()[:2] == ["STATE", "NAME"]
    assert len(lines) == 9
    assert "started" in lines[0]


def test_no_more_are_printed_than_were_asked_for(folder: Path) -> None:
    assert len(printed(folder, "jsonl", limit=3).splitlines()) == 3
    assert printed(folder, "jsonl", "state:revoked") == ""


def test_a_long_search_shows_how_far_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SHOWN_AFTER_SECONDS", 0.0)
    monkeypatch.setattr(progress, "SHOWN_EVERY_SECONDS", 0.0)
    shown: list[str] = []
    out, history = io.StringIO(), SegmentHistory(Folder(folder))
    wanted = parse_filter("args:nothing")
    print_tasks(
        history, wanted, out, shape="jsonl", since=None, limit=None, now=NOW, show=shown.append
    )
    assert any("of 8 rows  0 found" in line for line in shown)
    assert shown[-1] == ""


def test_a_closed_standard_output_is_said(folder: Path) -> None:
    history = SegmentHistory(Folder(folder))
    with pytest.raises(OutputError, match="it is closed"):
        print_tasks(history, parse_filter(""), None, shape="csv", since=None, limit=None, now=NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("2d", T0 - 2 * DAY), ("90m", T0 - 5400), ("2023-11-14T00:00Z", 1_699_920_000.0)],
)
def test_since_is_how_long_ago_or_a_time(text: str, moment: float) -> None:
    assert read_since(text, T0) == moment


def test_a_since_that_is_none_is_named() -> None:
    with pytest.raises(UsageError, match="--since 'soon': not how long ago"):
        read_since("soon", T0)
