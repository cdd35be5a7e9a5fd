"""An event log tells a new store what the recorded one was told, whatever happens to its files."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given, settings

from celerytui.errors import HistoryError
from celerytui.history.eventlog.parts import name_of, parts
from celerytui.history.eventlog.reader import EventLog
from celerytui.model import (
    MARK_EVENT,
    Alert,
    Batch,
    Blockage,
    Entry,
    Event,
    Link,
    LinkState,
    LostTasks,
    Moments,
    QueueDepth,
    Section,
)
from celerytui.settings import DEFAULTS, Keeping
from celerytui.store import Store, TaskOutcome, standing
from tests.unit.event_log import REPORTED, SECRET, Told, read, tell, write, writer
from tests.unit.store_stream import ALPHA, BETA, T0, beat, survey, task_event, worker_event
from tests.unit.test_store_against_state import lives

TRACE = (
    'Traceback (most recent call last):\n  File "/srv/shop/pay.py", line 7, in charge\n    go()\n'
)


def busy() -> Told:
    """A cluster of two workers in which everything happened that there is."""
    told = Told()
    told.hear(beat(0), beat(0.5, BETA), beat(2), beat(2.5, BETA))
    for at in range(40):
        id, host = f"order-{at}", (ALPHA, BETA)[at % 2]
        told.hear(
            task_event("sent", 3 + at / 10, id, "client@web", name="shop.pay", queue="high",
                       args=f"({at}, 'redis://u:{SECRET}@h/0')", kwargs="{}", root_id=id),
            task_event("received", 3.02 + at / 10, id, host, name="shop.pay", args="(1,)"),
            task_event("started", 3.05 + at / 10, id, host),
        )  # fmt: skip
        ended = task_event("succeeded", 3.09 + at / 10, id, host, result="'ok'", runtime=0.04)
        if at % 5 == 0:
            ended = task_event("failed", 3.09 + at / 10, id, host, traceback=f"{TRACE}Boom: no",
                               exception=f"CardError('{SECRET}')")  # fmt: skip
        told.hear(ended)
    store, now = told.store, told.now
    info = {"id": "asked", "name": "shop.mail", "args": "(7,)", "time_start": now - 1}
    store.seed(survey(7, active={ALPHA: [info]}, active_queues={ALPHA: [{"name": "high"}]},
                      stats={ALPHA: {"pid": 4, "pool": {"max-concurrency": 8}}}))  # fmt: skip
    store.expect_queues(["high", "low"])
    store.record_queues([QueueDepth("high", 17, 2, 1), QueueDepth("low", error="gone")], now)
    store.set_task_events(BETA, True, True)
    store.take_pings([ALPHA], [BETA], now)
    store.settling.answered(ALPHA, ["asked"], {"asked": ("active", dict(info))}, now)
    store.settling.not_held(BETA, ["order-1"], now)
    store.settling.held_back(["order-1"], now)
    store.settling.resolve([TaskOutcome("order-1", "SUCCESS", "1", None, now)])
    store.lost.set(BETA, LostTasks(1, 2, how="soon"))
    store.mark_gap(now + 1, None)
    store.mark_gap(now + 1, now + 3)
    store.hold_judgement(now + 3)
    for section, data in REPORTED.items():
        store.inspections.take(Section(ALPHA, section, now, data))
    store.inspections.take(
        Section(ALPHA, "conf", now + 1, error=f"no reply from redis://u:{SECRET}@h/0")
    )
    mark = {"text": "v1.2", "user": "lovelace"}
    told.hear(worker_event("offline", 12, BETA), Event(MARK_EVENT, "x", T0 + 12.5, extra=mark))
    told.hear(beat(13), task_event("custom", 13.5, "order-2", extra={"step": "shop-secret"}))
    odd = {"source": "shop-tables", "card": "lovelace"}
    told.hear(Event("celerytui-task", ALPHA, T0 + 13.6, uuid="order-3", extra=odd))
    told.entries += [
        Entry(told.now, "link", (Link(LinkState.CONNECTED, told.now),)),
        Entry(told.now, "blockage", (Blockage("memory", {"used": 7}),)),
        Entry(told.now, "alert", (True, Alert("worker.lost", BETA, "critical", told.now, "lost"))),
    ]
    return told


def known(store: Store) -> tuple[Any, ...]:
    """What the screen shows of a store, without what a secret stood in."""
    tasks = [
        (task.id, task.state, task.name, task.worker, task.queue, task.sent, task.received,
         task.started, task.finished, task.runtime, task.result, task.retries, task.seen)
        for task in store.all_tasks()
    ]  # fmt: skip
    return tasks, store.workers(), store.queues(), store.gaps(), store.marks.all()


def test_a_new_store_is_told_all_that_the_recorded_one_was(tmp_path: Path) -> None:
    told = busy()
    write(tmp_path / "x.jsonl.zst", told.entries)
    entries = read(tmp_path / "x.jsonl.zst")
    assert [(one.at, one.what) for one in entries] == [(one.at, one.what) for one in told.entries]
    again = tell(entries)
    assert known(again) == known(told.store)
    for section in REPORTED:
        found, there = (at.inspections.get(ALPHA, section) for at in (again, told.store))
        assert found is not None
        assert found == (there if section != "conf" else found)
    conf = again.inspections.get(ALPHA, "conf")
    assert conf is not None
    # The last that was said of it stays beside why there is nothing newer.
    assert conf.data["task_default_queue"] == "high"
    assert "no reply" in (conf.error or "")
    assert again.summary(told.now) == told.store.summary(told.now)
    for kind in ("events", "done", "failed"):
        series = told.store.series(kind, 300, told.now)
        assert again.series(kind, 300, told.now) == series


@settings(max_examples=25, deadline=None)
@given(events=lives(number=4, max_tries=3))
def test_any_stream_is_told_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, events: list[dict[str, Any]]
) -> None:
    told = Told()
    for event in events:
        told.now = event["timestamp"]
        told.store.apply(Batch([Event(**_known_fields(event))], told.now))
    path = tmp_path_factory.mktemp("log") / "x.jsonl.zst"
    write(path, told.entries)
    assert known(tell(read(path))) == known(told.store)


def _known_fields(event: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in event.items() if key in Event.__struct_fields__}


def test_zstd_alone_gives_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.zst"
    write(path, busy().entries)
    with path.open("rb") as file:
        reader = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        lines = reader.read().splitlines()
    assert lines[0].startswith(b'{"version":1,"app":"shop"')
    assert all(line.startswith(b"[") for line in lines[1:])
    assert path.stat().st_mode & 0o777 == 0o600


def test_passwords_are_in_no_line(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.zst"
    entries = [one for one in busy().entries if "CardError" not in repr(one)]
    write(path, entries)
    assert SECRET not in _text(path)
    redacted = DEFAULTS._replace(keeping=Keeping(redact=("args", "kwargs.card")))
    write(tmp_path / "y.jsonl.zst", entries, settings=redacted)
    for path_, hidden in ((path, False), (tmp_path / "y.jsonl.zst", True)):
        again = tell(read(path_)).inspections
        active, scheduled = (again.get(ALPHA, one) for one in ("active", "scheduled"))
        assert active is not None
        assert scheduled is not None
        assert ("lovelace" in str(active.data)) is not hidden
        assert ("4" in str(scheduled.data[0]["request"]["kwargs"])) is not hidden
    assert "(1,)" in _text(path)
    assert '"args":"(1,)"' not in _text(tmp_path / "y.jsonl.zst")


def _text(path: Path) -> str:
    with path.open("rb") as file:
        found = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True).read()
    return found.decode()


NAMES = (
    SECRET, "shop", "pay", "high", "low", "alpha", "beta", "client", "web", "order", "lovelace",
    "asked", "CardError", "Boom", "v1\\.2", "srv", "charge", "memory", "user",
)  # fmt: skip


def test_an_anonymous_log_names_nothing_and_tells_the_same(tmp_path: Path) -> None:
    told = busy()
    path = tmp_path / "x.jsonl.zst"
    write(path, told.entries, anonymise=True)
    text = _text(path)
    assert [name for name in NAMES if re.search(name, text)] == []
    again = tell(read(path))
    theirs, ours = known(told.store)[0], known(again)[0]
    assert [(one[1], *one[5:10]) for one in ours] == [(one[1], *one[5:10]) for one in theirs]
    names = {mine[2]: other[2] for mine, other in zip(theirs, ours, strict=True)}
    assert len(set(names.values())) == len(names)
    assert len(again.workers()) == len(told.store.workers())
    (host,) = {one.hostname for one in again.inspections.all()}
    kept = {one.name: one.data for one in again.inspections.all()}
    assert kept.keys() == REPORTED.keys() - {"report"}
    assert kept["conf"] == {"task_time_limit": 60}
    assert kept["registered"][0] == f"{names['shop.pay']} [rate_limit=10/m]"
    assert kept["stats"]["total"] == {names["shop.pay"]: 7}
    assert host in {worker.hostname for worker in again.workers()}
    assert [one.ready for one in again.queues()] == [one.ready for one in told.store.queues()]


@pytest.mark.parametrize("cut", [1, 5, 40, 200])
def test_what_was_being_written_at_the_end_is_left_out(tmp_path: Path, cut: int) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    write(path, entries, at_once=10)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    found = read(path)
    assert len(entries) - 20 <= len(found) < len(entries)
    assert known(tell(found)) == known(tell(entries[: len(found)]))


def test_damage_costs_what_is_damaged_and_is_told(tmp_path: Path) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    write(path, entries, at_once=10)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 30] = b"?" * 30
    path.write_bytes(data)
    with contextlib.closing(EventLog(path)) as log:
        found = list(log.entries(log.begins))
    assert len(entries) - 30 <= len(found) < len(entries)
    assert log.notes
    assert "damaged" in log.notes[0]


@pytest.mark.parametrize("content", [b"", b"hello\n" * 99, zstandard.compress(b"[1]\n")])
def test_another_file_is_no_event_log(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.jsonl.zst"
    path.write_bytes(content)
    with pytest.raises(HistoryError, match="no event log of celerytui"):
        EventLog(path)
    with pytest.raises(HistoryError, match="no such file"):
        EventLog(tmp_path / "y.jsonl.zst")


def test_a_newer_version_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.history.eventlog.opening.VERSION", 99)
    write(tmp_path / "x.jsonl.zst", busy().entries)
    with pytest.raises(HistoryError, match="update to read it"):
        EventLog(tmp_path / "x.jsonl.zst")


def test_it_goes_on_in_another_file_and_the_oldest_make_room(tmp_path: Path) -> None:
    entries = busy().entries
    path = tmp_path / "x.jsonl.zst"
    log = writer(path, settings=DEFAULTS._replace(keeping=Keeping(size=20_000)))
    log._part_bytes = 2_000
    for start in range(0, len(entries), 10):
        log.write(entries[start : start + 10], entries[start].at)
    log.close()
    numbers = [number for number, _ in parts(path)]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert numbers[-1] > 3
    found = read(path)
    assert [one.at for one in found] == [one.at for one in entries[-len(found) :]]
    again = writer(path)
    again.write(entries[:1], entries[0].at)
    again.close()
    assert parts(path)[-1] == (numbers[-1] + 1, name_of(path, numbers[-1] + 1))


def test_a_key_frame_tells_how_things_stood(tmp_path: Path) -> None:
    told = busy()
    path = tmp_path / "x.jsonl.zst"
    half = len(told.entries) // 2
    first, rest = told.entries[:half], told.entries[half:]
    write(path, first)
    then = tell(first)
    then._clock = lambda: first[-1].at
    write(path, rest, store=then)
    with contextlib.closing(EventLog(path)) as log:
        assert log.begin_of(first[0].at) == log.begins
        log._key = lambda since: log._keys[-1]  # type: ignore[method-assign]  # else all is told
        again = tell(log.entries(log.ends))
    mine, theirs = known(told.store), known(again)
    assert sorted(theirs[0]) == sorted(mine[0])
    assert [(one.hostname, one.status, one.queues) for one in theirs[1]] == [
        (one.hostname, one.status, one.queues) for one in mine[1]
    ]
    assert theirs[2:] == mine[2:]


def test_how_things_stand_is_told_in_order_of_time() -> None:
    told = busy()
    entries = list(standing(told.store, told.now))
    assert [one.at for one in entries] == sorted(one.at for one in entries)
    assert {one.what for one in entries} >= {"apply", "record_queues", "mark_gap", "seed"}


def test_what_is_where_in_it(tmp_path: Path) -> None:
    told = busy()
    path = tmp_path / "x.jsonl.zst"
    write(path, told.entries, at_once=10)
    with contextlib.closing(EventLog(path)) as log:
        assert (log.app, log.broker, log.kind) == ("shop", "redis://user:**@broker/0", "event log")
        assert (log.begins, log.ends) == (told.entries[0].at, told.entries[-1].at)
        assert log.events == sum(len(e.args[0].events) for e in told.entries if e.what == "apply")
        assert [one.text for one in log.marks] == ["v1.2"]
        assert "no connection" in [one.text for one in log.gaps]
        buckets = log.buckets(20)
        assert sum(one.failures for one in buckets) == 8
        failures = [
            one.at for one in told.entries
            if one.what == "apply" and one.args[0].events[0].type == "task-failed"
        ]  # fmt: skip
        assert log.find(Moments.TROUBLE, log.begins) == failures[0]
        assert log.find(Moments.TROUBLE, failures[0]) == failures[1]
        assert log.find(Moments.TROUBLE, failures[1], back=True) == failures[0]
        assert log.find(Moments.TROUBLE, failures[-1]) == log.ends
        assert log.find(Moments.TROUBLE, log.ends) is None
        mark = log.find(Moments.MARK, log.begins)
        assert mark is not None
        assert log.find(Moments.MARK, mark, back=True) is None


KILLED = """
import os, sys
from pathlib import Path
from tests.unit.event_log import writer
from tests.unit.test_event_log import busy
log = writer(Path(sys.argv[1]))
entries = busy().entries
print("ready", flush=True)
while True:
    for start in range(0, len(entries), 10):
        log.write(entries[start : start + 10], entries[start].at)
