"""A task's timeline is true to scale, exact in its legend, and works with any times known."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.model import Attempt, Task, TaskExtra, TaskState
from celerytui.ui.draw.glyphs import ASCII, UNICODE
from celerytui.ui.draw.spans import Span, span_width
from celerytui.ui.views.task.timeline import Timeline, life, timeline

BASE = 1_763_800_000.0
times = st.none() | st.floats(BASE, BASE + 1e5) | st.sampled_from([0.0, 1e18, math.nan, math.inf])


def plain(row: list[Span]) -> str:
    return "".join(text for text, _ in row)


def rows(made: Timeline) -> list[str]:
    """The legend in one text, then the bar, the names and the clocks."""
    legend = " ".join(plain(row).rstrip() for row in made.legend)
    return [legend, plain(made.bar), plain(made.names), plain(made.clocks)]


def failed() -> Task:
    return Task(
        id="5f0c",
        seq=1,
        state=TaskState.FAILURE,
        sent=1001.131,
        received=1009.841,
        started=1010.831,
        finished=1012.031,
        runtime=1.2,
    )


def test_the_picture_of_a_failed_task() -> None:
    made = timeline(failed(), 1020.0, 90, utc=True)
    legend, bar, names, clocks = rows(made)
    assert legend.rstrip() == (
        "┄┄ in queue 8.71s 80%    ── in worker 990ms 9%    ━━ running 1.20s 11%"
    )
    assert bar[0] == "◦"
    assert bar[-1] == "✗"
    assert bar.index("•") == round(8.71 / 10.9 * 89)
    assert bar.count("━") == 89 - bar.index("▸") - 1
    assert names.split() == ["sent", "received", "failure"]
    assert clocks.split() == ["00:16:41.131", "+8.71s", "00:16:52.031"]
    assert names.index("received") + 7 == bar.index("•")
    assert plain(made.heading) == "total 10.9s"


def test_a_running_task_counts_up_to_now() -> None:
    task = Task(id="a", seq=1, state=TaskState.STARTED, received=100.0, started=101.0)
    made = timeline(task, 104.0, 60, utc=True)
    legend, bar, names, _ = rows(made)
    assert "━━ running 3.00s… 75%" in legend
    assert "in worker 1.00s 25%" in legend
    assert bar.endswith("━")
    assert names.split() == ["received", "started", "now"]
    assert plain(made.heading) == "so far 4.00s"


def test_only_received_waits_in_the_worker() -> None:
    task = Task(id="a", seq=1, state=TaskState.RECEIVED, received=100.0)
    legend, bar, names, _ = rows(timeline(task, 102.0, 40))
    assert legend.rstrip() == "── in worker 2.00s… 100%"
    assert bar == "•" + "─" * 39
    assert names.split() == ["received", "now"]


def test_only_the_end_and_the_runtime_give_the_start() -> None:
    task = Task(id="a", seq=1, state=TaskState.SUCCESS, finished=110.0, runtime=4.0)
    legend, bar, _, clocks = rows(timeline(task, 120.0, 40, utc=True))
    assert "running 4.00s 100%" in legend
    assert bar == "▸" + "━" * 38 + "✓"
    assert clocks.split() == ["00:01:46.000", "00:01:50.000"]


def test_only_the_end() -> None:
    task = Task(id="a", seq=1, state=TaskState.REVOKED, finished=110.0)
    made = timeline(task, 120.0, 40, utc=True)
    assert rows(made)[1].rstrip() == "⊘"
    assert made.heading == []


def test_nothing_known_is_a_sentence() -> None:
    made = timeline(Task(id="a", seq=1), 100.0, 60)
    assert rows(made)[0].rstrip() == "no event with a timestamp seen"
    assert made.heading == []


def test_a_retry_waits_for_its_next_try() -> None:
    task = Task(
        id="a",
        seq=1,
        state=TaskState.RETRY,
        sent=100.0,
        received=100.0,
        started=100.0,
        extra=TaskExtra(retried=104.0),
    )
    legend, bar, _, _ = rows(timeline(task, 108.0, 61))
    assert "running 4.00s 50%" in legend
    assert "until retry 4.00s… 50%" in legend
    assert bar[30] == "↻"
    assert bar[31:].strip("┄") == ""


def test_earlier_tries_are_told_from_this_one() -> None:
    task = Task(
        id="a",
        seq=1,
        state=TaskState.SUCCESS,
        sent=100.0,
        received=118.0,
        started=118.0,
        finished=120.0,
        runtime=2.0,
        extra=TaskExtra(retried=104.0, attempts=(Attempt(104.0, "E()", None),)),
    )
    legend, bar, _, _ = rows(timeline(task, 130.0, 81))
    assert "earlier attempts 4.00s 20%" in legend
    assert "until retry 14.0s 70%" in legend
    assert "running 2.00s 10%" in legend
    assert bar[16] == "↻"


def test_a_lost_task_has_no_news() -> None:
    task = Task(id="a", seq=1, state=TaskState.LOST, received=100.0, started=101.0)
    made = timeline(task, 200.0, 50)
    assert "silent" in rows(made)[0]
    assert rows(made)[1].endswith("○")
    assert plain(made.heading) == "lost after 1m40s"


def test_a_missed_task_says_that_its_end_was_not_seen() -> None:
    task = Task(id="a", seq=1, state=TaskState.MISSED, received=100.0, started=101.0)
    made = timeline(task, 200.0, 50)
    assert rows(made)[1].endswith("?")
    assert plain(made.heading) == "outcome unknown for 1m40s"


def test_clocks_that_disagree_do_not_turn_time_round() -> None:
    task = Task(
        id="a", seq=1, state=TaskState.SUCCESS, sent=100.25, received=100.0, started=100.1,
        finished=103.0,
    )  # fmt: skip
    points = life(task, 200.0)
    assert [point.word for point in points] == ["sent", "received", "started", "success"]
    assert [point.at for point in points] == sorted(point.at for point in points)


def test_a_stamp_of_another_clock_is_left_out_and_says_why() -> None:
    task = Task(
        id="a", seq=1, state=TaskState.SUCCESS, sent=3701.0, received=100.0, started=101.0,
        finished=103.0,
    )  # fmt: skip
    assert [point.word for point in life(task, 9000.0)] == ["received", "started", "success"]
    legend, *_ = rows(timeline(task, 9000.0, 90, utc=True))
    assert legend.endswith("wait – clocks differ by 1h00m")


def test_a_clock_that_is_known_to_be_off_is_corrected() -> None:
    extra = TaskExtra(client_shift=3600.0, worker_shift=-60.0)
    task = Task(
        id="a", seq=1, state=TaskState.STARTED, sent=4600.0, received=942.0, started=944.0,
        extra=extra,
    )  # fmt: skip
    made = timeline(task, 1010.0, 90, utc=True)
    assert [(point.word, point.at) for point in life(task, 1010.0)] == [
        ("sent", 1000.0),
        ("received", 1002.0),
        ("started", 1004.0),
        ("now", 1010.0),
    ]
    legend, _, _, clocks = rows(made)
    assert "in queue 2.00s" in legend
    assert "~ worker clock 1m00s behind, corrected" in legend
    assert clocks.split()[0] == "~00:16:40.000"


@pytest.mark.parametrize("state", [TaskState.STARTED, TaskState.SUCCESS, TaskState.REVOKED])
def test_the_time_until_the_eta_is_a_phase_of_its_own(state: TaskState) -> None:
    started = None if state is TaskState.REVOKED else 1062.0
    task = Task(
        id="a", seq=1, state=state, sent=1000.0, received=1001.0, started=started,
        finished=1070.0 if state.finished else None, extra=TaskExtra(eta=1060.0),
    )  # fmt: skip
    points = life(task, 1070.0)
    assert [(point.word, point.then) for point in points[:3]] == [
        ("sent", "queue"),
        ("received", "eta"),
        ("ETA", "worker"),
    ]
    legend, *_ = rows(timeline(task, 1070.0, 120))
    assert "┄┄ until ETA 59.0s" in legend


def test_before_its_eta_a_task_only_waits_for_that() -> None:
    extra = TaskExtra(eta=1060.0)
    held = Task(id="a", seq=1, state=TaskState.RECEIVED, received=1001.0, extra=extra)
    queued = Task(id="a", seq=1, state=TaskState.SENT, sent=1000.0, extra=extra)
    assert [(p.word, p.then) for p in life(held, 1010.0)][:-1] == [("received", "eta")]
    assert [(p.word, p.then) for p in life(queued, 1010.0)][:-1] == [("sent", "eta")]
    late = life(queued, 1100.0)
    assert [(p.word, p.then) for p in late][:-1] == [("sent", "eta"), ("ETA", "queue")]
    # A retry is received at once and held until its back-off is over.
    again = Task(
        id="a", seq=1, state=TaskState.RECEIVED, sent=1000.0, received=1020.1,
        extra=TaskExtra(eta=1060.0, retried=1020.0, attempts=(Attempt(1020.0, "E()", None),)),
    )  # fmt: skip
    assert [(p.word, p.then) for p in life(again, 1070.0)][:-1] == [
        ("sent", "before"),
        ("retry", "countdown"),
        ("received", "eta"),
        ("ETA", "worker"),
    ]


def test_the_first_and_the_last_label_win_where_room_is_short() -> None:
    _, _, names, clocks = rows(timeline(failed(), 1020.0, 30, utc=True))
    assert names.split() == ["sent", "failure"]
    assert clocks.split() == ["00:16:41.131", "00:16:52.031"]


def test_ascii() -> None:
    legend, bar, _, _ = rows(timeline(failed(), 1020.0, 60, glyphs=ASCII))
    assert legend.startswith(".. in queue 8.71s")
    assert bar.isascii()
    assert bar[0] == "."
    assert bar[-1] == "x"


@pytest.mark.parametrize("width", [24, 40, 60])
def test_a_long_legend_goes_on_in_the_next_row(width: int) -> None:
    made = timeline(failed(), 1020.0, width)
    assert len(made.legend) > 1
    text = " ".join(plain(row) for row in made.legend)
    for part in ("in queue 8.71s", "in worker 990ms", "running 1.20s"):
        assert part in text


@settings(max_examples=150)
@given(
    st.sampled_from(list(TaskState)),
    st.tuples(times, times, times, times, times, times),
    st.none() | st.floats(-10, 1e6),
    st.lists(st.floats(BASE, BASE + 1e5), max_size=3),
    st.integers(1, 120),
    st.booleans(),
)
def test_any_times_and_any_width_give_rows_of_exactly_that_width(
    state: TaskState,
    known: tuple[float | None, ...],
    runtime: float | None,
    tries: list[float],
    width: int,
    ascii_: bool,
) -> None:
    sent, received, started, finished, retried, revoked = known
    extra = TaskExtra(
        retried=retried,
        revoked=revoked,
        attempts=tuple(Attempt(at, None, None) for at in tries),
    )
    task = Task(
        id="a", seq=1, state=state, sent=sent, received=received, started=started,
        finished=finished, runtime=runtime, extra=extra,
    )  # fmt: skip
    made = timeline(task, BASE + 50.0, width, glyphs=ASCII if ascii_ else UNICODE)
    for row in made.rows():
        assert span_width(row) == width
        assert plain(row).isprintable()
    moments = [point.at for point in life(task, BASE + 50.0)]
    assert moments == sorted(moments)
