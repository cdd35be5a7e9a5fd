"""From a key to the engine: to what, with which values, and after which question.

The dialogs are imported when one is shown: the first frame does not wait for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from textual.app import App

from celerytui.columns import clean
from celerytui.control import GROUPS, Action, Group, Scope, SectionReader
from celerytui.control import action as action_of
from celerytui.counts import agree, counted
from celerytui.model import Arguments, Refusal, Section
from celerytui.ui.actions.offers import Here, Offers
from celerytui.ui.actions.report import Report
from celerytui.ui.draw.spans import Spans
from celerytui.ui.keys.registry import Key
from celerytui.ui.session import Session

PATIENCE_SECONDS = 0.5
"""How long a look for something may take before it is said."""

NO_ROW = "no actions here: choose a row first"
LOOKED_AT = 500
"""As many tasks are looked at together."""

Values = dict[str, str]


class Option(NamedTuple):
    """One line of a choice: its id, its label, what stands beside it, and what taking it does."""

    id: str
    label: str
    note: str
    take: Callable[[], None]


class ActionFlow:
    """Takes an action through its steps: targets, values, question, and to the engine.

    `offers` is what there is to do `here`, where the user is; without a target the user is asked
    for one. `report` is what came of it. `run_key` does what a key does.
    """

    def __init__(
        self, app: App[Any], session: Session, here: Here, run_key: Callable[[Key], None]
    ) -> None:
        self._app = app
        self._run_key = run_key
        self._session = session
        self.offers = Offers(session, here)
        self.report = Report(app, session)

    def do(self, action_id: str) -> None:
        """Do what a key, the menu or the palette asked for."""
        self.act(action_of(action_id))

    def act(self, action: Action, targets: Sequence[str] | None = None) -> None:
        """Do an action to `targets`, else to what is here, else to what the user chooses."""
        if not self.offers.allowed(action):
            self._say(self.offers.refusal)
            return
        chosen = list(self.offers.targets(action) if targets is None else targets)
        if self._reaches_none(action, chosen):
            self._say(f"{action.label}: not sent, {_already(len(chosen))} finished")
        elif action.targeted and not chosen:
            self._choose_target(action)
        elif action.edits_arguments and len(chosen) == 1:
            self._edit_arguments(action, chosen[0])
        elif action.current is not None and len(chosen) == 1 and self._informant():
            self._ask_current(action, action.current, chosen[0])
        elif action.params and not action.edits_arguments and not _choices_only(action):
            self._fill_in(action, chosen)
        else:
            self._ask(action, chosen, {})

    def _reaches_none(self, action: Action, targets: Sequence[str]) -> bool:
        """Whether all of these tasks are known to have ended, so that nothing would be sent."""
        effect = action.effect
        if effect is None or not targets or action.scope is not Scope.TASK:
            return False
        store = self._session.engine.store
        values = {param.name: param.default for param in action.params}
        # A million may be marked, and nearly always one of the first will do.
        for start in range(0, len(targets), LOOKED_AT):
            for task in store.tasks(targets[start : start + LOOKED_AT]):
                if task is None or effect(task.state, values).reaches:
                    return False
        return True

    def submit(self, action: Action, targets: Sequence[str], values: Mapping[str, str]) -> None:
        """Hand it to the engine; what comes of it comes as an outcome."""
        self._session.engine.submit(action.id, targets, dict(values))
        count = f" {len(targets):,}" if targets else ""
        self._say(f"{action.label}: sending{count}", seconds=2)

    def cancel(self) -> None:
        """End what is under way, an action or an export, after its next step."""
        running = self._session.engine.running[:1]
        for one in running:
            one.cancel()
        self._say("stopping after this step" if running else "nothing is running")

    # Menus

    def menu(self) -> None:
        """Let the user choose among what can be done here, or to the whole cluster."""
        here = self.offers.here()
        single = [one for one in here if not one.group]
        single += [one for one in self.offers.all() if not one.targeted]
        grouped = {one.group for one in here}
        key_of, more = self._session.key_of, self._session.glyphs.ellipsis
        options = [
            Option(one.id, one.label, key_of(one.id), partial(self.act, one)) for one in single
        ]
        options += [
            Option(one.id, one.label + more, key_of(one.id), partial(self._open_group, one))
            for one in self.offers.groups()
            if one.id in grouped
        ]
        first = self._remedies()
        ids = {one.id for one in first}
        options = [*first, *(one for one in options if one.id not in ids)]
        if options:
            self._offer("Actions", options)
        else:
            self._say(self.offers.refusal if self._session.settings.offline else NO_ROW)

    def _remedies(self) -> list[Option]:
        """What helps against the alerts on what is here."""
        found: dict[str, Option] = {}
        key_of = self._session.key_of
        for alert in self.offers.alerts():
            for key in self._session.keys.offered:
                if alert in key.mends:
                    found[key.id] = Option(
                        key.id, key.title, key_of(key.id), partial(self._run_key, key)
                    )
            for one in self.offers.all():
                if alert in one.mends:
                    found[one.id] = Option(
                        one.id, one.label, key_of(one.id), partial(self.act, one)
                    )
        return list(found.values())

    def group(self, group_id: str) -> None:
        """Let the user choose among the actions of a group; a single sensible one is done."""
        self._open_group(next(one for one in GROUPS if one.id == group_id))

    def _open_group(self, group: Group) -> None:
        members = self.offers.members(group)
        wanted = self.offers.wanted(members)
        if not members:
            self._say(self.offers.refusal)
        elif wanted is not None:
            self.act(wanted)
        else:
            keys = self._session.keys
            own = {one.id: keys.first(one.id) for one in members if keys.given(one.id)}
            numbers = {
                one.id: str(at) for at, one in enumerate(members, 1) if str(at) not in own.values()
            }
            options = [
                Option(one.id, one.label, (numbers | own).get(one.id, ""), partial(self.act, one))
                for one in members
            ]
            self._offer(group.label, options)

    def _offer(self, title: str, options: Sequence[Option], chosen_id: str | None = None) -> None:
        """Let the user choose one of some things to do; `chosen_id` is where the cursor is."""
        from celerytui.ui.dialogs.choice import Choice

        def chosen(id: str | None) -> None:
            for option in options:
                if option.id == id:
                    option.take()

        rows = [(one.id, one.label, one.note) for one in options]
        self._app.push_screen(Choice(self._session, title, rows, chosen_id), chosen)

    # Targets

    def _choose_target(self, action: Action) -> None:
        """Ask which worker, queue or task name it is about."""
        names, noun = self.offers.known(action.scope), action.scope.noun
        if not names:
            self._say(f"{action.label}: choose a {noun} first")
            return
        options = [
            Option(one, clean(one, limit=60), "", partial(self.act, action, [one])) for one in names
        ]
        if action.scope is Scope.WORKER and len(names) > 1:
            every = Option(
                "", f"all {counted(len(names), 'worker')}", "", partial(self.act, action, names)
            )
            options.insert(0, every)
        here = self.offers.name_here(action.scope) or None
        self._offer(f"{action.label}: which {noun}?", options, here)

    # Values

    def _fill_in(
        self,
        action: Action,
        targets: list[str],
        current: Mapping[str, str] | None = None,
        notes: Sequence[Spans] = (),
    ) -> None:
        """Ask for the parameters, filled in with what is here and what holds now."""
        from celerytui.ui.actions.action_form import action_form

        def filled(values: Values | None) -> None:
            if values is not None:
                self._ask(action, targets, values)

        values = self._here(action) | dict(current or {})
        form = action_form(self._session, action, targets, values, notes)
        self._app.push_screen(form, filled)

    def _here(self, action: Action) -> Values:
        """The values of the parameters that are about what is here.

        A list of workers is that of the rows of workers alone: a task's worker would be a limit
        that nobody asked for.
        """
        values: Values = {}
        for param in action.params:
            if param.here is Scope.WORKER:
                values[param.name] = ", ".join(self.offers.at.targets(param.here))
            elif param.here is not None:
                values[param.name] = self.offers.name_here(param.here)
        return {name: text for name, text in values.items() if text}

    def _informant(self) -> str:
        """The worker that is asked what holds now: one that is here, else any, else ""."""
        here = self.offers.at.targets(Scope.WORKER)
        return next(iter(here or self.offers.known(Scope.WORKER)), "")

    def _ask_current(self, action: Action, source: SectionReader, target: str) -> None:
        """Show the values that hold now beside the new ones."""
        hostname = self._informant()

        def answered(section: Section) -> None:
            self._app.call_later(show, section)

        def show(section: Section) -> None:
            from celerytui.ui.actions.action_form import current_note

            current = None if section.error else source.read(section.data, target)
            note = current_note(hostname, section.error, current)
            values = {} if current is None else current.values
            self._fill_in(action, [target], values, [note])

        self._session.engine.inspect(hostname, source.section, answered)

    def _edit_arguments(self, action: Action, task_id: str) -> None:
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

        text = f"{action.label}: looking up the original arguments"
        patience = app.set_timer(PATIENCE_SECONDS, lambda: self._say(text, seconds=1))
        self._session.engine.find_arguments(task_id, found)

    # The question

    def _ask(self, action: Action, targets: list[str], values: Values) -> None:
        """Ask for a yes where one is needed; several tasks at once are always asked about."""
        if not action.destructive and not action.edits_arguments:
            self.submit(action, targets, values)
            return

        from celerytui.ui.actions.confirm import Confirm, TypedConfirm

        def decided(params: Values | None) -> None:
            if params is not None:
                self.submit(action, targets, params)

        kind = TypedConfirm if action.typed else Confirm
        self._app.push_screen(kind(self._session, action, targets, values), decided)

    def _say(self, text: str, *, seconds: float = 3) -> None:
        self._app.notify(text, markup=False, timeout=seconds)


def _already(tasks: int) -> str:
    return agree(tasks, "the task has already", f"all {counted(tasks, 'task')} have already")


def _choices_only(action: Action) -> bool:
    """Whether the question itself has room for the parameters: all are choices."""
    return action.destructive and all(param.choices for param in action.params)
