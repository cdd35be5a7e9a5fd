"""What workers reported of themselves is kept within bounds, recorded, and told again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from celerytui.model import Section
from celerytui.store import Store, standing
from tests.unit.event_log import Told, read, tell, write
from tests.unit.store_stream import ALPHA, T0, beat, survey


def test_answers_are_kept_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.inspections.MOST_IN_ALL", 3_400)
    told = Told()
    take = told.store.inspections.take
    take(Section(ALPHA, "conf", 1.0, {"a": "x" * 70_000}))
    endless: dict[str, Any] = {}
    endless["a"] = endless
    take(Section(ALPHA, "stats", 1.0, endless))
    assert told.entries == []
    for number in range(10):
        take(Section(f"w{number}@h", "stats", float(number), {"a": str(number) * 900}))
    kept = told.store.inspections.all()
    assert [one.hostname for one in kept] == ["w7@h", "w8@h", "w9@h"]
    take(Section("w7@h", "stats", 20.0, {"a": "y"}))
    assert told.store.inspections.all()[-1].hostname == "w7@h"
    assert told.store.inspections.get("w1@h", "stats") is None
    again = tell(standing(told.store, 30.0))
    assert again.inspections.all() == told.store.inspections.all()


def test_what_many_workers_say_is_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("celerytui.store.inspections.MOST_IN_ALL", 3_400)
    kept = Told().store.inspections
    kept.wanted = True
    for number in range(10):
        kept.take(Section(f"w{number}@h", "registered", float(number), ["shop.pay" * 100]))
    assert len(kept.all()) == 10
    assert len({id(one.data) for one in kept.all()}) == 1
    # Another answer of each of them frees what they had in common.
    for number in range(10):
        kept.take(Section(f"w{number}@h", "registered", 20.0, ["shop.mail" * 150]))
    assert [one.taken_at for one in kept.all()] == [20.0] * 10
    kept.take(Section("alone@h", "registered", 30.0, ["shop.fax" * 350]))
    assert kept.get("alone@h", "registered") is not None
    assert len(kept.all()) < 10


def test_what_a_survey_brought_is_what_a_worker_reported_then(tmp_path: Path) -> None:
    told = Told()
    told.hear(beat(0))
    stats = {"pid": 4, "rusage": {"utime": 2.5}, "total": {"shop.pay": 7}}
    told.store.seed(survey(1, stats={ALPHA: stats}, active={ALPHA: []}))
    told.hear(beat(2), beat(300))
    for name, entries in (("all", told.entries), ("key", list(standing(told.store, told.now)))):
        write(tmp_path / f"{name}.jsonl.zst", entries)
        again = tell(read(tmp_path / f"{name}.jsonl.zst")).inspections
        assert again.get(ALPHA, "stats") == Section(ALPHA, "stats", T0 + 1, stats)
        assert again.get(ALPHA, "active") == Section(ALPHA, "active", T0 + 1, [])
        assert again.get(ALPHA, "conf") is None
    before = tell(one for one in told.entries if one.what != "seed")
    assert before.inspections.all() == []


def test_nothing_is_kept_where_nobody_records_or_replays() -> None:
    store = Store()
    store.seed(survey(1, stats={ALPHA: {"pid": 4, "total": {}}}))
    store.inspections.take(Section(ALPHA, "conf", T0, {"a": 1}))
    assert store.inspections.all() == []
