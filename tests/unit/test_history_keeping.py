"""How long what is kept: by outcome and age, and by size; and where a history is."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.history import keeping as rules
from celerytui.history import schema
from celerytui.history.flush import Flush
from celerytui.history.folder import CATALOGUE, Catalogue, Folder, SegmentFile
from celerytui.history.folder_place import shown
from celerytui.history.history import Pruned, StandsBy
from celerytui.history.keeping import prune, pruning
from celerytui.history.place import folder_of, only_folder
from celerytui.history.report import rebuild, report, verify
from celerytui.model import Task, TaskState
from celerytui.settings import Keeping
from tests.unit.history_tasks import DAY, T0, ended, found, record, writer

FAILURE, SUCCESS = TaskState.FAILURE, TaskState.SUCCESS
HOME = {"HOME": "/home/me"}


@pytest.fixture
def days(tmp_path: Path) -> Folder:
    """Ten days of 20 successes and two failures each; the tenth is being written."""
    made = writer(tmp_path)
    for day in range(10):
        at = T0 + day * DAY
        tasks = [ended(day * 100 + number, at + number, args="x" * 500) for number in range(20)]
        tasks += [ended(day * 100 + 50 + number, at, FAILURE) for number in range(2)]
        made.write(Flush(tasks=tasks), at)
    made.close(T0 + 9 * DAY)
    return Folder(tmp_path)


def names(folder: Folder) -> list[str]:
    return [file.path.name for file in folder.segments()]


def states(folder: Folder) -> dict[TaskState, int]:
    tasks = found(folder.path, now=T0)
    return {state: sum(task.state is state for task in tasks) for state in (SUCCESS, FAILURE)}


def test_successes_go_after_three_days_and_the_rest_after_thirty(days: Folder) -> None:
    now = T0 + 9 * DAY + 5
    done = prune(days, Keeping(), now)
    assert len(done.thinned) == 6
    assert done.removed == []
    assert done.freed > 0
    assert names(days)[5:7] == ["2023-11-19.1.kept.db", "2023-11-20.1.db"]
    assert states(days) == {SUCCESS: 80, FAILURE: 20}
    later = prune(days, Keeping(), now + 25 * DAY)
    assert len(later.removed) == 5
    assert states(days)[FAILURE] == 10
    assert prune(days, Keeping(), now + 40 * DAY).removed
    assert names(days) == []


def test_what_has_not_ended_is_not_counted_as_old(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.write(Flush(tasks=[Task("w", 1, TaskState.STARTED, seen=T0)]), T0)
    made.close(T0)
    prune(Folder(tmp_path), Keeping(), T0 + 5 * DAY)
    assert [task.id for task in found(tmp_path)] == ["w"]


def test_too_much_costs_the_oldest_successes_first_and_then_the_oldest(days: Folder) -> None:
    size = days.size
    now = T0 + 9 * DAY
    live = days.segments()[-1].path
    prune(days, Keeping(successes=99 * DAY, size=size - 1), now, live=live)
    assert names(days)[:2] == ["2023-11-14.1.kept.db", "2023-11-15.1.db"]
    assert states(days)[FAILURE] == 20
    prune(days, Keeping(successes=99 * DAY, size=1), now, live=live)
    assert [file.path for file in days.segments()] == [live]
    assert states(days) == {SUCCESS: 20, FAILURE: 2}


def test_a_segment_that_is_being_written_is_never_touched(days: Folder) -> None:
    live = days.segments()[-1].path
    before = live.read_bytes()
    prune(days, Keeping(size=1), T0 + 99 * DAY, live=live)
    assert live.read_bytes() == before


def test_a_pruning_that_was_cut_short_loses_nothing(
    days: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rules, "remove", killed)
    with pytest.raises(KeyboardInterrupt):
        prune(days, Keeping(), T0 + 9 * DAY)
    assert days.superseded()
    assert states(days)[FAILURE] == 20
    monkeypatch.undo()
    prune(days, Keeping(), T0 + 9 * DAY)
    assert days.superseded() == []
    assert states(days) == {SUCCESS: 80, FAILURE: 20}


def damage(file: SegmentFile) -> None:
    file.path.write_bytes(b"no database" * 9_000)


def test_a_segment_that_cannot_be_read_costs_no_other_its_turn(days: Folder) -> None:
    damage(days.segments()[0])
    damage(days.segments()[2])
    now = T0 + 9 * DAY + 5
    done = prune(days, Keeping(), now)
    assert len(done.thinned) == 4
    assert done.removed == []
    # It goes by its name.
    assert "2023-11-14.1.db" in prune(days, Keeping(), now + 23 * DAY).removed
    damage(days.segments()[0])
    assert names(days)[0] in prune(days, Keeping(size=days.size - 1), now).removed


def test_on_a_full_disk_what_is_old_is_removed_and_the_rest_waits(
    days: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(schema, "create", full)
    done = prune(days, Keeping(others=5 * DAY), T0 + 9 * DAY)
    assert len(done.removed) == 4
    assert done.thinned == []
    assert [said.split(" ", 3)[3] for said in done.failed] == ["cannot grow: the disk is full"] * 2
    size = days.size
    assert prune(days, Keeping(size=size // 2), T0 + 9 * DAY).removed
    assert days.size <= size // 2


def test_what_a_killed_pruning_began_is_removed(days: Folder) -> None:
    for suffix in ("", "-wal"):
        (days.path / f"2023-11-19.1.kept.db.new{suffix}").write_bytes(b"x")
    steps = pruning(days, Keeping(), T0 + 9 * DAY + 5, Pruned())
    for _ in range(5):
        next(steps)
    assert any(days.begun())
    steps.close()
    assert list(days.path.glob("*.new*")) == []
    assert states(days)[FAILURE] == 20


def test_it_is_pruned_between_other_work(days: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "STEP_ROWS", 3)
    made = writer(days.path, started=T0 + 9 * DAY)
    assert list(made.pruning(T0 + 9 * DAY)) == []  # another one may record
    made.write(Flush(), T0 + 9 * DAY)
    steps = 0
    for steps, _ in enumerate(made.pruning(T0 + 9 * DAY + 5)):
        made.write(Flush(tasks=[ended(20_000 + steps, T0 + 9 * DAY)]), T0 + 9 * DAY)
    made.close(T0 + 9 * DAY)
    assert steps > 40
    assert states(days) == {SUCCESS: 80 + steps + 1, FAILURE: 20}


def test_pruning_ends_with_the_lock(days: Folder) -> None:
    now = T0 + 9 * DAY + 5
    made = writer(days.path, started=now)
    made.open(now)
    steps = made.pruning(now)
    for _ in range(5):
        next(steps)
    (days.path / "lock").unlink()
    with pytest.raises(HistoryError, match="were removed"):
        made.write(Flush(), now)
    # Another process may have it now.
    assert list(steps) == []
    assert not days.begun()


def test_clocks_that_are_years_off_neither_keep_nor_remove_a_file(tmp_path: Path) -> None:
    made = writer(tmp_path)
    made.write(Flush(tasks=[ended(1, T0 + 9_000 * DAY), ended(2, T0, FAILURE)]), T0)
    made.write(Flush(tasks=[ended(3, 5.0), ended(4, 6.0, FAILURE)]), T0 + DAY)
    made.write(Flush(tasks=[ended(5, T0)]), T0 + 2 * DAY)
    made.close(T0 + 2 * DAY)
    live = Folder(tmp_path).segments()[-1].path
    assert prune(Folder(tmp_path), Keeping(), T0 + 2 * DAY, live=live) == Pruned()
    done = prune(Folder(tmp_path), Keeping(), T0 + 33 * DAY, live=live)
    assert len(done.removed) == 2


def test_pruning_alone_waits_for_nobody(days: Folder) -> None:
    recorder = writer(days.path, started=T0 + 9 * DAY)
    recorder.open(T0 + 9 * DAY)
    with pytest.raises(StandsBy):
        writer(days.path).prune_alone(T0 + 9 * DAY)
    recorder.close(T0 + 9 * DAY)
    assert writer(days.path).prune_alone(T0 + 9 * DAY + 60).thinned
    writer(days.path).prune_alone(T0 + 9 * DAY)


def test_the_catalogue_is_what_the_segments_say(days: Folder) -> None:
    rebuild(days)
    said = Catalogue(days).facts()
    (days.path / CATALOGUE).write_bytes(b"rubbish" * 99)
    assert Catalogue(days).facts() == said
    (days.path / CATALOGUE).unlink()
    assert Catalogue(days).facts() == said
    assert [one.rows for one in said] == [22] * 10
    assert [one.successes for one in said] == [20] * 10


def test_a_report_has_sizes_gaps_and_what_was_dropped(days: Folder) -> None:
    made = writer(days.path, started=T0 + 11 * DAY)
    made.write(Flush(dropped=7), T0 + 11 * DAY)
    made.close(T0 + 11 * DAY)
    told = report(days)
    assert (told.rows, told.dropped, told.notes) == (220, 7, [])
    assert told.gaps == [(T0 + 9 * DAY, T0 + 11 * DAY, "nothing recorded")]
    assert told.size == days.size


def test_what_is_damaged_is_found(days: Folder) -> None:
    assert [faults for _, faults in verify(days)] == [[]] * 10
    file = days.segments()[3]
    raw = bytearray(file.path.read_bytes())
    raw[8192 * 4 : 8192 * 6] = bytes(8192 * 2)
    file.path.write_bytes(raw)
    damaged = {found.path.name for found, faults in verify(days) if faults}
    assert damaged == {file.path.name}


# Where


def test_each_app_and_broker_has_a_folder_of_its_own() -> None:
    one = folder_of("default", "shop", "redis://:secret@a/0", HOME)
    assert one == folder_of("default", "shop", "redis://:other@a/0", HOME)
    assert str(one).startswith("/home/me/.local/state/celerytui/history/shop-")
    assert one != folder_of("default", "shop", "redis://b/0", HOME)
    odd = folder_of("default", "../../x y", "redis://b/0", HOME)
    assert odd.parent == one.parent
    assert folder_of("sqlite:////srv/h", "shop", "", {}) == Path("/srv/h")
    with pytest.raises(HistoryError, match="no home directory"):
        folder_of("default", "shop", "", {})


def test_without_a_name_there_must_be_one_history(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    with pytest.raises(HistoryError, match="nothing was recorded yet"):
        only_folder(environ)
    one = folder_of("default", "shop", "", environ)
    record(one, [[]])
    assert only_folder(environ) == one
    record(folder_of("default", "other", "", environ), [[]])
    with pytest.raises(HistoryError, match="there are 2 histories: name one"):
        only_folder(environ)


def test_a_folder_at_home_is_shown_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert shown(Path("/home/me/x")) == "~/x"
    assert shown(Path("/home/meyer/x")) == "/home/meyer/x"
