"""Where a newcomer may have what is known come from."""

from __future__ import annotations

from tests.unit.additions.addition import Addition, Change

SOURCES = {
    "a broker": Addition(
        (
            Change(
                "wire/carrier/__init__.py",
                '''"""Carrier pigeons."""

from celerytui.wire.broker import Broker

CARRIER = Broker(title="Carrier pigeons", sends_events=False)
''',
            ),
            Change(
                "wire/registry.py",
                "from celerytui.wire.carrier import CARRIER\n",
                "from celerytui.wire.redis",
            ),
            Change("wire/registry.py", '    "carrier": CARRIER,\n', '    "redis": REDIS,\n'),
        ),
        """
async def show(at):
    from types import SimpleNamespace

    from celerytui.wire.registry import broker_of

    connection = SimpleNamespace(transport=SimpleNamespace(driver_type="carrier"))
    assert broker_of(connection).no_events(connection) == "Carrier pigeons carries no events"
""",
    ),
    "a source of the schedule": Addition(
        (
            Change(
                "schedule/wall.py",
                '''"""A calendar on the wall."""

from celerytui.model import Interval, PlannedEntry
from celerytui.schedule.source import Source, SourceReader


class WallReader(SourceReader):
    name = "wall calendar"

    def read(self, now):
        return [PlannedEntry(name="tea", task="tea.make", timing=Interval(60), source=self.name)]


SOURCE = Source(for_app=lambda app: WallReader())
''',
            ),
            Change(
                "schedule/registry.py",
                "from celerytui.schedule import wall\n",
                "from celerytui.schedule.source",
            ),
            Change("schedule/registry.py", "    wall.SOURCE,\n", ")\n"),
        ),
        """
async def show(at):
    from celerytui.schedule import Schedules

    schedules = Schedules(at.engine.app, None, at.engine.store, at.engine.clock)
    schedules.read_sources()
    reading = schedules.judge()
    assert "wall calendar" in reading.source
    assert [one.words for one in reading.entries if one.name == "tea"] == ["every 1m"]
""",
    ),
    "a result backend": Addition(
        (
            Change(
                "results/attic.py",
                '''"""Results in the attic."""

from celerytui.model import StoredResult
from celerytui.results.source import Page


class AtticKind:
    name = "the attic"

    def fits(self, backend, url):
        return url == "attic://"

    def open(self, app, backend, url):
        return AtticSource()


class AtticSource:
    name, ordered = "attic://", True

    def prepare(self):
        pass

    def pages(self, wanted, size):
        yield Page((self.one("old"),), 1)

    def one(self, task_id):
        return StoredResult(task_id, "SUCCESS", finished=1.0)

    def group(self, group_id):
        return None

    def groups(self, of=()):
        return iter(())

    def close(self):
        pass
''',
            ),
            Change(
                "results/registry.py",
                "from celerytui.results.attic import AtticKind\n",
                "from celerytui.results.by_id",
            ),
            Change("results/registry.py", "    AtticKind(),\n", "    ByIdKind(),\n"),
        ),
        """
async def show(at):
    from celerytui.engine import PastReading, PastSearch
    from celerytui.engine.past_reader import PastReader
    from celerytui.engine.past_source import PastQuestion
    from celerytui.query import EMPTY
    from celerytui.results import open_source

    from celery import Celery

    # A class that Celery finds by the scheme.
    app = Celery("t", set_as_current=False)
    app.loader.override_backends = {"attic": "celery.backends.base:DisabledBackend"}
    app.conf.result_backend = "attic://"
    assert open_source(app).one("old").id == "old"
    store = at.engine.store
    asked = PastQuestion(app, at.engine.history, EMPTY, at.engine.clock())
    reader = PastReader(asked, store, lambda: 0.0)
    assert reader.turn(PastReading(), PastSearch(0.0, lambda: None)).added == 1
    assert store.task("old").more.source == "result backend"
""",
    ),
    "a source of past tasks": Addition(
        (
            Change(
                "engine/past_diary.py",
                '''"""Past tasks in a diary."""

from celerytui.engine.past_source import PastPage
from celerytui.model import Task, TaskState


class Diary:
    name, source, ordered, looks_at = "the diary", "diary", True, None

    def pages(self):
        yield PastPage([Task("old", 0, TaskState.SUCCESS, finished=1.0, seen=1.0)], 1)

    def interrupt(self):
        pass

    def close(self):
        pass


def open_past(asked):
    return Diary()
''',
            ),
            Change(
                "engine/past_reader.py",
                "from celerytui.engine import past_diary\n",
                "from celerytui.engine.past_search",
            ),
            Change(
                "engine/past_reader.py", "    past_diary.open_past,\n", "    past_history.open_past"
            ),
        ),
        """
async def show(at):
    from celerytui.engine import PastReading, PastSearch
    from celerytui.engine.past_reader import PastReader
    from celerytui.engine.past_source import PastQuestion
    from celerytui.query import EMPTY

    asked = PastQuestion(None, at.engine.history, EMPTY, at.engine.clock())
    reader = PastReader(asked, at.engine.store, lambda: 0.0)
    reading = reader.turn(PastReading(), PastSearch(0.0, lambda: None))
    assert (reading.added, reading.further) == (1, "the result backend")
    assert at.engine.store.task("old").more.source == "diary"
""",
    ),
}
