"""The registry of keys: bindings, footer, help and the documents follow from it.

A key's id names it in the config file's [keys] table. Lower case never changes the cluster;
the upper-case keys come from the registry of actions in `control`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from textual.binding import Binding

from celerytui.control import ACTIONS, GROUPS


class Key(Struct, frozen=True):
    """One thing that a key does.

    `where` is where it works: `app`, `list`, `table` (lists with columns), `marks` (lists with
    marks), `tasks`, `task`, `worker`, `scroll` (long texts), `detail` or `sections`. `shown` is its
    place in the footer, lower first, 0 for not there; `rank` how soon it goes where room is short, highest
    first, as `shown` if 0.
    """

    id: str
    keys: str
    label: str
    action: str
    where: str = "app"
    shown: int = 0
    help: str = ""
    rank: int = 0


KEYS: tuple[Key, ...] = (
    Key("view.dashboard", "1", "Dashboard", "show_view('dashboard')", help="the dashboard"),
    Key("view.tasks", "2", "Tasks", "show_view('tasks')", help="all tasks"),
    Key("view.workers", "3", "Workers", "show_view('workers')", help="all workers"),
    Key("view.queues", "4", "Queues", "show_view('queues')", help="all queues"),
    Key("view.log", "9", "Log", "show_view('log')", help="what was done, and what came of it"),
    Key("panel.next", "tab", "panel", "next_pane", shown=55, rank=31, help="next panel"),
    Key("panel.previous", "shift+tab", "previous panel", "previous_pane", help="previous panel"),
    Key("panel.zoom", "z", "zoom", "zoom", shown=60, rank=32, help="the panel alone, and back"),
    Key("filter.edit", "slash", "filter", "edit_filter", shown=20, help="filter the tasks; in workers and queues, find by name"),
    Key("back", "escape", "back", "back", help="close, go back, clear the filter"),
    Key("display.pause", "p", "pause", "pause", shown=65, rank=33, help="freeze the display, not the receiver"),
    Key("display.utc", "u", "UTC", "utc", help="clock in UTC or local"),
    Key("workers.ask", "w", "ask workers", "ask_workers", help="ask the workers again what they do"),
    Key("task.result", "r", "result", "result", shown=47, help="the task's result in its backend; connect now, where the broker is gone"),
    Key("action.cancel", "x", "cancel", "cancel", help="cancel the action that is under way"),
    Key("palette.open", "colon,ctrl+p", "command", "command_palette", shown=70, help="every command by name"),
    Key("actions.menu", "a", "actions", "menu", shown=50, help="what can be done here"),
    Key("help.show", "question_mark", "help", "help", shown=80, help="this page"),
    Key("quit", "q,ctrl+q", "quit", "quit", shown=90, help="leave"),
    Key("move.down", "j,down", "down", "move(1)", where="list", help="next row"),
    Key("move.up", "k,up", "up", "move(-1)", where="list", help="previous row"),
    Key("move.page_down", "pagedown,ctrl+f", "page down", "page(1)", where="list", help="a page down"),
    Key("move.page_up", "pageup,ctrl+b", "page up", "page(-1)", where="list", help="a page up"),
    Key("move.top", "g,home", "top", "top", where="list", help="first row"),
    Key("move.bottom", "G,end", "bottom", "bottom", where="list", help="last row"),
    Key("row.open", "enter,i", "detail", "open", where="list", shown=10, help="all about this row"),
    Key("sort.choose", "s", "sort", "app.sort", where="table", shown=30, help="choose the column to sort by"),
    Key("sort.reverse", "o", "reverse", "reverse", where="table", help="turn the order round"),
    Key("mark.toggle", "space", "mark", "mark", where="marks", shown=35, help="mark this row and go on"),
    Key("mark.all", "asterisk", "mark all", "mark_all", where="marks", help="mark all that match, or none"),
    Key("task.traceback", "t", "traceback", "app.traceback", where="task", shown=45, help="straight to the traceback"),
    Key("task.copy_id", "c", "copy id", "app.copy_id", where="task", shown=46, help="copy the whole id"),
    Key("task.copy_row", "y", "copy as JSON", "app.copy_row", where="task", help="copy the task as JSON"),
    Key("worker.tasks", "t", "its tasks", "app.worker_tasks", where="worker", shown=44, help="the tasks of this worker"),
    Key("detail.down", "j,down", "down", "scroll(1)", where="scroll", help="scroll down"),
    Key("detail.up", "k,up", "up", "scroll(-1)", where="scroll", help="scroll up"),
    Key("detail.page_down", "pagedown,ctrl+f", "page down", "scroll_page(1)", where="scroll", help="a page down"),
    Key("detail.page_up", "pageup,ctrl+b", "page up", "scroll_page(-1)", where="scroll", help="a page up"),
    Key("detail.top", "g,home", "top", "scroll_to(0)", where="scroll", help="to the top"),
    Key("detail.bottom", "G,end", "bottom", "scroll_to(1000000)", where="scroll", help="to the end"),
    Key("detail.next_link", "right_square_bracket", "next link", "link(1)", where="detail", shown=12, help="next parent, child or sibling"),
    Key("detail.previous_link", "left_square_bracket", "previous link", "link(-1)", where="detail", help="the one before"),
    Key("detail.open", "enter,i", "open", "open", where="detail", shown=11, help="go to the chosen relative, or open this task whole"),
    Key("section.next", "right_square_bracket", "next section", "section(1)", where="sections", shown=13, help="next section of what the worker tells"),
    Key("section.previous", "left_square_bracket", "section before", "section(-1)", where="sections", help="the section before"),
    Key("follow", "f", "follow", "follow", where="tasks", help="stay with the newest, or stop"),
)  # fmt: skip


_NAMES = {
    "slash": "/",
    "right_square_bracket": "]",
    "left_square_bracket": "[",
    "colon": ":",
    "question_mark": "?",
    "asterisk": "*",
    "escape": "Esc",
    "enter": "Enter",
    "tab": "Tab",
    "shift+tab": "Shift+Tab",
    "pagedown": "PgDn",
    "pageup": "PgUp",
    "home": "Home",
    "end": "End",
    "down": "Down",
    "up": "Up",
}


def key_name(key: str) -> str:
    """A key as people write it."""
    return _NAMES.get(key, key)


def _given() -> dict[str, str]:
    """Id -> keys joined by ",": of keys, of actions, and of the actions under a group's key."""
    groups = {group.id: group.key for group in GROUPS}
    acting = {one.id: groups.get(one.group, one.key) for one in ACTIONS}
    return {**{key.id: key.keys for key in KEYS}, **groups, **acting}


