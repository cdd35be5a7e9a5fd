"""What no store holds and the monitor shows is in an event log, and told again."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from celery import Celery
from msgspec.structs import replace

from celerytui.demo.sample import NOW
from celerytui.engine import Engine
from celerytui.engine.beside import ENTRIES_A_SECOND, Beside
from celerytui.model import (
    Blockage,
    Entry,
    Finding,
    Interval,
    Item,
    Outcome,
    Redelivery,
    Reply,
    ScheduleReading,
)
from celerytui.settings import DEFAULTS, Keeping
from tests.ui.schedule_sample import entry, sample_entries, sample_reading
from tests.unit.event_log import SECRET, read, write

LOST = {"order-1": Redelivery(True, NOW + 60, "visibility timeout"), "order-2": Redelivery(None)}
SENT = Outcome(
    "task.revoke",
    ("order-1",),
    (Reply("web@srv", True, "revoked"),),
    NOW - 60,
    NOW - 59,
    params={"args": "[42]", "card": "lovelace"},
    items=(Item("order-1", True, "revoked"),),
)
FOUND = Finding("task.revoke", NOW - 60, NOW - 50, False, "order-1 still running")


def an_engine(tmp_path: Path) -> Engine:
    app = Celery("shop", broker="memory://", set_as_current=False)
    engine = Engine(app, DEFAULTS, headless=True)
    engine.log.path = tmp_path / "actions.jsonl"
    return engine


def busy(engine: Engine) -> None:
    """Have all of it be there."""
    engine.broker.blockage = Blockage("the broker is full", {})
    engine.broker.take_redeliveries(LOST)
    engine.surveys.error = f"no answer from redis://user:{SECRET}@srv/0"
    engine.reception.when_late = "Redis ends a subscription"
    engine.store.failures.take_resolved({"group": NOW})
    engine.schedule.reading = sample_reading()


def parts(engine: Engine) -> list[Any]:
    """All that is known of it there."""
    entries = [
        replace(one, plan=replace(one.plan, args=(), kwargs={}))
        for one in engine.schedule.reading.entries
    ]
    return [
        engine.broker.blockage,
        {id: engine.broker.redelivery(id) for id in (*LOST, "order-3")},
        engine.reception.when_late,
        engine.store.failures.resolved,
        replace(engine.schedule.reading, entries=tuple(entries)),
        [(one.action, one.summary, one.ok, one.items) for one in engine.log.entries()],
    ]


def told(path: Path, found: Iterable[tuple[str, Any]], beside: Beside, **options: Any) -> None:
    """Write it into a log, and tell what is read there."""
    write(path, [Entry(NOW, what, (known,)) for what, known in found], **options)
    for one in read(path):
        beside.tell(one.what, one.args[0])


def test_it_is_told_again_as_it_was(tmp_path: Path) -> None:
    live, again = an_engine(tmp_path), an_engine(tmp_path / "none")
    busy(live)
    live.log.record(SENT)
    live.log.find(FOUND)
    told(tmp_path / "x.jsonl.zst", live.beside().standing(), again.beside())
    assert parts(again) == parts(live)
    assert again.surveys.error == "no answer from redis://user:**@srv/0"
    again.store.forget()
    again.beside().forget()
    assert parts(again) == parts(an_engine(tmp_path / "none"))


def test_what_changes_is_told_once(tmp_path: Path) -> None:
    live, again = an_engine(tmp_path), an_engine(tmp_path / "none")
    beside, actions = live.beside(), []
    beside.listen(lambda what, known: actions.append((what, known)))
    first = list(beside.changes(0.0))
    assert list(beside.changes(1.0)) == []
    busy(live)
    live.log.record(SENT)
    live.log.find(FOUND)
    more = list(beside.changes(2.0))
    assert sorted(what for what, _ in more) == [
        "blockage", "redelivered", "resolved", "schedule", "unasked", "when_late",
    ]  # fmt: skip
    engine_now = live.schedule.reading
    late, *others = engine_now.entries
    live.schedule.reading = replace(engine_now, entries=(replace(late, late_by=80.0), *others))
    acknowledged = Redelivery(False, why="acknowledged")
    live.broker.take_redeliveries({"order-1": None, "order-2": acknowledged})
    last = list(beside.changes(3.0))
    changes = dict(last)
    assert [place for place, _ in changes["schedule"].entries] == [0]
    assert changes["redelivered"] == {"order-1": None, "order-2": acknowledged}
    told(tmp_path / "x.jsonl.zst", [*first, *more, *actions, *last], again.beside())
    assert parts(again) == parts(live)


def test_many_changes_of_a_schedule_wait_for_each_other(tmp_path: Path) -> None:
    live, beside = an_engine(tmp_path), an_engine(tmp_path / "none").beside()
    recorder = live.beside()
    seconds, count, told_entries = 10, 4 * ENTRIES_A_SECOND, 0
    many = tuple(entry(f"e-{number}", "shop.pay", Interval(60.0)) for number in range(count))
    for turn in range(seconds):
        reading = sample_reading(*(replace(one, late_by=float(turn)) for one in many))
        live.schedule.reading = replace(reading, at=NOW + turn)
        for what, known in recorder.changes(float(turn)):
            if what == "schedule":
                told_entries += len(known.entries)
                beside.tell(what, known)
    assert told_entries <= (seconds + 4) * ENTRIES_A_SECOND
    assert beside._schedule.reading.entries[-1].late_by is not None


def test_fewer_entries_than_before_are_fewer(tmp_path: Path) -> None:
    live, again = an_engine(tmp_path), an_engine(tmp_path / "none")
    recorder, beside = live.beside(), again.beside()
    for turn, entries in enumerate((sample_entries(), sample_entries()[3:5], ())):
        live.schedule.reading = ScheduleReading(NOW, NOW, entries=entries)
        for what, known in recorder.changes(float(turn * 60)):
            beside.tell(what, known)
        assert again.schedule.reading == live.schedule.reading


def test_nothing_is_named_without_names_and_no_secret_is_kept(tmp_path: Path) -> None:
    live, again = an_engine(tmp_path), an_engine(tmp_path / "none")
    busy(live)
    live.log.record(SENT)
    live.log.find(FOUND)
    path, plain = tmp_path / "x.jsonl.zst", tmp_path / "y.jsonl.zst"
    told(path, live.beside().standing(), again.beside(), anonymise=True)
    said = "".join(map(repr, itertools.chain(read(path), parts(again)[2:])))
    named = ("order", "srv", "web", "lovelace", "inventory", "billing", "warehouse", "shop", SECRET)
    assert [name for name in named if re.search(name, said)] == []
    theirs, ours = again.schedule.reading.entries, live.schedule.reading.entries
    assert [one.standing for one in theirs] == [one.standing for one in ours]
    assert [one.ok for one in again.log.entries()] == [False]
    redacted = DEFAULTS._replace(keeping=Keeping(redact=("args", "kwargs")))
    told(plain, live.beside().standing(), an_engine(tmp_path / "none").beside(), settings=redacted)
    said = "".join(map(repr, read(plain)))
    assert [name for name in (SECRET, "[42]", "(200", "[200", "False}") if name in said] == []


def test_actions_of_another_app_are_not_in_it(tmp_path: Path) -> None:
    live = an_engine(tmp_path)
    live.log._app = "other"
    live.log.record(SENT)
    assert [what for what, _ in live.beside().standing() if what == "action"] == []
