"""The groups of a task that is opened: its members and a chord's progress, in its tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from celerytui.control import Scope
from celerytui.demo.sample import NOW
from celerytui.model import Event, StoredGroup, Task, TaskGroups, TaskState
from celerytui.ui.messages import RowOpened
from celerytui.ui.views.task import links
from celerytui.ui.views.task.relatives import relative_line
from tests.ui.fake_engine import FakeEngine, fake_app
from tests.ui.pilot import Driver, driven

pytestmark = pytest.mark.slow

GROUP = "3fa0b6aa-0000-4000-8000-000000000c11"
FEED = "7be1cccc-0000-4000-8000-00000000040d"
ORDERS = [f"{number}b21dddd-0000-4000-8000-0000000007f{number}" for number in range(7)]
STORED = f"{7}b21dddd-0000-4000-8000-0000000007f7"
SILENT = f"{8}b21dddd-0000-4000-8000-0000000007f8"
CHORD = StoredGroup(
    GROUP, (*ORDERS, STORED, SILENT), missing=4, size=11, partial=True, parent_id=FEED
)
KEPT = Task(STORED, 0, TaskState.SUCCESS, "orders.import_order", started=NOW - 9, finished=NOW - 5)


def _life(
    task_id: str, name: str, at: float, parent: str | None, *ends: str, **fields: Any
) -> Iterator[Event]:
    """A task that is received, and these steps of it, a second after each other."""
    yield Event(
        "task-received", "celery@web1", at, uuid=task_id, name=name, root_id=FEED, parent_id=parent
    )
    for step, kind in enumerate(ends, 1):
        more: dict[str, Any] = {"runtime": 4.02, "result": "12"} if kind == "succeeded" else {}
        more |= {"exception": "KeyError('sku')"} if kind == "failed" else {}
        yield Event(f"task-{kind}", "celery@web1", at + step, uuid=task_id, **more)


def workflow() -> list[Event]:
    """A task that sent a chord of eleven: what events say of it, which is not all."""
    events = [*_life(FEED, "orders.fetch_feed", NOW - 30, None, "started", "succeeded")]
    ends = [("started", "succeeded")] * 4 + [("started", "failed"), ("started",), ()]
    for number, (order, steps) in enumerate(zip(ORDERS, ends, strict=True)):
        events += _life(order, "orders.import_order", NOW - 20 + number, FEED, *steps)
    events += _life("5d1ceeee-0000-4000-8000-000000000e80", "search.index", NOW - 12, ORDERS[1])
    return events


def answer(task_id: str, *groups: StoredGroup, **more: Any) -> TaskGroups:
    return TaskGroups(task_id, NOW, groups or (CHORD,), (KEPT,), **more)


async def _opened(at: Driver, task_id: str) -> None:
    at.app.main.post_message(RowOpened(Scope.TASK, task_id))
    await at.pilot.pause()
    await at.press("G")


def _tree(at: Driver) -> list[str]:
    """The rows of the links, without the frame and the room between words."""
    lines = [" ".join(line.strip("│┃ ").split()) for line in at.screen_text().splitlines()]
    (head,) = [at for at, line in enumerate(lines) if line.startswith("Links")]
    return [line for line in lines[head:] if line and not line.startswith("╰")]


async def test_a_chord_stands_in_the_tree_with_its_members_and_how_far_it_is() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[ORDERS[0]] = answer(ORDERS[0])
        await _opened(at, ORDERS[0])
        head, sender, group, *rest = _tree(at)
        assert head.endswith("11 tasks groups as of 10:04:12")
        assert "orders.fetch_feed" in sender
        assert "group 3fa0…c11 11 members, 7 done, 4 still to come 1 failed" in group
        assert group.endswith("━━━━━━─── 63%")
        assert "orders.import_order this task" in rest[0]
        assert "search.index" in rest[2]
        assert rest[6].endswith("5b21…7f5 started 14.0s…")
        assert rest[7].endswith("6b21…7f6 received")
        assert "✓ orders.import_order 7b21…7f7 success 4.00s" in rest[8]
        assert "– name unknown 8b21…7f8 not known" in rest[9]
        assert rest[10].endswith("and 2 more, ids not known")
        assert at.engine.asked_groups == [(ORDERS[0], FEED)]


async def test_it_goes_on_with_the_events_of_its_members() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        counted = StoredGroup(GROUP, tuple(ORDERS), missing=2, size=7)
        at.engine.groups[FEED] = TaskGroups(FEED, NOW, (counted,))
        await _opened(at, FEED)
        assert "7 members, 5 done, 2 still to come" in _tree(at)[2]
        for order in ORDERS[5:]:
            await at.news(
                Event("task-succeeded", "celery@web1", NOW, uuid=order, runtime=1.0, result="1")
            )
        assert "7 members, 7 done 1 failed" in _tree(at)[2]
        assert len(at.engine.asked_groups) == 1


async def test_nothing_is_asked_while_the_cursor_goes_through_a_table() -> None:
    async with driven((200, 60)) as at:
        await at.news(*workflow())
        await at.press("j", "j", "j", "k", "2", "j", "j")
        assert at.engine.asked_groups == []
        await at.press("enter")
        assert len(at.engine.asked_groups) == 1
        await at.news()
        await at.press("j", "k", "escape", "j")
        assert len(at.engine.asked_groups) == 1


async def test_it_says_that_it_asks_and_what_failed_and_w_asks_again() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[FEED] = None
        await _opened(at, FEED)
        assert _tree(at)[-1] == "asking the result backend for its group"
        await at.press("w")
        assert len(at.engine.asked_groups) == 1


async def test_what_the_backend_said_before_stays_when_it_fails() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[FEED] = answer(FEED)
        await _opened(at, FEED)
        at.engine.groups[FEED] = TaskGroups(FEED, NOW + 60, error="result backend: timed out")
        await at.press("w", "G")
        assert "11 members" in at.screen_text()
        assert "groups as of 10:04:12" in at.screen_text()
        assert _tree_end(at) == "! result backend: timed out"


@pytest.mark.parametrize("size", [(140, 60), (80, 24)])
async def test_a_backend_that_fails_is_a_row_in_words(size: tuple[int, int]) -> None:
    async with driven(size) as at:
        await at.news(*workflow())
        why = "result backend redis://: Connection \x1brefused"
        at.engine.groups[FEED] = TaskGroups(FEED, NOW, error=why)
        await _opened(at, FEED)
        assert _tree_end(at).startswith("! result backend redis://: Connection")
        assert "\x1b" not in at.screen_text()
        at.engine.groups[FEED] = answer(FEED)
        await at.press("w", "G")
        assert "ids not known" in at.screen_text()
        assert [one for one, _ in at.engine.asked_groups] == [FEED, FEED]


def _tree_end(at: Driver) -> str:
    lines = [" ".join(line.strip("│┃ ").split()) for line in at.screen_text().splitlines()]
    return [line for line in lines if line and not line.startswith("╰")][-1]


async def test_members_are_opened_like_relatives_whether_or_not_they_are_known() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[FEED] = answer(FEED)
        await _opened(at, FEED)
        await at.press("left_square_bracket", "enter")
        assert at.app.main.detail.current_task == SILENT
        assert "No event of this task yet" in at.screen_text()
        await at.press("escape", "G")
        await at.click(at.app.main.detail, "7b21…7f7")
        assert at.app.main.detail.current_task == STORED


async def test_a_chord_that_is_over_keeps_the_members_that_it_had() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[ORDERS[1]] = answer(ORDERS[1])
        await _opened(at, ORDERS[1])
        only_named = StoredGroup(GROUP, (ORDERS[0],), partial=True)
        at.engine.groups[ORDERS[0]] = answer(ORDERS[0], only_named)
        await _opened(at, ORDERS[0])
        assert "11 members, 6 done, 2 still to come, 3 not known" in _tree(at)[2]
        assert len(at.engine.asked_groups) == 2


async def test_a_chords_body_is_marked_and_stands_after_the_members() -> None:
    total = "6f4acccc-0000-4000-8000-000000000e81"
    async with driven((140, 60)) as at:
        events = [*_life(total, "orders.total", NOW - 5, ORDERS[1], "started", "succeeded")]
        await at.news(*workflow(), *events)
        found = answer(total, StoredGroup(GROUP, (ORDERS[1],), partial=True, body=(total,)))
        at.engine.groups[total] = TaskGroups(total, NOW, found.groups)
        await _opened(at, total)
        rows = _tree(at)
        (group,) = [row for row in rows if "group 3fa0…c11 members not known" in row]
        header, index, body = rows[rows.index(group) + 1 :][:3]
        assert "├─ ✓ orders.import_order 1b21…7f1" in header
        assert "search.index" in index
        assert "└─ ✓ orders.total this task chord body" in body
        # It stays so seen from a member, whose own answer does not know it.
        at.engine.groups[ORDERS[0]] = TaskGroups(
            ORDERS[0], NOW, (StoredGroup(GROUP, (ORDERS[0],), partial=True),)
        )
        await _opened(at, ORDERS[0])
        rows = _tree(at)
        (body,) = [row for row in rows if "orders.total" in row]
        assert "orders.total chord body" in body
        ids = [row for row in rows if "0b21…7f0" in row or "1b21…7f1" in row]
        assert len(ids) == 2
        assert max(map(rows.index, ids)) < rows.index(body)


async def test_where_only_the_task_names_its_group_the_others_are_not_made_up() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        named = StoredGroup(GROUP, (ORDERS[0],), partial=True)
        at.engine.groups[ORDERS[0]] = answer(ORDERS[0], named)
        await _opened(at, ORDERS[0])
        (group,) = [line for line in _tree(at) if "group " in line]
        assert group.endswith("group 3fa0…c11 members not known to the result backend")


async def test_a_task_sent_as_a_group_of_itself_has_no_group() -> None:
    async with driven((140, 60)) as at:
        await at.news(*workflow())
        at.engine.groups[FEED] = answer(FEED, StoredGroup(GROUP, (FEED,)))
        await _opened(at, FEED)
        assert not [line for line in _tree(at) if "group" in line]


async def test_offline_nothing_is_asked() -> None:
    async with driven((140, 60), offline=True) as at:
        await at.news(*workflow())
        await _opened(at, FEED)
        assert at.engine.asked_groups == []
        assert "asking" not in at.screen_text()


LOOKS: dict[str, dict[str, Any]] = {
    "dark": {},
    "light": {"theme": "light"},
    "mono": {"theme": "mono"},
    "ascii": {"ascii": True},
}


def _compared(
    snap_compare: Callable[..., bool], size: tuple[int, int], keys: Sequence[str], **options: Any
) -> bool:
    app = fake_app(**options)
    engine = app.engine
    assert isinstance(engine, FakeEngine)
    engine.groups[ORDERS[2]] = answer(ORDERS[2])

    async def opened(pilot: Any) -> None:
        at = Driver(app, pilot)
        await at.news(*workflow())
        await _opened(at, ORDERS[2])
        await at.press(*keys)

    return snap_compare(app, run_before=opened, terminal_size=size)


@pytest.mark.parametrize("look", LOOKS)
def test_group(snap_compare: Callable[..., bool], look: str) -> None:
    assert _compared(snap_compare, (140, 40), ("right_square_bracket",), **LOOKS[look])


@pytest.mark.parametrize("look", ["dark", "ascii"])
def test_group_where_there_is_little_room(snap_compare: Callable[..., bool], look: str) -> None:
    assert _compared(snap_compare, (80, 24), (), **LOOKS[look])


async def test_of_a_long_tree_only_the_rows_in_sight_are_drawn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members = [f"{number:08x}-0000-4000-8000-0000000007f1" for number in range(150)]
    events = [*_life(FEED, "orders.fetch_feed", NOW - 30, None, "started")]
    for one in members:
        events += _life(one, "orders.import_order", NOW - 20, FEED, "started", "succeeded")
    drawn: list[str] = []

    def line(session: Any, prefix: str, node: Any, *more: Any, **which: Any) -> Any:
        drawn.append(node.id)
        return relative_line(session, prefix, node, *more, **which)

    monkeypatch.setattr(links, "relative_line", line)
    async with driven((140, 40)) as at:
        await at.news(*events)
        at.engine.groups[FEED] = answer(FEED, StoredGroup(GROUP, tuple(members), parent_id=FEED))
        await _opened(at, FEED)
        drawn.clear()
        await at.press("k", "j")
        assert members[-1] in drawn
        assert members[0] not in drawn
        assert len(set(drawn)) < 40
        assert _tree_end(at).endswith("success 4.02s")
