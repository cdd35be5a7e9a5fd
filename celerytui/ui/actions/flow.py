"""From a key to the engine: what may be done here, to what, with which values, and after which
question.

The dialogs are imported when one is shown: the first frame does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from textual.app import App

from celerytui.columns import clean, format_id
from celerytui.control import ACTIONS, GROUPS, Action, Group, Scope, in_group, registered
from celerytui.control import action as action_of
from celerytui.model import Arguments, Finding, Outcome, Refusal, Section
from celerytui.ui.actions.toasts import Note, finding_note, outcome_note
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session

NOUNS = {
    Scope.TASK: "task",
    Scope.TYPE: "task name",
    Scope.WORKER: "worker",
    Scope.QUEUE: "queue",
    Scope.CLUSTER: "",
}
GO = {Scope.TYPE: "Set"}
"""What the button of a form says where the action's own name does not say it."""
LIMITS = {"rate": "rate_limit", "soft": "soft_time_limit", "hard": "time_limit"}
"""What the limits are called here, and in a worker's list of its tasks."""
PATIENCE_SECONDS = 0.5
"""How long a look for something may take before it is said."""
_ALL = "\0all"
"""No worker, queue or task can have this name."""

Targets = Callable[[Action], list[str]]
Values = dict[str, str]


class ActionFlow:
    """The actions on the cluster as the interface offers them.

    `targets_here` says what an action is about where the user is; without any it is asked for.
    """

    def __init__(self, app: App[Any], session: Session, targets_here: Targets) -> None:
        self._app = app
        self._session = session
        self.targets = targets_here

    # What there is

    def all(self) -> list[Action]:
        """What may be done: nothing that changes the cluster in read-only mode."""
        return [one for one in ACTIONS if self._allowed(one)]

    def here(self) -> list[Action]:
        """What may be done to what the user is at; what needs no target only where nothing is."""
        return [one for one in self.all() if one.targeted and self.targets(one)]

    def groups(self) -> list[Group]:
        """The groups that have anything that may be done."""
        return [one for one in GROUPS if any(map(self._allowed, in_group(one.id)))]

    def hints(self) -> list[tuple[str, str]]:
        """The keys that do something here, with what they do; a group has one."""
        hints: dict[str, str] = {}
        groups = {group.id: group for group in self.groups()}
        for action in self.here():
            group = groups.get(action.group)
            if group is not None:
                hints.setdefault(group.key, group.label.lower())
            elif action.key:
                hints.setdefault(action.key, action.label.lower())
        return list(hints.items())

    def _allowed(self, action: Action) -> bool:
        return not (self._session.read_only and action.changes)

    # Doing it

    def do(self, action_id: str) -> None:
        """Do what a key, the menu or the palette asked for."""
        self.act(action_of(action_id))

    def act(self, action: Action, targets: Sequence[str] | None = None) -> None:
        """Do an action to `targets`, else to what is here, else to what the user chooses."""
        if not self._allowed(action):
            self._say("read-only: actions are off")
            return
        chosen = list(self.targets(action) if targets is None else targets)
        if not chosen and action.targeted:
            self._choose(action)
        elif action.id == "task.run_again" and len(chosen) == 1:
            self._run_again(action, chosen[0])
        elif action.scope is Scope.TYPE and len(chosen) == 1 and self._teller():
            self._ask_limits(action, chosen, self._teller())
        else:
            self._fill_in(action, chosen)

    def menu(self) -> None:
        """Let the user choose among what can be done here, or to the whole cluster."""
        here = self.here()
        single = [one for one in here if not one.group]
        single += [one for one in self.all() if not one.targeted]
        grouped = {one.group for one in here}
        options = [(one.id, one.label, one.key) for one in single]
        options += [
            (one.id, f"{one.label}{self._session.glyphs.ellipsis}", one.key)
            for one in self.groups()
            if one.id in grouped
        ]
        if not options:
            self._say("nothing can be done here: choose a row first")
            return
        self._offer("Actions", options)

    def group(self, group_id: str) -> None:
        """Let the user choose among the actions of a group; a single sensible one is done."""
        group = next(one for one in GROUPS if one.id == group_id)
        members = [one for one in in_group(group_id) if self._allowed(one)]
        if not members:
            self._say("read-only: actions are off")
        elif group_id == "events" and self._all_silent(members[0]):
            self.act(members[0])
        else:
            options = [(one.id, one.label, str(at)) for at, one in enumerate(members, 1)]
            self._offer(group.label, options)

    def _all_silent(self, enable: Action) -> bool:
        """Whether the workers here send no task events, so that there is one thing to do."""
        store = self._session.engine.store
        found = [store.worker(hostname) for hostname in self.targets(enable)]
        return bool(found) and all(one is not None and one.task_events is False for one in found)

    def _offer(self, title: str, options: Sequence[tuple[str, str, str]]) -> None:
        from celerytui.ui.dialogs.choice import Choice

        def chosen(chosen_id: str | None) -> None:
            if chosen_id is None:
                return
            if any(group.id == chosen_id for group in GROUPS):
                self.group(chosen_id)
            else:
                self.do(chosen_id)

        self._app.push_screen(Choice(self._session, title, options), chosen)

    def _choose(self, action: Action) -> None:
        """Ask which worker, queue or task name it is about."""
        from celerytui.ui.dialogs.choice import Choice

        names = self._known(action.scope)
        if not names:
            noun = NOUNS[action.scope]
            self._say(f"{action.label}: choose a {noun} first")
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                self.act(action, names if name == _ALL else [name])

        options = [(one, clean(one, limit=60), "") for one in names]
        if action.scope is Scope.WORKER and len(names) > 1:
            options.insert(0, (_ALL, f"all {len(names)} workers", ""))
        title = f"{action.label}: which {NOUNS[action.scope]}?"
        self._app.push_screen(Choice(self._session, title, options), chosen)

    def _known(self, scope: Scope) -> list[str]:
        store = self._session.engine.store
        if scope is Scope.WORKER:
            return [one.hostname for one in store.workers() if one.status in ("online", "late")]
        if scope is Scope.QUEUE:
            return [queue.name for queue in store.queues()]
        return store.task_names() if scope is Scope.TYPE else []

    # Values and questions

    def _fill_in(self, action: Action, targets: list[str]) -> None:
        """Ask for the parameters where there are any, then for a yes where one is needed."""
        confirm_only = not action.params or _choices_only(action) or action.id == "task.run_again"
        if confirm_only:
            self._confirm(action, targets, {})
            return
        self._form(action, targets, self._prefilled(action, targets))

    def _form(
        self, action: Action, targets: list[str], values: Values, told: Sequence[Spans] = ()
    ) -> None:
        from celerytui.ui.actions.form import Form, action_note

        form = Form(
            self._session,
            [(action.label, "strong"), *self._about(action, targets)],
            action_note(action),
            action.params,
            values=values,
            intro=[*self._intro(action, targets), *told],
            go="Go on" if action.destructive else GO.get(action.scope, action.label),
        )

        def filled(values: Values | None) -> None:
            if values is not None:
                self._confirm(action, targets, values)

        self._app.push_screen(form, filled)

    def _about(self, action: Action, targets: Sequence[str]) -> Spans:
        if not targets:
            return []
        if len(targets) == 1:
            return [("  " + clean(format_id(targets[0], 40), limit=60), "text")]
        return [(f"  {len(targets):,} {NOUNS[action.scope]}s", "text")]

    def _intro(self, action: Action, targets: Sequence[str]) -> list[Spans]:
        lines: list[Spans] = [[(action.help, "muted")]] if action.help else []
        if len(targets) > 1:
            names = ", ".join(clean(one, limit=60) for one in targets[:6])
            more = f" and {len(targets) - 6} more" if len(targets) > 6 else ""
            lines.append([("on ", "muted"), (names + more, "text")])
        return lines

    def _prefilled(self, action: Action, targets: Sequence[str]) -> Values:
        """What is known already: of a worker's queues, of where the user is."""
        values: Values = {}
        names = {param.name for param in action.params}
        if "workers" in names and self._session.view == "worker" and self._session.worker:
            values["workers"] = self._session.worker
        return values

    def _teller(self) -> str:
        """The worker that is asked for the limits that hold now, "" without any."""
        if self._session.view == "worker" and self._session.worker:
            return self._session.worker
        return next(iter(self._known(Scope.WORKER)), "")

    def _ask_limits(self, action: Action, targets: list[str], hostname: str) -> None:
        """Show the limits that hold now: what is left out of a new pair of them is lifted."""

        def answered(section: Section) -> None:
            self._app.call_later(show, section)

        def show(section: Section) -> None:
            values = self._prefilled(action, targets)
            lines = section.data if isinstance(section.data, list) else []
            facts = registered(lines).get(targets[0])
            name = clean(hostname, limit=60)
            told: Spans = [(f"{name} does not list this name", "muted")]
            if section.error is not None:
                told = [(f"{name}: {clean(section.error, limit=120)}", "warning")]
            elif facts is not None:
                now = [f"{word} {facts[key]}" for word, key in LIMITS.items() if key in facts]
                told = [(f"on {name} now  ", "muted"), (", ".join(now) or "no limit", "text")]
                values |= {
                    param.name: facts[LIMITS[param.name]]
                    for param in action.params
                    if LIMITS.get(param.name, "") in facts
                }
            self._form(action, targets, values, [told])

        self._session.engine.inspect(hostname, "registered", answered)

    def _confirm(self, action: Action, targets: list[str], values: Values) -> None:
        if not action.destructive and not (action.id == "task.run_again" and not values):
            self.submit(action, targets, values)
            return

        from celerytui.ui.actions.confirm import Confirm, TypedConfirm

        def decided(params: Values | None) -> None:
            if params is not None:
                self.submit(action, targets, params)

        kind = TypedConfirm if action.typed else Confirm
        self._app.push_screen(kind(self._session, action, targets, values), decided)

    def submit(self, action: Action, targets: Sequence[str], values: Mapping[str, str]) -> None:
        """Hand it to the engine; what comes of it comes as an outcome."""
        self._session.engine.submit(action.id, targets, dict(values))
        count = f" {len(targets):,}" if targets else ""
        self._say(f"{action.label}: asked{count}", seconds=2)

    # What came of it

    def cancel(self) -> None:
        """End the action that is under way after its next step."""
        running = self._session.engine.executor.running[:1]
        for one in running:
            one.cancel()
        self._say("stopping after this step" if running else "nothing is under way")

    def finished(self, outcome: Outcome) -> None:
        """Tell an outcome; what it was done to is unmarked, so that the rest can be done again."""
        session = self._session
        session.history.add(outcome)
        self._tell(outcome_note(outcome, session.glyphs))
        if outcome.items:
            done = {item.target for item in outcome.items if item.ok}
        else:
            reached = outcome.error is None and any(reply.ok for reply in outcome.replies)
            done = set(outcome.targets) if reached else set()
        session.marked -= done
        session.marked_workers -= done
        self._look_again(outcome.action)
        failed = any(item.ok is False for item in outcome.items)
        entry = session.history.of(outcome)
        if failed and entry and len(outcome.items) > 1 and len(self._app.screen_stack) == 1:
            from celerytui.ui.dialogs.log_entry import Told

            self._app.push_screen(Told(session, entry))

    def found(self, finding: Finding) -> None:
        """Tell what was seen of an action some seconds later; silence where all went well."""
        self._session.history.load()
        self._look_again(finding.action)
        if finding.ok is not True:
            self._tell(finding_note(finding))

    def _look_again(self, action_id: str) -> None:
        """What is shown of the workers is not so any more."""
        action = action_of(action_id)
        changed = action.changes and action.scope in (Scope.WORKER, Scope.TYPE)
        if changed and self._session.view == "worker":
            self._session.answers.refresh()

    def _tell(self, note: Note) -> None:
        self._app.notify(
            note.text, title=note.title, severity=note.severity, timeout=note.seconds, markup=False
        )

    # Run again

    def _run_again(self, action: Action, task_id: str) -> None:
        """Look for the task's real arguments, then show them to be edited or sent as they are."""
        from celerytui.ui.actions.rerun import rerun_form

        app = self._app

        def found(answer: Arguments | Refusal) -> None:
            app.call_later(show, answer)

        def show(answer: Arguments | Refusal) -> None:
            patience.stop()
            task = self._session.engine.store.task(task_id)
            app.push_screen(rerun_form(self._session, action, task_id, task, answer), filled)

        def filled(values: Values | None) -> None:
            if values is not None:
                self.submit(action, [task_id], values)

        text = f"{action.label}: looking for the arguments"
        patience = app.set_timer(PATIENCE_SECONDS, lambda: self._say(text, seconds=1))
        self._session.engine.find_arguments(task_id, found)

    def _say(self, text: str, *, seconds: float = 3) -> None:
        self._app.notify(text, markup=False, timeout=seconds)


def _choices_only(action: Action) -> bool:
    """Whether the question itself has room for the parameters: all are choices."""
    return action.destructive and all(param.choices for param in action.params)