"""


def killed_writer(path: Path, number: int) -> int:
    """How many entries a killed writer left, which are all that it wrote but for the last frame."""
    entries = busy().entries
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    while not path.exists() or path.stat().st_size < 20_000 + 7_777 * number:
        assert process.poll() is None
    process.kill()
    process.wait()
    process.stdout.close()
    found = read(path)
    assert [one.what for one in found] == [
        entries[at % len(entries)].what for at in range(len(found))
    ]
    return len(found)


def test_a_killed_writer_leaves_a_log_that_can_be_read(tmp_path: Path) -> None:
    told = [killed_writer(tmp_path / f"{number}.jsonl.zst", number) for number in range(2)]
    assert min(told) > 100


def test_what_was_not_recorded_is_no_calm(tmp_path: Path) -> None:
    told = Told()
    told.hear(*(beat(at) for at in range(60)), *(beat(at) for at in range(90, 120)))
    path = tmp_path / "x.jsonl.zst"
    write(path, told.entries, at_once=2)
    with contextlib.closing(EventLog(path)) as log:
        buckets = [one.events for one in log.buckets(12)]
        assert [gap.text for gap in log.gaps] == ["nothing recorded"]
        assert buckets[:5] == [10, 10, 10, 10, 10]
        assert None in buckets[5:9]
        assert None not in buckets[9:]
        assert None not in (one.events for one in log.buckets(1000)[:400])
