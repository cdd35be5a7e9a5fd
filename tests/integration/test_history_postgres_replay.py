"""A history on PostgreSQL is replayed as one in a folder is."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from celerytui.errors import HistoryError
from celerytui.history.flush import Flush
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import Place
from celerytui.history.postgres import chapter
from celerytui.model import Attempt, Entry, Moments, Recording, Task, TaskExtra, TaskState
from celerytui.settings import DEFAULTS
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import place_at, record, run
from tests.unit.history_tasks import DAY, T0, ended
from tests.unit.test_history_replay import happens, long_and_short, told

HOUR = 3600.0
TIMES = (0.0, 50.0, 61.0, 330.0, HOUR, 4259.0, 3.3 * HOUR, DAY, DAY + 50.0, 3 * DAY + 5.0)


@pytest.fixture
def url(postgres_server: PostgresServer) -> str:
    """An empty database."""
    return postgres_server.fresh_url()


@pytest.fixture
def both(url: str, tmp_path: Path) -> Iterator[tuple[Recording, Recording]]:
    """The same four days in a folder and in a database."""
    some = [later(task, 5_000) for task in long_and_short()]
    some += [ended(80_000 + n, T0 + n * DAY + 5, TaskState.FAILURE) for n in range(1, 4)]
    tries = TaskExtra(attempts=(Attempt(T0 + DAY, "ValueError()", None, TaskState.RETRY),))
    some.append(ended(70_001, T0 + 2 * DAY, extra=tries))
    some.sort(key=lambda task: task.seen)
    places: list[Place] = [FolderPlace(tmp_path / "h"), place_at(url)]
    for place in places:
        happens(partial(place.writer, "shop", "redis://h", DEFAULTS.keeping))
        more = place.writer("shop", "redis://h", DEFAULTS.keeping, T0 + 4_900)
        for start in range(0, len(some), 100):
            page = some[start : start + 100]
            more.write(Flush(page), page[-1].seen)
        more.close(T0 + 3 * DAY + 60)
    segments, postgres = (place.recording() for place in places)
    yield segments, postgres
    segments.close()
    postgres.close()


def later(task: Task, seconds: float) -> Task:
    """The task, so many seconds later."""
    for name in ("seen", "sent", "received", "started", "finished"):
        at = getattr(task, name)
        setattr(task, name, None if at is None else at + seconds)
    return task


def test_both_kinds_tell_the_same(
    both: tuple[Recording, Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chapter, "PAGE", 1)
    segments, postgres = both
    assert (postgres.kind, postgres.app, postgres.broker) == ("postgresql", "shop", "redis://h")
    for name in ("begins", "ends", "events", "unit", "gaps", "marks", "notes"):
        assert getattr(postgres, name) == getattr(segments, name), name
    for count in (1, 7, 200):
        assert postgres.buckets(count) == segments.buckets(count)
    for after in TIMES:
        moment = T0 + after
        assert postgres.begin_of(moment) == segments.begin_of(moment)
        assert plain(postgres.entries(moment)) == plain(segments.entries(moment))
        for what in Moments:
            for back in (False, True):
                found = [one.find(what, moment, back=back) for one in both]
                assert found[0] == found[1], (what, after, back)


def plain(entries: Iterator[Entry]) -> list[str]:
    """What is told, whatever the order at one time."""
    return sorted(
        f"{entry.at - T0:.3f} {entry.what} {sorted(map(repr, entry.args[0].events))}"
        if entry.what == "apply"
        else f"{entry.at - T0:.3f} {entry.what} {entry.args}"
        for entry in entries
    )


def test_what_is_damaged_or_gone_is_said(url: str) -> None:
    with pytest.raises(HistoryError, match="nothing was recorded"):
        place_at(url).recording()
    record(url, [[ended(1, T0), ended(2, T0 + 1, TaskState.FAILURE)]])
    run(url, "UPDATE tasks_other SET extra = '{{'")
    found = place_at(url).recording()
    assert [task.id for task in told(found.entries(T0)).all_tasks()] == [ended(1, T0).id]
    assert found.notes == [f"history in {place_at(url).name}: 1 row is damaged, left out"]
    run(url, "DROP TABLE workers")
    with pytest.raises(HistoryError, match="nothing was recorded there"):
        list(found.entries(T0))
    found.close()
