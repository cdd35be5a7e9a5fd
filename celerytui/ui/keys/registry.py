"""The registry of keys: bindings, footer, help and the documents follow from it.

A key's id names it in the config file's [keys] table. Lower case never changes the cluster;
the upper-case keys come from the registry of actions in `control`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from msgspec import Struct
from textual.binding import Binding, BindingType

from celerytui.control import ACTIONS, GROUPS, LOCAL, Scope
from celerytui.health.workers import LOST, SHARED
from celerytui.ui.terminal.private import name_of_character


class Key(Struct, frozen=True):
    """One thing that a key does.

    `where` is where it works, one of PLACES. `shown` is its place in the footer, lower first, 0 for
    not there; `rank` how soon it goes where room is short, highest first, as `shown` if 0; one that
    `stays` never goes, one `about` a scope is there only where the user is at such a thing, and one
    `if_wrong` only while a number says that something is.
    `words` are others that the palette finds it by, `command` is whether the palette has it, where
    it is not one of a place APART, and `priority` whether it goes before a widget's own keys.
    The palette calls it by its label unless it is `called` otherwise.
    One that is `live` is not there in a replay: it is about a cluster, or what is done to it.
    `mends` are the ids of the detectors whose alerts it leads to the cause of.
    """

    id: str
    keys: str
    label: str
    action: str
    where: str = "app"
    shown: int = 0
    help: str = ""
    rank: int = 0
    stays: bool = False
    about: Scope | None = None
    command: bool = True
    priority: bool = False
    words: str = ""
    if_wrong: bool = False
    live: bool = False
    called: str = ""
    mends: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What the palette calls it."""
        text = self.called or self.label
        return text[:1].upper() + text[1:]


PLACES: Mapping[str, str] = {
    "replay": "In a replay",
    "tasks": "In the table",
    "worker": "On a worker",
    "failures": "On a group of failures",
    "window": "Window",
    "sections": "Sections",
    "types": "On types of tasks",
    "schedule": "On an entry of the schedule",
    "detail": "In the detail",
    "scroll": "Scrolling",
    "table": "Order and columns",
    "marks": "Marking",
    "task": "On a task",
    "list": "Moving",
    "filter": "While a filter is typed",
    "palette": "In the palette",
    "dialog": "In every dialog",
    "choice": "In a choice",
    "columns": "In the choice of columns",
    "filters": "In the list of filters",
    "reading": "In a text",
    "result": "In a result",
    "question": "In a question",
    "form": "In a form",
    "field": "In a field of a form",
    "options": "In a row of choices or buttons",
    "app": "Everywhere",
}
"""Where keys work, and how the help calls that, in its order; a pane names its own in `KEYS`."""

APART = frozenset(
    {
        *("filter", "palette", "dialog", "choice", "columns", "filters", "reading"),
        *("result", "question", "form", "field", "options"),
    }
)
"""The places whose keys work only while a dialog or the filter's line is open."""

REPLAY = "replay"
"""The place whose keys are there only in a replay, where they go before all others of the page."""

LOCAL_PLACES = {Scope.ENTRY: "schedule"}
"""The place where the keys of each LOCAL scope work."""

