"""What is in the pickles of the default scheduler runs nothing, and costs what it weighs."""

from __future__ import annotations

import dbm.dumb
import pickle
import struct
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import pytest
from celery.beat import BeatLazyFunc
from celery.beat import ScheduleEntry as CeleryEntry
from celery.schedules import schedule
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Interval
from celerytui.schedule.pickled import Placeholder, StoredEntry, read_pickle
from celerytui.schedule.shelf import ShelfReader
from celerytui.schedule.soundness import checked
from celerytui.schedule.standing import Watch, stand
from tests.unit.test_schedule_sources import celery_app

NOW = 1_795_750_000.0
RAN = datetime(2026, 11, 27, 3, 30, tzinfo=timezone.utc)


def test_a_pickle_takes_no_more_memory_than_it_has_bytes() -> None:
    far = b"\x80\x02Nr" + struct.pack("<I", 2**28) + b"."
    tracemalloc.start()
    try:
        for data in (far, b"\x80\x02Np268435456\n.", b"\x80\x04\x8e" + struct.pack("<Q", 2**33)):
            with pytest.raises(ValueError, match="it cannot be read"):
                read_pickle(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()
    names = b"".join(b"cshop\nClass%d\n0" % number for number in range(2_000))
    with pytest.raises(ValueError, match="more than 1,000 names of classes"):
        read_pickle(b"\x80\x02" + names + b"N.")


STEPS = (
    *(b"N", b"K\x01", b"X\x01\x00\x00\x00a", b"]", b"}", b"(", b"t", b"a", b"s", b"u", b"e", b"0"),
    *(b"2", b"q\x00", b"h\x00", b"R", b"b", b"\x81", b"\x85", b"\x93"),
    *(b"cos\nsystem\n", b"cbuiltins\neval\n", b"cbuiltins\ngetattr\n", b"cbuiltins\nset\n"),
    *(b"cdatetime\ndatetime\n", b"cdatetime\ntimedelta\n", b"czoneinfo\nZoneInfo\n"),
    *(b"ccelery.beat\nScheduleEntry\n", b"ccelery.schedules\ncrontab\n"),
)
INERT = (
    "builtins",
    "datetime",
    "zoneinfo",
    "celerytui.schedule.pickled",
    "celerytui.model.schedule",
)


@given(st.lists(st.sampled_from(STEPS), max_size=12))
def test_whatever_a_pickle_does_nothing_comes_of_it_that_acts(steps: list[bytes]) -> None:
    try:
        found = read_pickle(b"\x80\x02" + b"".join(steps) + b".")
    except ValueError:
        return
    if isinstance(found, type):
        assert issubclass(found, Placeholder)
    assert type(found).__module__ in INERT
    assert not isinstance(found, (FunctionType, BuiltinFunctionType, MethodType))


def entry_pickle(name: bytes, last: bytes, of: bytes) -> bytes:
    """An entry as a pickle by hand: its fields in order."""
    return b"ccelery.beat\nScheduleEntry\n(" + name + name + last + b"K\x01" + of + b"(t}}tR"


def test_one_entry_of_a_pickle_that_is_odd_leaves_the_others(tmp_path: Path) -> None:
    never = b"cdatetime\ndatetime\n(K\x01tR"
    endless = b"cdatetime\ntimedelta\n(G" + struct.pack(">d", 1e18) + b"tR"
    mixed = b"ccelery.schedules\ncrontab\n((K\x01X\x01\x00\x00\x00xltR"
    parts = {
        b"a": entry_pickle(b"X\x01\x00\x00\x00a", never, b"K\x1e"),
        b"b": entry_pickle(b"X\x01\x00\x00\x00b", b"N", endless),
        b"c": entry_pickle(b"X\x01\x00\x00\x00c", b"N", mixed),
        b"d": b"K\x07",
        b"e": entry_pickle(b"X\x01\x00\x00\x00e", b"N", b"K\x1e"),
    }
    items = b"".join(b"X\x01\x00\x00\x00" + name + part for name, part in parts.items())
    reader = ShelfReader(tmp_path / "shelf", "UTC")
    with dbm.dumb.open(str(tmp_path / "shelf"), "n") as file:
        file[b"entries"] = b"\x80\x02}(" + items + b"u."
    found = {one.name: checked(one) for one in reader.read(0.0)}
    assert (found["a"].timing, found["a"].last_run_at) == (Interval(30.0), None)
    assert stand(found["b"], Watch(NOW)).words.endswith("too large to convert to C int, unreadable")
    assert stand(found["c"], Watch(NOW)).words.endswith("instances of 'str' and 'int', unreadable")
    assert found["d"].trouble == "its entry is a int, not one of Celery's"
    assert (found["e"].timing, found["e"].trouble) == (Interval(30.0), "")
    assert len(found) == len(parts)


def test_arguments_of_a_class_are_not_kept(tmp_path: Path) -> None:
    make: Any = CeleryEntry
    entries = {
        name: make(
            name=name,
            task="shop.sync",
            schedule=schedule(run_every=30),
            last_run_at=RAN,
            app=celery_app(),
            args=args,
        )
        for name, args in (("lazy", (BeatLazyFunc(len, "x"),)), ("plain", (1,)))
    }
    with dbm.dumb.open(str(tmp_path / "shelf"), "n") as file:
        file[b"entries"] = pickle.dumps(entries)
    found = {one.name: one for one in ShelfReader(tmp_path / "shelf", "UTC").read(0.0)}
    assert found["plain"].args == (1,)
    assert (found["lazy"].args, found["lazy"].timing) == ((), Interval(30.0))
    assert "an object of celery.beat.BeatLazyFunc" in found["lazy"].unread
    assert isinstance(read_pickle(pickle.dumps(BeatLazyFunc(len, "x"))), Placeholder)
    assert isinstance(read_pickle(pickle.dumps(entries))["lazy"], StoredEntry)
