"""What `celerytui history` says: of what there is, of what is damaged, of what it removes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.headless.history_report import prune_lines, stats_lines, verify_lines
from celerytui.history import keeping, schema
from celerytui.history.flush import Flush, Gap
from celerytui.history.folder import Catalogue, Folder, SegmentFile
from celerytui.history.folder_place import FolderPlace
from celerytui.history.report import report
from celerytui.model import TaskState
from celerytui.settings import Settings
from tests.unit.history_tasks import DAY, T0, ended, writer


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Two days of three tasks each."""
    made = writer(tmp_path)
    for day in range(2):
        some = [ended(10 * day + number, T0 + day * DAY) for number in range(2)]
        some.append(ended(10 * day + 5, T0 + day * DAY, TaskState.FAILURE))
        made.write(Flush(tasks=some, gaps=[Gap(T0, T0 + 9, "\x1b[2J")]), T0 + day * DAY)
    made.close(T0 + DAY)
    return Folder(tmp_path)


def told(lines: Iterator[str]) -> tuple[list[str], str]:
    """What is said, and the error after it."""
    found: list[str] = []
    try:
        found += lines
    except HistoryError as error:
        return found, str(error)
    return found, ""


def change(file: SegmentFile, statement: str) -> None:
    with closing(sqlite3.connect(file.path)) as connection, connection:
        connection.execute(statement)


def test_what_there_is(folder: Folder) -> None:
    made = writer(folder.path, started=T0 + DAY)
    odd = ended(99, T0 + DAY)
    odd.runtime = float("nan")
    made.write(Flush(tasks=[odd], dropped=2), T0 + DAY)
    made.close(T0 + DAY)
    lines, error = told(stats_lines(FolderPlace(folder.path), T0 + DAY, utc=True))
    text = "\n".join(lines)
    assert error == ""
    assert "6 tasks ended" in text
    assert "3 tasks not recorded: too many at once, or damaged" in text
    assert "\x1b" not in text


def test_a_gap_that_lasted_when_its_recorder_was_killed_ended_with_it(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.write(Flush(gaps=[Gap(T0 + 10, None, "no connection")]), T0 + 20)
    assert report(Folder(tmp_path)).gaps == [Gap(T0 + 10, None, "no connection")]  # it lasts
    assert made._segment is not None
    made._segment.abandon()  # as if killed
    assert made._lock is not None
    os.close(made._lock)
    after = writer(tmp_path, started=T0 + 50)
    after.write(Flush(gaps=[Gap(T0 + 60, None, "no connection")]), T0 + 70)
    gaps = [
        Gap(T0 + 10, T0 + 20, "no connection"),
        Gap(T0 + 20, T0 + 50, "the recorder was killed"),
        Gap(T0 + 60, None, "no connection"),
    ]
    assert report(Folder(tmp_path)).gaps == gaps
    after.close(T0 + 80)
    assert report(Folder(tmp_path)).gaps[-1].until == T0 + 80


def test_each_damage_is_named(folder: Folder) -> None:
    first, second = folder.segments()
    change(first, "UPDATE tasks SET state = 77 WHERE id = 1")
    lines, error = told(verify_lines(FolderPlace(folder.path)))
    assert lines == [
        f"{first.path.name:24} not ok",
        "    rows that no task can be made of: 1",
        f"{second.path.name:24} ok",
    ]
    assert error.startswith("1 segment is damaged or not readable; the others are complete")


def test_a_file_of_a_newer_version_is_called_that(folder: Folder) -> None:
    first, _ = folder.segments()
    change(first, f"PRAGMA user_version = {schema.VERSION + 1}")
    lines, error = told(verify_lines(FolderPlace(folder.path)))
    assert "written by a newer celerytui" in lines[1]
    assert error.startswith("1 segment is damaged or not readable")


def test_a_catalogue_that_cannot_be_made_is_said(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Catalogue, "write", refused)
    lines, error = told(verify_lines(FolderPlace(folder.path)))
    assert error == ""
    assert lines[-1].startswith("the catalogue stays as it is: history in ")
    assert lines[-1].endswith("Permission denied")


def test_what_could_not_be_removed_is_an_error_after_what_was(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(schema, "create", full)
    lines, error = told(prune_lines(FolderPlace(folder.path), Settings(), T0 + 6 * DAY))
    assert lines == ["0 B freed"]
    assert error.endswith("cannot grow: the disk is full")
    monkeypatch.undo()
    lines, error = told(prune_lines(FolderPlace(folder.path), Settings(), T0 + 6 * DAY))
    assert [error, lines[0]] == ["", f"{'2023-11-14.1.db':24} successes removed"]
    monkeypatch.setattr(keeping, "remove", refused_to_remove)
    lines, error = told(prune_lines(FolderPlace(folder.path), Settings(), T0 + 99 * DAY))
    assert error.endswith("Operation not permitted")


def refused_to_remove(_: SegmentFile) -> None:
    raise PermissionError(1, "Operation not permitted")
