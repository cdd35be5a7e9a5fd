"""Types, failures and charts from a history on PostgreSQL: those of one in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from celerytui.engine.past_windows import PastWindows
from celerytui.history.flush import Flush
from celerytui.history.folder_place import FolderPlace
from celerytui.history.history import Place
from celerytui.model import Attempt, Course, Task, TaskExtra, TaskState
from celerytui.settings import Keeping
from celerytui.store import Store
from celerytui.store.failures.slices import WINDOWS
from tests.integration.databases import PostgresServer
from tests.integration.postgres_history import place_at
from tests.unit.history_tasks import DAY, T0, ended

NOW = T0 + 10 * DAY
MONTH = WINDOWS[-1]


def tasks_of(day: int) -> list[Task]:
    """What ended in a day: every tenth run failed."""
    found = []
    for number in range(60):
        at = T0 + day * DAY + 900.0 * number
        state = TaskState.FAILURE if number % 10 == 0 else TaskState.SUCCESS
        name = "shop.pay" if number % 3 else "shop.mail"
        task = ended(100 * day + number, at, state, name=name, runtime=0.01 * (number + day))
        if state is TaskState.FAILURE:
            task.extra = TaskExtra(f"KeyError('{number % 20}')", "Traceback:\nKeyError: 'x'")
        elif number % 4 == 1:
            tries = (Attempt(at - 5, None, None, runtime=0.5), Attempt(at - 2, None, None))
            task.retries, task.extra = 2, TaskExtra(attempts=tries)
        found.append(task)
    return found


def recorded(place: Place) -> Place:
    writer = place.writer("shop", "redis://h", Keeping(), T0)
    for day in range(10):
        writer.write(Flush(tasks_of(day)), T0 + day * DAY + 3_600)
    writer.close(NOW)
    return place


def shown(place: Place) -> tuple[object, ...]:
    """What the views of thirty days show."""
    store = Store()
    windows = PastWindows(store, lambda: NOW, kept=True)
    windows.want("30d")
    history = place.reader()
    windows.fill(history, NOW, lambda: False)
    history.close()
    reach = windows.reach("30d")
    assert reach is not None
    assert (reach.back_to, reach.done, reach.trouble) == (T0, True, None)
    course: Course = store.course.read("30d", NOW)
    found = [store.types.one(name, "30d", NOW) for name in ("shop.mail", "shop.pay")]
    return (
        # Where removed successes ran is not kept.
        [one and replace(one, places=()) for one in found],
        [(row.key, row.failed, row.count, row.slices, row.first_seen, row.last_seen)
         for row in store.failures.rows(NOW, MONTH)],
        (course.done, course.failed, course.retried, course.runtime, course.wait),
    )  # fmt: skip


def places_of(place: Place) -> tuple[object, ...]:
    """Where tasks ran, by all that is there, and up to when successes are not among them."""
    history = place.reader()
    found = history.places(0.0, NOW)
    history.close()
    totals: dict[tuple[object, ...], list[int]] = {}
    for one in found.runs:
        total = totals.setdefault((one.name, one.worker, one.queue), [0, 0])
        total[0] += one.succeeded
        total[1] += one.failed
    return totals, found.removed


def retries_of(place: Place) -> tuple[int, int]:
    """How many retries there are, and the microseconds of them."""
    history = place.reader()
    found = history.retries(0.0, NOW, 3_600, 0.0, unfinished=True)
    history.close()
    return sum(one.count for one in found), sum(one.busy for one in found)


@pytest.fixture
def places(postgres_server: PostgresServer, tmp_path: Path) -> list[Place]:
    """A place of each kind, with the same in it."""
    here: list[Place] = [FolderPlace(tmp_path / "h"), place_at(postgres_server.fresh_url())]
    return [recorded(place) for place in here]


def test_they_reach_back_to_the_first_day_also_when_successes_are_removed(
    places: list[Place],
) -> None:
    folder, database = map(shown, places)
    assert database == folder
    assert [retries_of(place) for place in places] == [(300, 75_000_000)] * 2
    ran, other = map(places_of, places)
    assert ran == other
    assert ran[1] is None
    _, failures, _ = folder
    assert isinstance(failures, list)
    assert sum(failed for _, failed, *_ in failures) == 60
    for place in places:
        place.writer("shop", "redis://h", Keeping(), NOW).prune_alone(NOW)
        assert sum(part.successes for part in place.report().segments) < 300
        assert shown(place) == folder


def test_a_day_that_could_not_be_removed_counts_once(
    postgres_server: PostgresServer,
) -> None:
    """Its totals were made, and then somebody was reading it."""
    place = place_at(postgres_server.fresh_url())
    recorded(place)
    before = shown(place)
    with place.connect({}, 60.0) as link, link.transaction():
        link.execute("SELECT count(*) FROM tasks_success")
        place.writer("shop", "redis://h", Keeping(), NOW).prune_alone(NOW)
        assert place.report().rows == 600
        assert shown(place) == before
    place.writer("shop", "redis://h", Keeping(), NOW).prune_alone(NOW)
    assert place.report().rows < 300
    assert shown(place) == before
