"""The help of a view, made from the registries of keys, actions and filter fields."""

from __future__ import annotations

from celerytui.control import ACTIONS, GROUPS
from celerytui.model import TaskState
from celerytui.query import FIELDS
from celerytui.ui.draw.spans import Spans
from celerytui.ui.keys.registry import KEYS, key_name
from celerytui.ui.session import Session

_PLACES = {
    "tasks": ("Tasks", ("tasks", "table", "marks", "task", "list")),
    "workers": ("Workers", ("worker", "table", "marks", "list")),
    "queues": ("Queues", ("table", "list")),
    "throughput": ("Throughput", ()),
    "detail": ("Detail", ("detail", "scroll", "task")),
    "facts": ("Worker", ("worker", "scroll")),
    "chart": ("Worker", ("worker",)),
    "running": ("Running", ("worker", "list")),
    "waiting": ("Waiting", ("worker", "scroll")),
    "sections": ("What the worker tells", ("sections", "worker", "list")),
    "answered": ("Asked and answered", ("worker", "list")),
    "log": ("Log", ("list",)),
}
_HEADS = {
    "tasks": "In the table",
    "table": "Sorting",
    "task": "On a task",
    "marks": "Marking",
    "worker": "On a worker",
    "sections": "Sections",
    "scroll": "Scrolling",
    "list": "Moving",
    "detail": "In the detail",
    "app": "Everywhere",
}


def help_lines(session: Session, place: str) -> tuple[str, list[Spans]]:
    """The title and the lines of the help for the pane in focus."""
    title, wheres = _PLACES.get(place, ("celerytui", ()))
    lines: list[Spans] = []
    for where in (*wheres, "app"):
        lines += [[], [(_HEADS[where], "strong")]]
        for key in KEYS:
            if key.where == where:
                lines.append(_line(_names(key.keys), key.help or key.label))
    if not session.settings.read_only:
        lines += [[], [("Actions: they change the cluster, and ask first", "strong")]]
        single = [one for one in ACTIONS if one.key and not one.group]
        lines += [_line(one.key, f"{one.label}  ({one.id})") for one in single]
        lines += [_line(one.key, f"{one.label}: a menu") for one in GROUPS]
        rest = [one.label for one in ACTIONS if not one.key and not one.group]
        lines += [_line("a :", ", ".join(rest))]
    else:
        lines += [[], [("Read-only: no key here changes the cluster", "strong")]]
    lines += [[], [("Filter", "strong")], *_filter_lines(place)]
    glyphs = session.glyphs
    signs = [f"{glyphs.state(state)} {state.label}" for state in TaskState]
    lines += [[], [("Signs", "strong")]]
    lines += [_line("", "   ".join(signs[start : start + 5])) for start in (0, 5)]
    return f"Keys: {title}", lines[1:]


def _filter_lines(place: str) -> list[Spans]:
    if place in ("workers", "queues"):
        return [_line("word", "anywhere in the name; * is any text, ? one character")]
    names = [field.name for field in FIELDS]
    return [
        _line("field:value", "globs * ?, a,b any of, /regex/, >2.5 >=10s <5m"),
        _line("-term", "not; also NOT, OR and parentheses"),
        _line("word", "anywhere in id, name, arguments, result, exception"),
        _line("fields", " ".join(names[: len(names) // 2])),
        _line("", " ".join(names[len(names) // 2 :])),
    ]


def _names(keys: str) -> str:
    return " ".join(key_name(key) for key in keys.split(","))


def _line(keys: str, text: str) -> Spans:
    return [("  " + keys.ljust(16), "key"), (text, "text")]
