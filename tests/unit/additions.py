"""What a newcomer may add, and what shows that it is there."""

from __future__ import annotations

from msgspec import Struct


class Change(Struct, frozen=True):
    """A text that is put into a file before the last place where `anchor` stands, or a new file."""

    path: str
    text: str
    anchor: str = ""


class Addition(Struct, frozen=True):
    """What a newcomer adds, by which changes, and what shows that it is there."""

    changes: tuple[Change, ...]
    shows: str


ADDITIONS = {
    "a column": Addition(
        (
            Change(
                "columns/tasks.py",
                """    Column(
        id="root",
        header="ROOT",
        help="id of the first task of its workflow",
        width=8,
        text=lambda task, context, width: (task.root_id or "")[:width],
        key=lambda task, now: task.root_id,
    ),
""",
                ")\n",
            ),
        ),
        """
async def show(at):
    await at.press("2", "s")
    assert ("root", "ROOT", "") in at.app.screen.options
""",
    ),
    "an action": Addition(
        (
            Change(
                "control/workers.py",
                """    Action(
        id="worker.nap",
        key="N",
        label="Let it nap",
        scope=Scope.WORKER,
        params=(Param("minutes", "Minutes", "number", required=True, default="5"),),
        run=lambda call: command("nap", call, minutes=call.values["minutes"]),
    ),
""",
                ")\n\n\ndef _keywords",
            ),
        ),
        """
async def show(at):
    await at.press("3", "j")
    assert ("N", "let it nap") in [(key, label) for key, label, _ in at.app.main.key_hints()]
    await at.press("N", "enter")
    assert at.engine.submitted == [("worker.nap", ("celery@bill1",), {"minutes": "5"})]
    await at.press(":")
    assert "Let it nap" in {one.title for one in at.app.screen.found}
    await at.press("escape", "question_mark")
    assert any("(worker.nap)" in part for line in at.app.screen.text for part, _ in line)
""",
    ),
    "a view": Addition(
        (
            Change(
                "ui/views/notes.py",
                '''"""A page of notes."""

from __future__ import annotations

from celerytui.ui.draw.spans import Line, Spans
from celerytui.ui.panes.scrolled import ScrolledPane
from celerytui.ui.views.view import PaneSpec, View


class NotesPane(ScrolledPane):
    """Notes, one a line."""

    NAME = "Notes"

    def lines(self, width: int) -> list[Line | Spans]:
        return [[("water the plants", "text")]]


class NotesView(View):
    """The notes."""

    name = "notes"
    label = "Notes"
    key = "0"
    help = "what to remember"
    panes = (PaneSpec("notes", lambda: NotesPane),)
    focus = "notes"
''',
            ),
            Change(
                "ui/views/registry.py",
                "from celerytui.ui.views.notes import NotesView\n",
                "from celerytui.ui.views.queues.view",
            ),
            Change("ui/views/registry.py", "    NotesView(),\n", "    TaskView(),\n"),
        ),
        """
async def show(at):
    await at.press("0")
    main = at.app.main
    assert main.navigator.view.name == "notes"
    assert "water the plants" in at.screen_text()
    assert "0 Notes" in main.tabs.render_line(0).text
    await at.press(":")
    assert "Notes" in {one.title for one in at.app.screen.found}
    await at.press("escape", "question_mark")
    assert at.app.screen.heading == "Help: Notes"
    shown = {part.strip() for line in at.app.screen.text for part, _ in line}
    assert {"what to remember", "scroll down"} <= shown
    await at.press("escape", "escape")
    assert main.navigator.view.name == "dashboard"
""",
    ),
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

    def pages(self, wanted, size):
        yield Page((self.one("old"),), 1)

    def one(self, task_id):
        return StoredResult(task_id, "SUCCESS", finished=1.0)

    def group(self, group_id):
        return None

    def memberships(self):
        return {}

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
    "a detector": Addition(
        (
            Change(
                "health/queues.py",
                """

def _unread(known: Known) -> Iterator[Judgement]:
    for queue in known.queues:
        if queue.name == "mail":
            yield Judgement(queue.name, "critical", "The postman is ill")


UNREAD = Detector("queue.unread", _unread)
""",
            ),
            Change("health/registry.py", "    queues.UNREAD,\n", ")\n"),
        ),
        """
async def show(at):
    from celerytui.document import snapshot_document

    engine = at.engine
    alerts = engine.health.evaluate(engine.link, engine.clock())
    document = snapshot_document(
        engine.store, alerts, engine.link, {}, "shop", "", "", 1.0, [], engine.clock()
    )
    found = [one for one in document["alerts"] if one["id"] == "queue.unread"]
    assert [(one["subject"], one["text"]) for one in found] == [("mail", "The postman is ill")]
    await at.news()
    from celerytui.columns.queues import queue_role

    mail = next(one for one in engine.health.queues() if one.name == "mail")
    assert queue_role(mail) == "failure"
""",
    ),
    "a field of the filter": Addition(
        (
            Change(
                "query/fields.py",
                """    Field("client", "text", lambda task, now: task.more.client, "who sent it"),
""",
                ")\nBY_NAME",
            ),
        ),
        """
async def show(at):
    from celerytui.query import parse_filter, suggest

    held = at.engine.store.all_tasks()
    sender = next(task.more.client for task in held if task.more.client)
    found = parse_filter(f'client:"{sender}"')
    assert any(found.matches(task, at.engine.clock()) for task in held)
    assert suggest("cli", 3, {}) == ["client:"]
    await at.press("question_mark")
    assert any("client" in part.split() for line in at.app.screen.text for part, _ in line)
""",
    ),
    "an option": Addition(
        (
            Change(
                "settings/options.py",
                "    quiet_nights: bool = False\n",
                "    keys: Mapping[str, str]",
            ),
            Change(
                "settings/options.py",
                """    Option(name="quiet_nights", kind="flag", help="Wake nobody at night."),
""",
                '    Option(\n        name="production"',
            ),
        ),
        """
async def show(at):
    import subprocess

    run = [sys.executable, "-m", "celerytui", "--help"]
    told = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert "--quiet-nights" in told
    assert at.engine.settings.quiet_nights is False
    assert fake_app(quiet_nights=True).engine.settings.quiet_nights is True
""",
    ),
    "a command": Addition(
        (
            Change(
                "cli/commands/greet.py",
                '''"""`celerytui greet`."""

from __future__ import annotations

import click

from celerytui.cli.groups import Subcommand
from celerytui.cli.start import kept_stdout


def _run_greet(ctx: click.Context) -> None:
    """Say hello."""
    stream = kept_stdout(ctx)
    assert stream is not None
    stream.write("hello\\n")
    stream.flush()


COMMAND = Subcommand(
    "greet",
    callback=click.pass_context(_run_greet),
    help=_run_greet.__doc__,
    prints=True,
)
''',
            ),
            Change(
                "cli/registry.py",
                "from celerytui.cli.commands import greet\n",
                "from celerytui.cli.groups",
            ),
            Change("cli/registry.py", "    greet.COMMAND,\n", ")\n"),
        ),
        """
async def show(at):
    import subprocess

    for args, said in ((["greet"], "hello"), (["--help"], "Say hello.")):
        run = [sys.executable, "-m", "celerytui", *args]
        assert said in subprocess.run(run, capture_output=True, text=True, check=True).stdout
""",
    ),
}
