"""The charts of the time before the start, from a history: counts, levels, and gaps as gaps."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from celerytui.engine.history_access import HistoryAccess
from celerytui.engine.past_course import counts_of, levels, restore_levels, restore_window
from celerytui.history.course import Ended, Sample, watched
from celerytui.history.flush import Flush, Gap
from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.model import Queue, TaskState, Worker
from celerytui.settings import Settings
from celerytui.store import Store
from celerytui.store.spans import Span
from celerytui.store.statistics import WATCHED
from tests.unit.history_tasks import ended, writer
from tests.unit.store_stream import T0 as LIVE
from tests.unit.store_stream import feed, task_event

T0 = LIVE - 3_600.0


@pytest.mark.parametrize(
    ("sessions", "gaps", "expected"),
    [
        ([], [], []),
        ([(10.0, 20.0)], [], [(10.0, 20.0)]),
        ([(0.0, 20.0), (15.0, 30.0), (40.0, 50.0)], [], [(5.0, 30.0), (40.0, 50.0)]),
        ([(10.0, 20.0)], [(12.0, None), (12.0, 14.0)], [(10.0, 12.0), (14.0, 20.0)]),
        ([(10.0, 20.0)], [(12.0, None)], [(10.0, 12.0)]),
        ([(10.0, 20.0)], [(5.0, 25.0)], []),
        ([(10.0, 20.0)], [(20.0, 25.0)], [(10.0, 20.0)]),
    ],
)
def test_when_everything_was_recorded(
    sessions: list[Span], gaps: list[tuple[float, float | None]], expected: list[Span]
) -> None:
    assert watched(sessions, gaps, 5.0) == expected


@pytest.mark.parametrize(
    ("samples", "spans", "expected"),
    [
        ([(1, "a", 4)], [(0, 25)], {0: 4, 1: 4, 2: 4}),
        ([(1, "a", 4), (2, "b", 1), (12, "a", 0)], [(0, 25)], {0: 5, 1: 1, 2: 1}),
        ([(1, "a", 4), (41, "b", 2)], [(0, 15), (40, 49)], {0: 4, 1: 4, 4: 2}),
        ([(1, "a", None)], [(0, 5)], {0: 0}),
        ([], [(0, 25)], {}),
        ([(1, "a", 4)], [], {}),
    ],
)
def test_a_sample_stands_until_the_next_one_of_its_name(
    samples: list[tuple[float, str, int | None]],
    spans: list[Span],
    expected: dict[int, int],
) -> None:
    assert levels([Sample(*one) for one in samples], spans, 10, 0.0) == expected


def test_what_the_charts_count() -> None:
    found = counts_of([Ended(3, state, 2) for state in TaskState])
    assert found == {"done": {3: 4}, "failed": {3: 2}, "stopped": {3: 6}}


def test_the_charts_go_back_to_before_the_start(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=T0)
    tasks = [ended(number, T0 + number) for number in range(600)]
    tasks += [ended(1_000 + number, T0 + number, TaskState.FAILURE) for number in range(0, 600, 10)]
    queue = Queue("high", ready=7, read_at=T0)
    made.write(Flush(tasks=tasks, queues=[queue], workers=[Worker("w@h", T0, T0, running=3)]), T0)
    made.write(Flush(gaps=[Gap(T0 + 400, T0 + 500, "gone")]), T0 + 600)
    made.close(T0 + 600)
    store = Store()
    feed(store, *(task_event(kind, 0, pid=1) for kind in ("received", "started", "succeeded")))
    history = HistoryAccess(Settings(history=f"sqlite:///{tmp_path}/h"), "", "").open()
    for window in WATCHED:
        for _ in restore_window(history, store, window, 0.0, LIVE):
            pass
    restore_levels(history, store, LIVE)
    history.close()
    course = store.course.read("1h", LIVE + 30)

    def at(name: str, seconds: float) -> float | None:
        series = getattr(course, name)
        found: float | None = series.values[int((T0 + seconds - series.start) // series.width)]
        return found

    assert [at("done", when) for when in (100, 395, 450, 650)] == [1.1, 1.1, None, None]
    assert [at("failed", when) for when in (100, 450)] == [0.1, None]
    assert (at("retried", 100), at("stopped", 100)) == (0.0, 0.0)
    assert (at("queued", 100), at("running", 100), at("queued", 450)) == (7, 3, None)
    assert at("done", 3_600) == pytest.approx(0.1)
    done, failed = store.course.throughput("24h", LIVE + 30)
    assert sum(value is not None for value in done.values) in (4, 5)
    assert max(value or 0 for value in failed.values) == pytest.approx(0.1)


def test_a_segment_that_cannot_be_read_is_noted_and_left_out(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=T0)
    made.write(Flush(tasks=[ended(1, T0)], queues=[Queue("high", ready=7, read_at=T0)]), T0 + 60)
    made.close(T0 + 60)
    (file,) = Folder(tmp_path / "h").segments()
    with closing(sqlite3.connect(file.path)) as connection:
        connection.execute("DROP TABLE queues")
    history = SegmentHistory(Folder(tmp_path / "h"))
    assert history.samples(T0).queued == []
    assert "no such table" in history.notes[0]
    assert history.recorded(T0) == [(T0, T0 + 60)]
    assert [one.count for one in history.ended(T0, T0 + 60, 10)] == [1]


def test_what_is_recorded_since_is_added(tmp_path: Path) -> None:
    made = writer(tmp_path / "h", started=T0)
    made.write(Flush(tasks=[ended(number, T0 + number) for number in range(100)]), T0 + 100)
    store, access = Store(), HistoryAccess(Settings(history=f"sqlite:///{tmp_path}/h"), "", "")

    def rate() -> float | None:
        return store.course.throughput("1h", T0 + 100)[0].values[-5]

    for since, until in ((0.0, T0 + 50), (T0 + 50, T0 + 100)):
        history = access.open()
        for window in WATCHED:
            for _ in restore_window(history, store, window, since, until):
                pass
        history.close()
    assert rate() == pytest.approx(1.0)
    made.close(T0 + 100)