KEYS: tuple[Key, ...] = (
    Key("replay.play", "space", "pause", "replay('play')", where="replay", shown=-10, rank=1, help="play or pause; at the end, from the beginning", priority=True, words="resume stop"),
    Key("replay.step", "full_stop", "step", "replay('step')", where="replay", shown=-9, rank=9, help="to the next event, and pause", priority=True),
    Key("replay.slower", "less_than_sign", "speed", "replay('slower')", where="replay", shown=-8, rank=8, help="slower", called="slower", priority=True),
    Key("replay.faster", "greater_than_sign", "speed", "replay('faster')", where="replay", shown=-7, rank=8, help="faster, up to 1000 times", called="faster", priority=True),
    Key("replay.next_trouble", "n", "failure", "replay('next_trouble')", where="replay", shown=-6, rank=6, help="next failure or alert", called="next failure", priority=True, words="error"),
    Key("replay.previous_trouble", "N", "failure", "replay('previous_trouble')", where="replay", shown=-5, rank=6, help="previous failure or alert", called="previous failure", priority=True, words="error"),
    Key("replay.previous_mark", "left_square_bracket", "mark", "replay('previous_mark')", where="replay", shown=-4, rank=9, help="previous mark", called="previous mark", priority=True, words="deploy"),
    Key("replay.next_mark", "right_square_bracket", "mark", "replay('next_mark')", where="replay", shown=-3, rank=9, help="next mark", called="next mark", priority=True, words="deploy"),
    Key("replay.go", "g", "go to a time", "replay('go')", where="replay", shown=-2, rank=7, help="go to a time", priority=True, words="seek jump"),
    Key("replay.skip", "x", "skip silence", "replay('skip')", where="replay", shown=-1, rank=9, help="skip times without events, or play them", priority=True, words="gap idle"),
    Key("panel.next", "tab", "next panel", "next_pane", help="next panel"),
    Key("panel.previous", "shift+tab", "previous panel", "previous_pane", help="previous panel"),
    Key("panel.zoom", "z", "zoom", "zoom", shown=60, rank=32, help="zoom", words="maximize full screen"),
    Key("filter.edit", "slash", "filter", "edit_filter", shown=20, help="filter tasks; search workers, queues, types, failures and the log", words="search find"),
    Key("back", "escape", "back", "back", help="close, go back, clear the filter"),
    Key("figure.open", "exclamation_mark", "trouble", "figure", shown=15, rank=31, help="rows behind a red number; again: the next", words="what is wrong cause failed lost errors", if_wrong=True),
    Key("filters.show", "n", "filters", "filters", help="named filters: apply, save, remove", words="saved named bookmarks", live=True),
    Key("display.pause", "p", "pause", "pause", shown=65, rank=33, help="pause the display, not the receiver", words="freeze hold resume", live=True),
    Key("display.utc", "u", "UTC or local time", "utc", help="UTC or local time", words="clock timezone"),
    Key("workers.ask", "w", "ask workers", "ask_workers", help="ask the workers again, and for a task's group", words="inspect refresh reload", live=True),
    Key("task.result", "r", "result", "result", shown=47, about=Scope.TASK, help="result from the result backend; reconnect while disconnected", words="reconnect connect now", live=True),
    Key("action.cancel", "x", "cancel the action", "cancel", help="cancel the running action, export or search", words="stop", live=True),
    Key("link.copy", "l", "copy link", "copy_link", help="copy the command line that opens this task or filter", words="share url chat command", live=True),
    Key("export", "e", "export", "export", shown=55, rank=90, help="export the rows shown to CSV or JSON lines", words="save download csv json file"),
    Key("palette.open", "colon,ctrl+p", "command", "app.palette", shown=70, command=False, help="command palette"),
    Key("actions.menu", "a", "actions", "menu", shown=50, help="menu of actions", live=True),
    Key("help.show", "question_mark", "help", "help", shown=80, stays=True, help="help", words="keys"),
    Key("quit", "q,ctrl+q", "quit", "app.quit", shown=90, stays=True, help="quit", words="exit leave"),
    Key("move.down", "j,down", "next row", "move(1)", where="list", help="next row"),
    Key("move.up", "k,up", "previous row", "move(-1)", where="list", help="previous row"),
    Key("move.page_down", "pagedown,ctrl+f", "next page", "page(1)", where="list", help="a page down"),
    Key("move.page_up", "pageup,ctrl+b", "previous page", "page(-1)", where="list", help="a page up"),
    Key("move.top", "g,home", "first row", "top", where="list", help="first row"),
    Key("move.bottom", "G,end", "last row", "bottom", where="list", help="last row"),
    Key("row.open", "enter,i", "detail", "open", where="list", shown=10, help="details", words="open info", mends=(SHARED.id,)),
    Key("sort.choose", "s", "sort", "screen.sort", where="table", shown=30, help="sort by a column", words="order"),
    Key("sort.reverse", "o", "reverse order", "reverse", where="table", help="reverse order"),
    Key("columns.choose", "v", "columns", "screen.columns", where="table", help="choose the columns shown", words="show hide fields"),
    Key("mark.toggle", "space", "mark", "mark", where="marks", shown=35, help="mark the row and move down", live=True),
    Key("mark.all", "asterisk", "mark all", "mark_all", where="marks", help="mark all matches, or unmark them", live=True),
    Key("task.traceback", "t", "traceback", "screen.traceback", where="task", shown=45, help="traceback", words="error exception"),
    Key("task.copy_id", "c", "copy id", "screen.copy_id", where="task", shown=46, help="copy the id"),
    Key("task.copy_row", "y", "copy as JSON", "screen.copy_row", where="task", help="copy the task as JSON"),
    Key("worker.tasks", "t", "its tasks", "screen.worker_tasks", where="worker", shown=44, help="tasks of this worker", mends=(LOST.id,)),
    Key("failure.tasks", "t", "tasks in group", "failure_tasks", where="failures", shown=44, help="tasks of this group"),
    Key("failure.resolve", "m", "resolve", "resolve", where="failures", shown=36, help="resolve, or open again; it opens by itself when it comes again", words="mark done fixed", live=True),
    Key("failure.unfold", "plus", "messages", "unfold_group", where="failures", shown=38, help="list the messages of the group below it, or hide them", words="variants expand collapse"),
    Key("failure.copy", "y", "copy group as JSON", "copy_failure", where="failures", help="copy the group as JSON"),
    Key("window.shorter", "left_square_bracket", "shorter window", "window(-1)", where="window", help="shorter window of time"),
    Key("window.longer", "right_square_bracket", "window", "window(1)", where="window", shown=37, help="longer window of time", words="time span range"),
    Key("detail.down", "j,down", "scroll down", "scroll(1)", where="scroll", help="scroll down"),
    Key("detail.up", "k,up", "scroll up", "scroll(-1)", where="scroll", help="scroll up"),
    Key("detail.page_down", "pagedown,ctrl+f", "scroll a page down", "scroll_page(1)", where="scroll", help="a page down"),
    Key("detail.page_up", "pageup,ctrl+b", "scroll a page up", "scroll_page(-1)", where="scroll", help="a page up"),
    Key("detail.top", "g,home", "scroll to the top", "scroll_to(0)", where="scroll", help="to the top"),
    Key("detail.bottom", "G,end", "scroll to the end", "scroll_to(1000000)", where="scroll", help="to the end"),
    Key("detail.next_link", "right_square_bracket", "next link", "link(1)", where="detail", shown=12, help="next parent, child or sibling"),
    Key("detail.previous_link", "left_square_bracket", "previous link", "link(-1)", where="detail", help="previous parent, child or sibling"),
    Key("detail.open", "enter,i", "open", "open", where="detail", shown=11, help="open the selected relative, or this task"),
    Key("section.next", "right_square_bracket", "next section", "section(1)", where="sections", shown=13, help="next section"),
    Key("section.previous", "left_square_bracket", "previous section", "section(-1)", where="sections", help="previous section"),
    Key("type.slowest", "t", "slowest runs", "slowest", where="types", shown=44, help="tasks of this type, the slowest first", words="longest duration"),
    Key("entry.tasks", "t", "tasks of entry", "entry_tasks", where="schedule", shown=44, help="tasks of its task name"),
    Key("entry.copy", "y", "copy entry as JSON", "copy_entry", where="schedule", help="copy the entry as JSON"),
    Key("follow", "f", "follow", "follow", where="tasks", help="follow the newest tasks", words="tail newest"),
    Key("results.older", "b", "older tasks", "older_results", where="tasks", help="older tasks that match the filter, from the history and the result backend", words="past history before backend load django results", live=True),
    Key("filter.apply", "enter", "apply", "submit", where="filter", shown=1, stays=True, help="apply"),
    Key("filter.cancel", "escape", "cancel", "give_up", where="filter", shown=2, rank=1, help="cancel and restore the previous filter"),
    Key("filter.complete", "tab", "complete", "complete", where="filter", shown=3, rank=2, help="complete the word"),
    Key("filter.older", "up", "history", "history(-1)", where="filter", shown=4, rank=3, help="previous filter in the history"),
    Key("filter.newer", "down", "newer", "history(1)", where="filter", help="next filter in the history"),
    Key("dialog.close", "escape", "close", "decline", where="dialog", help="close; in a question, no"),
    Key("dialog.quit", "ctrl+q", "quit", "app.quit", where="dialog", help="quit"),
    Key("choice.down", "j,down", "down", "step(1)", where="choice", help="next line"),
    Key("choice.up", "k,up", "up", "step(-1)", where="choice", help="previous line"),
    Key("choice.take", "enter", "take", "take", where="choice", help="select this line"),
    Key("choice.close", "q", "close", "decline", where="choice", help="close"),
    Key("columns.toggle", "space", "show or hide", "toggle_column", where="columns", help="show or hide this column"),
    Key("columns.all", "a", "show all", "show_all", where="columns", help="show all columns"),
    Key("filters.save", "s", "save", "save", where="filters", help="save the filter of the tasks under a name"),
    Key("filters.remove", "d,delete", "remove", "remove", where="filters", help="remove this saved filter"),
    Key("palette.take", "enter", "run", "screen.take", where="palette", help="run this command"),
    Key("palette.down", "down", "down", "screen.step(1)", where="palette", help="next command"),
    Key("palette.up", "up", "up", "screen.step(-1)", where="palette", help="previous command"),
    Key("palette.page_down", "pagedown", "page down", "screen.page(1)", where="palette", help="a page down"),
    Key("palette.page_up", "pageup", "page up", "screen.page(-1)", where="palette", help="a page up"),
    Key("reading.page", "space", "page down", "scroll_page(1)", where="reading", help="a page down"),
    Key("reading.close", "q,question_mark,enter", "close", "decline", where="reading", help="close"),
    Key("result.read", "r", "read again", "read", where="result", help="read it again"),
    Key("result.save", "e", "save", "save", where="result", help="save it to a file"),
    Key("question.yes", "y", "yes", "accept", where="question", help="yes"),
    Key("question.no", "n", "no", "decline", where="question", help="no"),
    Key("question.other", "left,right,tab,h,l,shift+tab", "choose", "other_button", where="question", help="the other button"),
    Key("question.take", "enter", "take it", "take", where="question", help="press the focused button"),
    Key("question.previous", "up,k", "previous", "choose(-1)", where="question", help="previous signal; scroll up"),
    Key("question.next", "down,j", "next", "choose(1)", where="question", help="next signal; scroll down"),
    Key("question.ids", "d", "all ids", "all_ids", where="question", help="show all ids"),
    Key("form.page_down", "pagedown", "page down", "scroll_page(1)", where="form", help="a page down"),
    Key("form.page_up", "pageup", "page up", "scroll_page(-1)", where="form", help="a page up"),
    Key("form.unfold", "ctrl+o", "more fields", "unfold", where="form", help="show the optional fields"),
    Key("field.complete", "tab", "complete", "complete", where="field", priority=True, help="complete the word, else the next field"),
    Key("field.previous", "shift+tab,up", "previous", "leave(-1)", where="field", priority=True, help="previous field"),
    Key("field.next", "down", "next", "leave(1)", where="field", help="next field"),
    Key("field.done", "enter", "send", "leave(1, True)", where="field", help="send; while a field is missing or wrong, go to it"),
    Key("options.previous_field", "shift+tab,up,k", "previous", "leave(-1)", where="options", help="previous field"),
    Key("options.next_field", "tab,down,j", "next", "leave(1)", where="options", help="next field"),
    Key("options.left", "left,h", "left", "step(-1)", where="options", help="choice to the left"),
    Key("options.right", "right,l,space", "right", "step(1)", where="options", help="choice to the right"),
    Key("options.take", "enter", "send", "take", where="options", help="the same as in a text; on the buttons, press the one in focus"),
)  # fmt: skip


