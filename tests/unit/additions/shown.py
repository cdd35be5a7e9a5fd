"""What a newcomer may add to what is shown and done."""

from __future__ import annotations

from tests.unit.additions.addition import Addition, Change

SHOWN = {
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
}
