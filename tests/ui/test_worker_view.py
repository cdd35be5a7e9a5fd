"""The view of one worker: its panes, what is asked of it and when."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from textual.geometry import Region, Size

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.demo.traffic import BILL, GPU, WEB
from celerytui.model import Batch, Blockage, Event, Outcome, Reply, Section, Survey, TaskState
from celerytui.query.parse import LENGTH_LIMIT
from celerytui.store import Store
from celerytui.ui.inspection_cache import FRESH_SECONDS
from celerytui.ui.messages import RowOpened
from celerytui.ui.panes.pane import Pane
from celerytui.ui.views.layout import Needs
from celerytui.ui.views.queues.list import QueueList
from celerytui.ui.views.worker.chart import WorkerThroughput
from celerytui.ui.views.worker.facts import WorkerFacts, format_memory
from celerytui.ui.views.worker.running import WorkerRunning
from celerytui.ui.views.worker.sections import PARTS, WorkerSections
from celerytui.ui.views.worker.view import WorkerView
from celerytui.ui.views.worker.waiting import WorkerWaiting
from tests.ui.pilot import Driver, driven, rows

pytestmark = pytest.mark.slow

WORKER_PANES = [pane.name for pane in WorkerView.panes]


async def _open(at: Driver, hostname: str = BILL) -> None:
    """Open the view of a worker from the list."""
    await at.press("3", "j")
    at.app.main.post_message(RowOpened(Scope.WORKER, hostname))
    await at.pilot.pause()


def _drawn(at: Driver, pane: type[Pane]) -> str:
    return "\n".join(rows(at.app.main.body.query_one(pane)))


async def test_enter_on_a_worker_opens_it_and_escape_goes_back() -> None:
    async with driven() as at:
        await at.press("3", "j", "enter")
        assert (at.app.main.navigator.view.name, at.app.session.worker) == ("worker", BILL)
        assert at.app.main.body.query_one(WorkerRunning).has_focus
        await at.press("escape")
        assert at.app.main.navigator.view.name == "workers"


async def test_the_running_tasks_stand_longest_first_and_enter_opens_one() -> None:
    async with driven() as at:
        await _open(at)
        running = at.app.main.body.query_one(WorkerRunning)
        begun = [task.started for task in running.window(0, running.length())]
        assert len(begun) == 14
        assert begun == sorted(begun, key=lambda started: started or 0)
        assert {task.state for task in running.window(0, 14)} == {TaskState.STARTED}
        await at.press("j", "enter")
        assert at.app.main.navigator.view.name == "task"
        assert at.app.main.detail.task_id == running.shown[0]
        await at.press("escape")
        assert at.app.main.navigator.view.name == "worker"


async def test_a_task_that_takes_long_for_its_kind_is_told() -> None:
    async with driven((140, 40)) as at:
        await _open(at)
        rows = [line for line in _drawn(at, WorkerRunning).splitlines() if "billing" in line]
        assert "2.6 ×" in rows[0]
        assert "×" not in rows[-1]


async def test_keys_are_about_the_task_under_the_cursor_or_else_the_worker() -> None:
    async with driven() as at:
        await _open(at)
        await at.press("D")
        await at.press("y")
        assert at.engine.submitted.pop() == ("worker.shutdown", (BILL,), {})
        await at.press("j", "K", "y")
        name, targets, _ = at.engine.submitted.pop()
        assert name == "task.terminate"
        assert targets == (at.app.main.body.query_one(WorkerRunning).shown[0],)


async def test_only_what_is_looked_at_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    async with driven() as at:

        def inspect(hostname: str, section: str, done: Callable[[Section], None]) -> None:
            asked.append(section)

        monkeypatch.setattr(at.engine, "inspect", inspect)
        await _open(at)
        assert sorted(set(asked)) == ["active_queues", "registered", "scheduled", "stats"]
        assert len(asked) == len(set(asked))
        assert "asking" in _drawn(at, WorkerSections)
        at.app.main.body.query_one(WorkerSections).focus()
        await at.press("[")
        assert asked[-1] == "conf"
        asked.clear()
        await at.press("w")
        assert sorted(asked) == ["active_queues", "conf", "scheduled", "stats"]


async def test_an_old_answer_is_asked_for_again_when_the_page_is_opened_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    async with driven() as at:
        answer = at.engine.inspect

        def inspect(hostname: str, section: str, done: Callable[[Section], None]) -> None:
            asked.append(section)
            answer(hostname, section, done)

        monkeypatch.setattr(at.engine, "inspect", inspect)
        await _open(at)
        before = sorted(asked)
        asked.clear()
        await at.press("escape", "enter")
        assert asked == []
        monkeypatch.setattr(at.engine, "clock", lambda: NOW + FRESH_SECONDS + 1)
        await at.news()
        assert asked == []
        await at.press("escape", "enter")
        assert sorted(asked) == before


async def test_nothing_that_the_process_before_said_is_shown_of_another() -> None:
    asked: list[tuple[str, Callable[[Section], None]]] = []
    with pytest.MonkeyPatch.context() as patch:
        async with driven() as at:
            patch.setattr(at.engine, "inspect", lambda host, name, done: asked.append((name, done)))
            cache = at.app.session.answers
            cache.want("celery@w1", ("stats",), None)
            cache.want("celery@w1", ("stats",), 1)
            assert [name for name, _ in asked] == ["stats"]
            asked[0][1](Section("celery@w1", "stats", NOW, {"of": 1}))
            cache.want("celery@w1", ("stats",), 1)
            assert cache.get("stats") is not None
            cache.want("celery@w1", ("stats",), 2)
            assert cache.get("stats") is None
            asked[0][1](Section("celery@w1", "stats", NOW, {"of": 1}))  # a late answer
            assert cache.get("stats") is None
            assert [name for name, _ in asked] == ["stats", "stats"]


async def test_what_a_blocked_broker_kept_back_is_asked_for_once_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reason = "RabbitMQ blocks publishers: memory alarm"
    asked: list[str] = []
    async with driven() as at:
        answer = at.engine.inspect

        def inspect(hostname: str, section: str, done: Callable[[Section], None]) -> None:
            asked.append(section)
            if at.engine.broker.blockage is None:
                answer(hostname, section, done)
            else:
                done(Section(hostname, section, NOW, error=reason))

        monkeypatch.setattr(at.engine, "inspect", inspect)
        at.engine.broker.blockage = Blockage(reason, silences=True)
        await _open(at)
        assert reason in re.sub("[\\s│]+", " ", _drawn(at, WorkerSections))
        before = sorted(asked)
        asked.clear()
        await at.news()
        assert asked == []
        at.engine.broker.blockage = None
        await at.news()
        assert sorted(asked) == before
        assert reason not in re.sub("[\\s│]+", " ", _drawn(at, WorkerSections))


async def test_a_silent_worker_says_so_in_each_section_and_the_rest_is_shown() -> None:
    async with driven() as at:
        await _open(at, GPU)
        assert "no reply within 1 s" in _drawn(at, WorkerSections)
        assert "no reply within 1 s" in _drawn(at, WorkerFacts)
        assert "lost" in _drawn(at, WorkerFacts)
        await at.press("1")
        assert at.app.main.navigator.view.name == "dashboard"


async def test_an_answer_that_fails_to_come_again_leaves_the_old_one_with_its_age() -> None:
    async with driven() as at:
        await _open(at)
        before = _drawn(at, WorkerSections)
        assert "billing.dunning" in before
        at.engine.answers["registered"] = Section(BILL, "registered", NOW + 5, error="no answer")
        at.app.session.answers.refresh()
        at.app.main.repaint()
        after = _drawn(at, WorkerSections)
        assert "billing.dunning" in after
        assert "no answer" in after


@pytest.mark.parametrize("part", range(len(PARTS)), ids=[part.title for part in PARTS])
async def test_every_section_is_drawn_and_reached_with_a_key(part: int) -> None:
    async with driven() as at:
        await _open(at)
        sections = at.app.main.body.query_one(WorkerSections)
        sections.focus()
        await at.press(*["]"] * part)
        assert sections.part is PARTS[part]
        assert PARTS[part].title in _drawn(at, WorkerSections)


@pytest.mark.parametrize(
    "data", [None, 3, "text", [1, None, {}], {"a": [1]}, [["x"]], {"total": 7}]
)
async def test_no_answer_is_too_odd(data: object) -> None:
    async with driven() as at:
        for part in PARTS:
            at.engine.answers[part.name] = Section(BILL, part.name, NOW, data=data)
        await _open(at)
        at.app.main.body.query_one(WorkerSections).focus()
        for _ in PARTS:
            await at.press("]")
        assert at.app.is_running


async def test_limits_are_set_for_the_name_under_the_cursor_on_this_worker() -> None:
    async with driven() as at:
        await _open(at)
        at.app.main.body.query_one(WorkerSections).focus()
        await at.press("j", "j", "T", "enter", "enter", "enter", "enter")
        assert at.engine.submitted == [
            (
                "type.time_limits",
                ("billing.dunning",),
                {"soft": "60", "hard": "90", "workers": BILL},
            )
        ]


async def test_what_is_held_back_counts_down_and_does_not_count_as_waiting() -> None:
    async with driven() as at:
        await _open(at)
        drawn = _drawn(at, WorkerWaiting)
        assert "in 14s" in drawn
        assert "Scheduled for an ETA" in drawn


async def test_what_it_could_not_reply_with_is_said_to_be_unknown() -> None:
    async with driven() as at:
        pauses = {BILL: {"reserved": 15.0}}
        at.engine.store.seed(Survey(NOW, {BILL: []}, {}, {}, {}, {}, unsent=pauses))
        await _open(at)
        assert "it could not reply" in _drawn(at, WorkerWaiting)


async def test_what_was_asked_of_it_stands_there() -> None:
    async with driven() as at:
        done = Outcome(
            "worker.pool_grow", (BILL,), (Reply(BILL, False, "not with this pool"),), NOW, NOW
        )
        at.engine.log.record(done)
        at.app.show_outcome(done)
        await _open(at)
        text = at.screen_text()
        assert "Grow the pool" in text
        assert "not with this pool" in text


@pytest.mark.parametrize("size", [(200, 57), (140, 37), (100, 27), (80, 21), (60, 11), (40, 8)])
@pytest.mark.parametrize("focused", WORKER_PANES)
def test_the_panes_fill_the_room_and_the_one_in_focus_shows(
    size: tuple[int, int], focused: str
) -> None:
    regions = WorkerView().regions(Size(*size), Needs(focused=focused))
    assert focused in regions
    placed = list(regions.values())
    assert sum(region.area for region in placed) == size[0] * size[1]
    assert all(Region(0, 0, *size).contains_region(region) for region in placed)
    for index, one in enumerate(placed):
        assert not any(one.overlaps(other) for other in placed[index + 1 :])


async def test_tab_reaches_every_pane_also_where_room_is_short() -> None:
    async with driven((80, 24)) as at:
        await _open(at)
        seen = set()
        for _ in WORKER_PANES:
            focused = at.app.focused
            assert focused is not None
            assert focused.display
            seen.add(focused.id)
            await at.press("tab")
        assert seen == set(WORKER_PANES)


def test_memory_is_told_in_the_unit_that_fits() -> None:
    assert [format_memory(k) for k in (0.5, 900, 118_784, 1_900_000, 2.0e9)] == [
        "0.5 kB",
        "922 kB",
        "122 MB",
        "1.9 GB",
        "2.0 TB",
    ]


async def test_a_paused_view_of_another_worker_has_its_own_tasks() -> None:
    async with driven() as at:
        await _open(at)
        running = at.app.main.body.query_one(WorkerRunning)
        of_bill = {task.worker for task in running.window(0, running.length())}
        await at.press("escape", "p")
        at.app.main.post_message(RowOpened(Scope.WORKER, WEB))
        await at.pilot.pause()
        of_web = {task.worker for task in running.window(0, running.length())}
        assert (of_bill, of_web) == ({BILL}, {WEB})


async def test_a_worker_with_quotes_in_its_name_shows_its_tasks() -> None:
    async with driven() as at:
        odd = 'w"1\\@a b'
        await at.news(Event("worker-heartbeat", odd, NOW, freq=2.0))
        await _open(at, odd)
        await at.press("t")
        assert at.app.main.navigator.view.name == "tasks"
        assert at.app.session.filter_text == r'worker:"w\"1\\@a b"'


async def test_a_queue_with_quotes_in_its_name_shows_its_tasks() -> None:
    async with driven() as at:
        await at.press("4")
        at.app.main.body.query_one(QueueList).open_row('q"x')
        await at.pilot.pause()
        assert at.app.session.filter_text == r'queue:"q\"x"'


async def test_a_name_that_is_longer_than_a_filter_is_told_and_changes_nothing() -> None:
    async with driven() as at:
        await at.press("4")
        at.app.main.body.query_one(QueueList).open_row("q" * LENGTH_LIMIT)
        await at.pilot.pause()
        assert at.app.main.navigator.view.name == "queues"
        assert "cannot filter by that" in at.toasts[-1].message


async def test_more_tasks_than_its_pool_takes_are_in_doubt_and_not_running() -> None:
    store = Store(clock=lambda: NOW)
    events = [Event("worker-heartbeat", BILL, NOW, freq=2.0, active=2)]
    for id in ("a", "b", "c"):
        events.append(Event("task-received", BILL, NOW, uuid=id, name="shop.lock"))
        events.append(Event("task-started", BILL, NOW, uuid=id))
    store.apply(Batch(events, NOW))
    empty: dict[str, Any] = {BILL: []}
    stats = {BILL: {"pool": {"implementation": "prefork", "max-concurrency": 2}}}
    store.seed(Survey(NOW - 1, empty, empty, empty, stats, empty))
    async with driven(store=store) as at:
        await _open(at)
        assert "1 in doubt  2 of 2 " in _drawn(at, WorkerRunning)
        assert re.search("busy +2/2", _drawn(at, WorkerFacts))
        assert at.app.session.glance.running == 2


async def test_the_chart_has_no_line_for_failures_that_it_does_not_know() -> None:
    async with driven() as at:
        await _open(at)
        title, *chart = _drawn(at, WorkerThroughput).splitlines()
        assert " failed since " in title
        assert not any("failed" in line for line in chart)


async def test_a_lost_worker_runs_nothing_that_could_be_asked_for() -> None:
    async with driven() as at:
        worker = at.engine.health.worker(GPU)
        assert worker is not None
        assert worker.active
        await _open(at, GPU)
        drawn = _drawn(at, WorkerRunning)
        assert "No running tasks" in drawn
        assert "The worker is lost." in drawn
