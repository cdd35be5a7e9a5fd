"""The actions on entries: what they send and write, and the look at what came of them."""

from __future__ import annotations

from typing import Any

import pytest
from celery.beat import BeatLazyFunc

from celerytui.control.lookback import Judged, Seen, finding
from celerytui.control.registry import action
from celerytui.control.schedule import options_of, value_now
from celerytui.errors import UsageError
from celerytui.model import Finding, Item, Outcome, PlannedEntry, ScheduleEntry
from tests.unit.schedule_plans import plan

NOW = 1_795_750_000.0


def outcome(id: str, *items: Item, **params: str) -> Outcome:
    targets = tuple(item.target for item in items)
    return Outcome(id, targets, (), NOW, NOW + 1, None, items, params)


def afterwards(done: Outcome, *plans: PlannedEntry, **more: Any) -> tuple[bool | None, str]:
    """What is found some seconds later, where the schedule has these entries then."""
    found = found_of(done, *plans, **more)
    assert found is not None
    return found.ok, found.text


def found_of(
    done: Outcome, *plans: PlannedEntry, came: Judged | None = None, **more: Any
) -> Finding | None:
    entries = {one.name: ScheduleEntry(plan=one, **more) for one in plans}
    look = action(done.action).look
    assert look is not None
    seen = Seen(NOW + 6, {}, {}, entry=entries.get, came_of=lambda name: came)
    return finding(look, done, seen)


def test_what_was_disabled_is_looked_at_again() -> None:
    done = outcome("entry.disable", Item("sync", True, "written"))
    assert afterwards(done, plan(enabled=False))[0] is True
    assert afterwards(done, plan()) == (False, "sync: not disabled when read again")
    back = outcome("entry.enable", Item("sync", True, "written"))
    assert afterwards(back, plan())[0] is True
    assert afterwards(back, plan(enabled=False))[0] is False
    # It was not read since.
    assert afterwards(back) == (None, "sync: not read again yet")
    assert found_of(outcome("entry.enable", Item("sync", False, "no answer")), plan()) is None


def test_what_beat_was_asked_to_send_is_looked_at_again() -> None:
    done = outcome("entry.run_now", Item("sync", True, "due now"), by="beat")
    assert afterwards(done, plan(), last_run_at=NOW + 2) == (True, "beat sent it")
    for before in (60.0, 0.5):
        ok, text = afterwards(done, plan(), last_run_at=NOW - before)
        assert ok is None
        assert text.startswith("sync: not sent yet")
    failed = outcome("entry.run_now", Item("sync", False, "no entry"), by="beat")
    assert found_of(failed, plan(), last_run_at=NOW + 2) is None


def test_what_the_source_knows_of_it_is_said() -> None:
    done = outcome("entry.run_now", Item("sync", True, "due now"), by="beat")
    for came in ((True, "beat sent it"), (False, "it is overwritten"), (None, "not sent yet")):
        text = came[1] if came[0] else f"sync: {came[1]}"
        assert afterwards(done, plan(), came=came) == (came[0], text)
    # What was seen in events goes first.
    assert afterwards(done, plan(), came=(None, "no"), last_run_at=NOW + 1)[0] is True


def test_only_what_beat_is_asked_for_is_waited_for() -> None:
    look = action("entry.run_now").look
    assert look is not None
    own, beats = (outcome("entry.run_now", by=by) for by in ("celerytui", "beat"))
    assert (look.patience(own), look.patience(beats)) == (0.0, 60.0)


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ({"a": "", "b": "disabled"}, {}),
        ({"a": "it is over"}, {"beat": "beat cannot send it: it is over"}),
        ({"a": "x", "b": "x"}, {"beat": "beat cannot send them: x"}),
        ({"a": "x", "b": "y"}, {"beat": "beat cannot send them: x, and others"}),
    ],
)
def test_beat_is_no_choice_where_it_sends_none(reasons: dict[str, str], said: Any) -> None:
    class Reasons:
        def why_not_soon(self, name: str) -> str:
            return reasons[name]

    (param,) = action("entry.run_now").params
    assert param.ruled_out is not None
    assert param.ruled_out(Reasons(), tuple(reasons)) == said


def test_an_entry_is_sent_with_its_own_options() -> None:
    own = {"queue": "high", "expires": 5.0, "headers": {"a": 1}, "time_limit": 9, "link": "x"}
    assert options_of(plan(options={**own, "priority": None, "retry": True})) == own


def test_of_what_can_be_called_only_celerys_own_is() -> None:
    called: list[str] = []

    def lazy() -> int:
        called.append("lazy")
        return 7

    assert value_now(BeatLazyFunc(lazy)) == 7
    assert value_now(called.clear) == called.clear
    assert value_now(dict) is dict
    assert called == ["lazy"]


class Entries:
    """A schedule whose source refuses changes."""

    def __init__(self) -> None:
        self.read = 0

    def set_enabled(self, name: str, enabled: bool) -> str:
        raise UsageError("app.conf cannot enable or disable entries")

    def read_now(self) -> None:
        self.read += 1


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_source_that_cannot_says_so(cancelled: bool) -> None:
    from celerytui.control.action import Call

    entries, pidbox = Entries(), object()
    call: Any = Call(
        app=None,
        pidbox=pidbox,  # type: ignore[arg-type]  # nothing is asked of workers
        targets=("sync",),
        params={},
        values={},
        workers=(),
        cancelled=lambda: cancelled,
        entries=entries,
    )
    (item,) = action("entry.disable").run(call).items
    wanted = (
        (None, "cancelled") if cancelled else (False, "app.conf cannot enable or disable entries")
    )
    assert (item.ok, item.text) == wanted
    assert entries.read == 1
