"""What is in the way of writing a history: it is said, costs itself alone, and is gone on from."""

from __future__ import annotations

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.history import schema, tables
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.model import Task, TaskState
from celerytui.query import parse_filter
from tests.unit.history_tasks import T0, ended, found, names, record, rows, writer

STARTED = TaskState.STARTED


@pytest.mark.parametrize("gone", ["folder", "segment", "lock"])
def test_files_that_are_removed_while_it_records_are_noticed(tmp_path: Path, gone: str) -> None:
    folder = tmp_path / "h"
    made = writer(folder)
    made.write(Flush(tasks=[ended(1, T0)]), T0)
    if gone == "folder":
        shutil.rmtree(folder)
    else:
        (folder / ("lock" if gone == "lock" else "2023-11-14.1.db")).unlink()
    with pytest.raises(HistoryError, match="were removed while it was recorded"):
        made.write(Flush(tasks=[ended(2, T0)]), T0)
    assert made.write(Flush(tasks=[ended(2, T0)]), T0) == 1
    made.close(T0)
    assert ended(2, T0).id in {one.id for one in found(folder)}


def test_a_segment_that_cannot_be_made_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nonsense = "CREATE INDEX nonsense ON nowhere (x)"
    monkeypatch.setattr(tables, "segment_statements", lambda: [nonsense])
    made = writer(tmp_path)
    with pytest.raises(HistoryError, match="no such table"):
        made.open(T0)
    made.close(T0)
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    monkeypatch.undo()
    (tmp_path / "2023-11-14.1.db.new").write_bytes(b"left by one that was killed")
    record(tmp_path, [[ended(1, T0)]])
    assert len(found(tmp_path)) == 1


def test_a_file_that_turns_out_damaged_is_left_alone(tmp_path: Path) -> None:
    record(tmp_path, [[ended(number, T0, args="x" * 3000) for number in range(1, 99)]])
    (file,) = Folder(tmp_path).segments()
    raw = bytearray(file.path.read_bytes())
    with closing(sqlite3.connect(file.path)) as connection:
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'tasks_seen'"
        ).fetchone()
    raw[(page - 1) * schema.PAGE_BYTES : page * schema.PAGE_BYTES] = b"\xff" * schema.PAGE_BYTES
    file.path.write_bytes(raw)
    made = writer(tmp_path)
    with pytest.raises(HistoryError, match="is damaged"):
        made.write(Flush(tasks=[ended(200, T0)]), T0)
    assert made.write(Flush(tasks=[ended(200, T0)]), T0) == 1
    made.close(T0)
    assert names(tmp_path) == ["2023-11-14.1.db", "2023-11-14.2.db"]


def test_a_locked_file_is_said_and_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "BUSY_SECONDS", 0.01)
    made = writer(tmp_path)
    made.open(T0)
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(HistoryError, match="is locked by another program"):
            made.write(Flush(tasks=[ended(1, T0)]), T0)
    assert made.write(Flush(tasks=[ended(1, T0)]), T0) == 1
    made.close(T0)
    assert len(found(tmp_path)) == 1


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    record(tmp_path, [[ended(1, T0)]])
    (file,) = Folder(tmp_path).segments()
    with closing(sqlite3.connect(file.path)) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = file.path.read_bytes()
    with pytest.raises(HistoryError, match="was written by a newer celerytui"):
        writer(tmp_path).write(Flush(tasks=[ended(2, T0)]), T0)
    assert file.path.read_bytes() == before
    history = SegmentHistory(Folder(tmp_path))
    assert list(history.facts()) == []


def test_a_damaged_segment_costs_itself_alone(tmp_path: Path) -> None:
    record(tmp_path, [[ended(1, T0)]])
    (file,) = Folder(tmp_path).segments()
    file.path.write_bytes(b"no database" * 1000)
    record(tmp_path, [[ended(2, T0)]])
    assert names(tmp_path) == ["2023-11-14.1.db", "2023-11-14.2.db"]
    history = SegmentHistory(Folder(tmp_path))
    found = [one.id for step in history.search(parse_filter(""), T0) for one in step.tasks]
    assert found == [ended(2, T0).id]
    assert len(history.notes) == 1
    assert "2023-11-14.1.db is not a history" in history.notes[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a file system of Linux")
def test_where_no_file_can_be_made_is_said() -> None:
    with pytest.raises(HistoryError, match="history in /proc/h"):
        writer(Path("/proc/h")).open(T0)


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "h").write_text("x")
    with pytest.raises(HistoryError, match="it is a file, not a folder"):
        writer(tmp_path / "h").open(T0)


def test_a_full_disk_is_said_and_what_waited_is_written_later(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.open(T0)
    segment = made._segment
    assert segment is not None
    many = [ended(number, T0, args="x" * 2_000) for number in range(1, 200)]
    segment._connection.execute("PRAGMA max_page_count = 30")  # as SQLite does at a full disk
    with pytest.raises(HistoryError, match="the disk is full"):
        made.write(Flush(tasks=many), T0)
    assert made.write(Flush(tasks=many), T0) == len(many)
    made.close(T0)
    assert len(found(tmp_path)) == len(many)


def test_a_hand_over_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    made = writer(tmp_path)
    waiting = [Task(f"w{number}", number, STARTED, "x", seen=T0) for number in range(3)]
    made.write(Flush(tasks=waiting), T0)
    made.close(T0)
    # As if killed when the next segment was begun, and the old one not emptied yet.
    after = writer(tmp_path)
    after.folder.make()
    after.open(T0)
    segment = after._segment
    assert segment is not None
    file = after.folder.next_segment(T0)
    schema.create(file.path).close()
    after.close(T0)
    assert rows(tmp_path, "SELECT count(*) FROM open") == [(3,), (0,)]
    made = writer(tmp_path)
    made.open(T0 + 1)
    made.close(T0 + 1)
    assert rows(tmp_path, "SELECT count(*) FROM open") == [(0,), (3,)]