_GIVEN = _given()
_GROUP_OF = {one.id: one.group for one in ACTIONS if one.group}


def keys_of(id: str, own: Mapping[str, str]) -> list[str]:
    """All keys of an id as people write them; `own` are the user's. KeyError: no such id.

    An action under a group's key has its own key where the user gave it one, else the group's.
    """
    given = own.get(id) or own.get(_GROUP_OF.get(id, ""), _GIVEN[id])
    return [key_name(key.strip()) for key in given.split(",") if key.strip()]


def key_of(id: str, own: Mapping[str, str]) -> str:
    """The first key of an id as people write it, "" where it has none; as `keys_of`."""
    return next(iter(keys_of(id, own)), "")


def bindings(*where: str) -> list[Binding]:
    """The bindings of the keys that belong to these places."""
    return [
        Binding(key.keys, key.action, key.label, id=key.id, show=bool(key.shown), tooltip=key.help)
        for key in KEYS
        if key.where in where
    ]


def action_bindings() -> list[Binding]:
    """The bindings of the actions on the cluster; those of a group are under the group's key."""
    single = [
        Binding(action.key, f"act('{action.id}')", action.label, id=action.id)
        for action in ACTIONS
        if action.key and not action.group
    ]
    groups = [
        Binding(group.key, f"group('{group.id}')", group.label, id=group.id) for group in GROUPS
    ]
    return [*single, *groups]
