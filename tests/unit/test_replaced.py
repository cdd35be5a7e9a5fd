"""A task that several files have counts once: by its newest row."""

from __future__ import annotations

from pathlib import Path

import pytest

from celerytui.engine.past_course import restore_window
from celerytui.history.flush import Flush
from celerytui.history.folder import Folder
from celerytui.history.keeping import prune
from celerytui.history.reading import SegmentHistory
from celerytui.model import Task, TaskState
from celerytui.settings import Keeping
from celerytui.store import Store
from celerytui.store.failures.slices import WINDOWS
from tests.unit.history_tasks import DAY, T0, ended, found, names, writer

SUCCESS, FAILURE = TaskState.SUCCESS, TaskState.FAILURE
NOW = T0 + 10 * DAY


def again(number: int, at: float, state: TaskState, began: float) -> Task:
    """A task that ended, of which there may be a record from when it began."""
    return ended(number, at, state, sent=began, received=began, started=began)


def two_files(folder: Path) -> Path:
    """A hundred tasks that failed, of which thirty succeeded on the next day; ten did twice."""
    first = writer(folder, started=T0)
    first.write(Flush([ended(number, T0 + number, FAILURE) for number in range(100)]), T0 + 100)
    first.close(T0 + 200)
    second = writer(folder, started=T0 + DAY)
    rerun = [again(number, T0 + DAY + number, SUCCESS, T0 - 5) for number in range(30)]
    second.write(Flush(rerun), T0 + DAY + 100)
    second.write(Flush([again(number, T0 + DAY + 200, SUCCESS, T0) for number in range(10)]),
                 T0 + DAY + 300)  # fmt: skip
    second.write(Flush([ended(500, T0 + DAY + 300)]), T0 + DAY + 400)
    second.close(T0 + DAY + 500)
    assert len(names(folder)) == 2
    return folder


def counted(folder: Path, window: str = "30d") -> dict[str, object]:
    """What types, charts and the places of types say."""
    store = Store()
    history = SegmentHistory(Folder(folder))
    for _ in restore_window(history, store, window, 0.0, NOW):
        pass
    ends = history.ended(0.0, NOW, 7_200)
    history.close()
    assert history.notes == []
    (figures,) = store.types.all(window, NOW)
    return {
        "types": (figures.succeeded, figures.failed),
        "waits": figures.wait.count,
        "charts": tuple(
            sum(one.count for one in ends if one.state in states)
            for states in ((SUCCESS, FAILURE), (FAILURE,))
        ),
    }


EXPECTED = {"types": (31, 70), "waits": 101, "charts": (101, 70)}


def test_it_counts_once_in_types_and_charts_and_the_commands(tmp_path: Path) -> None:
    folder = two_files(tmp_path / "h")
    assert counted(folder) == EXPECTED
    tasks = found(folder)
    assert len(tasks) == len({one.id for one in tasks}) == 101
    assert sum(one.state is FAILURE for one in tasks) == 70


def test_it_counts_once_in_failures(tmp_path: Path) -> None:
    folder = two_files(tmp_path / "h")
    from celerytui.engine.past_failures import restore_failures

    store = Store()
    history = SegmentHistory(Folder(folder))
    for _ in restore_failures(history, store, 0.0, NOW, NOW):
        pass
    history.close()
    store.failures.update(NOW)
    assert sum(row.failed for row in store.failures.rows(NOW, WINDOWS[-1])) == 70


@pytest.mark.parametrize("days", [4.5, 6.0])
def test_it_does_when_one_or_both_have_lost_their_successes(tmp_path: Path, days: float) -> None:
    folder = two_files(tmp_path / "h")
    done = prune(Folder(folder), Keeping(), T0 + days * DAY)
    assert done.thinned
    assert counted(folder) == EXPECTED


def test_a_newer_file_that_is_damaged_replaces_nothing(tmp_path: Path) -> None:
    folder = two_files(tmp_path / "h")
    newest = Folder(folder).segments()[-1].path
    newest.write_bytes(b"no segment" * 1_000)
    history = SegmentHistory(Folder(folder))
    (first,) = history.ended(T0 - 60, T0 + 3_600, 7_200)
    assert first.count == 100
    history.close()
    assert len(history.notes) == 1


def test_other_tasks_may_begin_alike(tmp_path: Path) -> None:
    """Ids whose first half is the same have one key."""
    made = writer(tmp_path / "h", started=T0)
    alike = [f"00000000-0000-0000-0000-{number:012}" for number in range(20)]
    made.write(Flush([ended(1, T0 + 5, id=one) for one in alike[:10]]), T0 + 10)
    made.close(T0 + 20)
    later = writer(tmp_path / "h", started=T0 + DAY)
    tasks = [again(1, T0 + DAY + 5, FAILURE, T0) for _ in alike[9:]]
    for one, task_id in zip(tasks, alike[9:], strict=True):
        one.id = task_id
    later.write(Flush(tasks), T0 + DAY + 10)
    later.close(T0 + DAY + 20)
    assert counted(tmp_path / "h")["types"] == (9, 11)


def test_one_of_which_only_the_end_is_known_may_have_been_there(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=T0)
    made.write(Flush([ended(1, T0 + 5, TaskState.FAILURE)]), T0 + 10)
    made.close(T0 + 20)
    later = writer(tmp_path / "h", started=T0 + DAY)
    late = ended(1, T0 + DAY, sent=None, received=None, started=None)
    later.write(Flush([late]), T0 + DAY + 10)
    later.close(T0 + DAY + 20)
    assert counted(tmp_path / "h")["types"] == (1, 0)
    assert [one.state for one in found(tmp_path / "h")] == [SUCCESS]


def test_nothing_is_written_to_be_read(tmp_path: Path) -> None:
    folder = two_files(tmp_path / "h")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    counted(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