_NAMES = {
    "slash": "/",
    "full_stop": ".",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "colon": ":",
    "question_mark": "?",
    "asterisk": "*",
    "plus": "+",
    "exclamation_mark": "!",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "delete": "Del",
    "home": "Home",
    "end": "End",
    "down": "Down",
    "up": "Up",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    return _NAMES.get(key, key)


def keys_at(*places: str) -> list[Key]:
    """The keys that work at these places, in the order of the places."""
    return [key for place in places for key in KEYS if key.where == place]


def bindings(keys: Iterable[Key]) -> list[BindingType]:
    """The bindings of these keys; the user's own replace their keys by their ids."""
    return [
        Binding(
            key.keys,
            key.action,
            key.label,
            id=key.id,
            show=bool(key.shown),
            tooltip=key.help,
            priority=key.priority,
        )
        for key in keys
    ]


class Keyed:
    """Mixed into a widget or screen: it says its places, and its bindings follow from them."""

    KEYS: ClassVar[tuple[str, ...]] = ()
    """The places of the registry of keys that this class adds."""
    ACTS: ClassVar[Scope | None] = None
    """The LOCAL scope whose actions have their keys here."""
    BINDINGS: ClassVar[list[BindingType]]

    def __init_subclass__(cls, **options: Any) -> None:
        if "KEYS" in cls.__dict__:
            acting = [] if cls.ACTS is None else action_bindings(cls.ACTS)
            cls.BINDINGS = [*bindings(keys_at(*cls.KEYS)), *acting]
        super().__init_subclass__(**options)

    @classmethod
    def places(cls) -> tuple[str, ...]:
        """The places of all of its keys, its own before those of what it is derived from."""
        found = [place for kind in cls.__mro__ for place in kind.__dict__.get("KEYS", ())]
        return tuple(dict.fromkeys(found))


def action_bindings(of: Scope | None = None) -> list[Binding]:
    """The bindings of the actions on the cluster; those of a group are under the group's key.

    Those of a LOCAL scope are given only where they are asked for, for the panes of it.
    """

    def here(scope: Scope) -> bool:
        return scope not in LOCAL if of is None else scope is of

    to = "" if of is None else "screen."
    single = [
        Binding(action.key, f"{to}act('{action.id}')", action.label, id=action.id)
        for action in ACTIONS
        if action.key and not action.group and here(action.scope)
    ]
    groups = [
        Binding(group.key, f"{to}group('{group.id}')", group.label, id=group.id)
        for group in GROUPS
        if here(group.scope)
    ]
    return [*single, *groups]


class Keys:
    """Which key has which id: the program's, the actions', and the user's own before them.

    `more` are keys beside KEYS, those of the views; `own` maps ids to keys joined by ",". `offered`
    are those that are there, in a replay or where there is none.
    """

    def __init__(
        self, own: Mapping[str, str], more: Iterable[Key] = (), *, replaying: bool = False
    ) -> None:
        self.own = own
        self.replaying = replaying
        self.all = (*more, *KEYS)
        self.by_id = {key.id: key for key in self.all}
        self.offered = tuple(
            key for key in self.all if not (key.live if replaying else key.where == REPLAY)
        )
        self._group_of = {one.id: one.group for one in ACTIONS if one.group}
        groups = {group.id: group.key for group in GROUPS}
        acting = {one.id: groups.get(one.group, one.key) for one in ACTIONS}
        self._given = {**{key.id: key.keys for key in self.all}, **groups, **acting}
        off = {_name_of(key) for key in self.all} - {_name_of(key) for key in self.offered}
        self._off = frozenset(off)
        replay = [one for key in self.offered if key.where == REPLAY for one in self._keys(key.id)]
        self._taken = frozenset(map(_full_name, replay))

    def raw(self, id: str) -> list[str]:
        """All keys of an id as Textual calls them; raises KeyError where there is no such id.

        An action in a group has the key that the user gave it, else the group's. In a replay those
        that are the replay's own there are left out, and all of what is not there.
        """
        known = self.by_id.get(id)
        if known is not None and known not in self.offered:
            return []
        keys = self._keys(id)
        if known is None or known.where == REPLAY or known.where in APART:
            return keys
        return [key for key in keys if _full_name(key) not in self._taken]

    def _keys(self, id: str) -> list[str]:
        given = self.own.get(id) or self.own.get(self._group_of.get(id, ""), self._given[id])
        return [key.strip() for key in given.split(",") if key.strip()]

    def allows(self, action: str) -> bool:
        """Whether what Textual calls by that name is there, in a replay or where there is none."""
        return action not in self._off

    def of(self, id: str) -> list[str]:
        """All keys of an id as people write them; raises as `raw`."""
        return [key_name(key) for key in self.raw(id)]

    def first(self, id: str) -> str:
        """The first key of an id as people write it, "" where it has none; raises as `raw`."""
        return next(iter(self.of(id)), "")

    def given(self, id: str) -> bool:
        """Whether the user gave it a key of its own, not only its group."""
        return id in self.own

    def sign(self, sign: str, *ids: str) -> str:
        """The sign that stands for the program's keys of these ids, else their first keys."""
        if not any(self.given(id) for id in ids):
            return sign
        return " ".join(dict.fromkeys(self.first(id) for id in ids))

    def at(self, *places: str) -> list[Key]:
        """The keys that work at these places, in the order of the places."""
        return [key for place in places for key in self.offered if key.where == place]


def _name_of(key: Key) -> str:
    """What Textual calls a key's action, without where it is and how."""
    return key.action.partition("(")[0].rpartition(".")[2]


def _full_name(key: str) -> str:
    return name_of_character(key) if len(key) == 1 else key
