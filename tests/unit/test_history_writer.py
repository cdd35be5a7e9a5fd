"""Writing a history: what ends up where, and that it goes on by itself."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.history import open_segment, segment
from celerytui.history import writer as writing
from celerytui.history.flush import AlertChange, Flush, Gap
from celerytui.history.folder import Catalogue, Folder
from celerytui.history.history import StandsBy
from celerytui.history.keeping import thin
from celerytui.history.reading import SegmentHistory
from celerytui.model import Alert, Mark, Queue, Task, TaskExtra, TaskState, Worker
from tests.unit.history_tasks import DAY, T0, ended, found, names, record, rows, writer

SENT, STARTED = TaskState.SENT, TaskState.STARTED
FAILURE, MISSED = TaskState.FAILURE, TaskState.MISSED


def test_files_are_the_users_own(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "history"
    made = writer(folder)
    made.write(Flush(tasks=[ended(1, T0)]), T0)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert "2023-11-14.1.db-wal" in modes
    assert set(modes.values()) == {0o600}
    made.close(T0)


def test_a_task_is_written_once_it_has_ended_and_kept_apart_before(tmp_path: Path) -> None:
    made = writer(tmp_path)
    task = ended(1, T0)
    made.write(Flush(tasks=[Task(task.id, 1, SENT, "shop.pay", seen=T0 - 3)]), T0)
    made.write(Flush(tasks=[Task(task.id, 1, STARTED, "shop.pay", seen=T0 - 1)]), T0)
    assert [one.state for one in found(tmp_path)] == [STARTED]
    assert made.write(Flush(tasks=[task]), T0) == 1
    made.close(T0)
    assert rows(tmp_path, "SELECT count(*) FROM open UNION ALL SELECT count(*) FROM tasks") == [
        (0,),
        (1,),
    ]
    assert [one.state for one in found(tmp_path)] == [TaskState.SUCCESS]


def test_the_newest_record_of_a_task_counts(tmp_path: Path) -> None:
    lost = ended(1, T0, MISSED)
    late = ended(1, T0 + 1, FAILURE)
    record(tmp_path, [[lost, ended(2, T0)], [late]])
    assert [(one.id, one.state) for one in found(tmp_path, "-state:success")] == [
        (late.id, FAILURE)
    ]
    assert found(tmp_path, "state:missed") == []
    history = SegmentHistory(Folder(tmp_path))
    newest = history.task(late.id)
    assert newest is not None
    assert newest.state is FAILURE
    assert history.task("nothing") is None


def test_a_record_in_a_newer_segment_counts_more(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.write(Flush(tasks=[ended(1, T0, MISSED), ended(2, T0)]), T0)
    made.write(Flush(tasks=[ended(1, T0 + DAY, FAILURE), ended(3, T0 + DAY)]), T0 + DAY)
    made.close(T0 + DAY)
    assert names(tmp_path) == ["2023-11-14.1.db", "2023-11-15.1.db"]
    assert [one.state for one in found(tmp_path, "-state:success")] == [FAILURE]
    assert len(found(tmp_path)) == 3


def test_so_many_records_that_may_be_older_ones_are_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_segment, "MOST_AGAIN", 0)
    made = writer(tmp_path)
    made.write(Flush(tasks=[ended(1, T0, MISSED), ended(2, T0, MISSED)]), T0)
    made.write(Flush(tasks=[ended(1, T0 + DAY, FAILURE), ended(3, T0 + DAY)]), T0 + DAY)
    made.close(T0 + DAY)
    assert [one.state for one in found(tmp_path, "-state:success")] == [FAILURE, MISSED]


def test_a_full_segment_and_a_new_day_begin_another_and_carry_on(tmp_path: Path) -> None:
    made = writer(tmp_path, most_rows=2)
    waiting = Task("w", 9, STARTED, "shop.pay", args="(1,)", seen=T0 - 5)
    waiting.extra = TaskExtra(traceback="Traceback: x")
    made.write(Flush(tasks=[waiting, ended(1, T0), ended(2, T0)]), T0)
    made.write(Flush(tasks=[ended(3, T0 + 1)]), T0 + 1)
    made.write(Flush(tasks=[ended(4, T0 + DAY)]), T0 + DAY)
    assert names(tmp_path) == ["2023-11-14.1.db", "2023-11-14.2.db", "2023-11-15.1.db"]
    assert rows(tmp_path, "SELECT count(*) FROM open") == [(0,), (0,), (1,)]
    again = found(tmp_path, "state:started")
    assert [(one.id, one.args, one.more.traceback) for one in again] == [
        ("w", "(1,)", "Traceback: x")
    ]
    made.write(Flush(tasks=[Task("w", 9, FAILURE, seen=T0 + DAY)]), T0 + DAY)
    made.close(T0 + DAY)
    assert [(one.name, one.args) for one in found(tmp_path, "state:failure")] == [
        ("shop.pay", "(1,)")
    ]
    facts = Catalogue(Folder(tmp_path)).facts()
    assert [one.rows for one in facts] == [2, 1, 2]
    assert [one.successes for one in facts] == [2, 1, 1]


def test_a_recorder_that_is_started_again_completes_what_it_hears_the_end_of(
    tmp_path: Path,
) -> None:
    made = writer(tmp_path)
    begun = Task("a", 1, STARTED, "shop.pay", "w@h", "high", "(1,)", "{}", seen=T0, received=T0)
    made.write(Flush(tasks=[begun]), T0)
    made.close(T0)
    after = writer(tmp_path, started=T0 + 60)
    after.write(Flush(tasks=[Task("a", 1, FAILURE, worker="w@h", seen=T0 + 70)]), T0 + 70)
    after.close(T0 + 70)
    (one,) = found(tmp_path)
    assert (one.name, one.queue, one.args, one.received) == ("shop.pay", "high", "(1,)", T0)
    assert one.state is FAILURE


def test_what_was_not_recorded_is_a_gap(tmp_path: Path) -> None:
    record(tmp_path, [[ended(1, T0)]])
    made = writer(tmp_path, started=T0 + 60)
    made.open(T0 + 61)
    made.close(T0 + 62)
    assert rows(tmp_path, "SELECT * FROM gaps") == [(T0, T0 + 60, "nothing recorded")]


def test_one_writes_and_the_other_takes_over_without_a_gap(tmp_path: Path) -> None:
    one, other = writer(tmp_path), writer(tmp_path, started=T0 + 1)
    one.write(Flush(tasks=[ended(1, T0)]), T0 + 5)
    with pytest.raises(StandsBy, match="another celerytui records into"):
        other.open(T0 + 6)
    one.close(T0 + 7)
    other.write(Flush(tasks=[ended(2, T0 + 8)]), T0 + 8)
    assert other.resumed == T0 + 7
    other.close(T0 + 8)
    assert rows(tmp_path, "SELECT * FROM gaps") == []
    assert len(found(tmp_path)) == 2


def test_what_happened_and_samples_are_kept(tmp_path: Path) -> None:
    made = writer(tmp_path)
    worker = Worker("w@h", T0, T0, running=3, processed=9, loadavg=(0.5, 1.0), status="online")
    flush = Flush(
        workers=[worker],
        queues=[Queue("high", ready=7)],
        gaps=[Gap(T0, None, "gone")],
        marks=[Mark(T0, "deploy 1.2", "me")],
        actions=[(T0, '{"action": "task.revoke"}')],
        alerts=[AlertChange(True, Alert("worker.lost", "w@h", "critical", T0, "w@h is lost"))],
        dropped=4,
    )
    made.write(flush, T0 + 1)
    made.close(T0 + 2)
    assert rows(tmp_path, "SELECT text, running, load FROM workers JOIN words ON worker = id") == [
        ("w@h", 3, 0.5)
    ]
    assert rows(tmp_path, "SELECT text, ready, unacked FROM queues JOIN words ON queue = id") == [
        ("high", 7, None)
    ]
    assert rows(tmp_path, "SELECT since, until FROM gaps") == [(T0, None)]
    assert rows(tmp_path, "SELECT text FROM marks") == [("deploy 1.2",)]
    assert rows(tmp_path, "SELECT entry FROM actions") == [('{"action": "task.revoke"}',)]
    assert rows(tmp_path, "SELECT raised, detector FROM alerts") == [(1, "worker.lost")]
    assert rows(tmp_path, "SELECT last, ended, dropped FROM sessions") == [(T0 + 2, 1, 4)]


def test_figures_that_no_database_takes_are_unknown(tmp_path: Path) -> None:
    made = writer(tmp_path)
    workers = [Worker("w@h", T0, T0, running=2**70, processed=7, status="online")]
    made.write(Flush(workers=workers, queues=[Queue("high", ready=2**63)]), T0)
    made.close(T0)
    assert rows(tmp_path, "SELECT running, processed FROM workers") == [(None, 7)]
    assert rows(tmp_path, "SELECT ready FROM queues") == [(None,)]


def test_a_task_that_no_row_can_be_made_of_costs_itself_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = [ended(number, T0) for number in range(4, 8)]
    odd[0].runtime = float("nan")
    odd[1].seen = float("nan")
    odd[2].runtime = 1e300
    odd[3].retries = 2**70
    surrogate = ended(2, T0)
    surrogate.id = "\ud800"
    made = writer(tmp_path)
    assert made.write(Flush(tasks=[*odd, surrogate, ended(3, T0)]), T0) == 2
    assert made.flawed == 4
    made.close(T0)
    assert rows(tmp_path, "SELECT dropped FROM sessions") == [(4,)]
    assert {one.id for one in found(tmp_path)} == {"?", ended(3, T0).id}
    assert "a task cannot be recorded" in caplog.text


def test_a_segment_goes_on_with_what_is_new_and_keeps_what_vanished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment, "MOST_CARRIED", 3)
    monkeypatch.setattr(writing, "MOST_OPEN", 6)
    made = writer(tmp_path)
    old = [Task(f"old{number}", number, STARTED, "x", seen=T0 - 8 * DAY) for number in range(2)]
    new = [Task(f"new{number}", number, STARTED, "x", seen=T0 + number) for number in range(5)]
    made.write(Flush(tasks=[*old, *new]), T0)
    made.write(Flush(), T0 + 1)  # it is full
    assert len(names(tmp_path)) == 2
    made.write(Flush(tasks=[Task("old0", 1, FAILURE, "x", seen=T0 + 9)]), T0 + 9)
    made.close(T0 + 9)
    again = writer(tmp_path, started=T0 + 9)
    again.open(T0 + 9)  # does not take what stayed
    again.close(T0 + 9)
    assert [len(rows) for rows in _open_by_file(tmp_path)] == [4, 3]
    assert {one.id: one.state for one in found(tmp_path)} == {
        "old0": FAILURE,
        **dict.fromkeys(("old1", "new0", "new1", "new2", "new3", "new4"), STARTED),
    }


def _open_by_file(folder: Path) -> list[list[tuple[object, ...]]]:
    found = []
    for file in Folder(folder).segments():
        with closing(sqlite3.connect(file.path)) as connection:
            found.append(connection.execute("SELECT task FROM open").fetchall())
    return found


def test_a_thinned_segment_has_all_but_its_successes(tmp_path: Path) -> None:
    failed = ended(1, T0, FAILURE)
    failed.extra = TaskExtra(exception="E()", traceback="Traceback: y")
    record(tmp_path, [[failed, *(ended(number, T0) for number in range(2, 500))]])
    (file,) = Folder(tmp_path).segments()
    before = file.size
    thin(file)
    assert names(tmp_path) == ["2023-11-14.1.kept.db"]
    (one,) = found(tmp_path)
    assert (one.id, one.more.traceback) == (failed.id, "Traceback: y")
    assert Folder(tmp_path).segments()[0].size < before
    assert oct(Folder(tmp_path).segments()[0].path.stat().st_mode)[-3:] == "600"
