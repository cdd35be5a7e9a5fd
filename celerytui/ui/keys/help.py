"""The help of a view, made from the registries of keys, actions and filter fields."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.control import ACTIONS, GROUPS, Scope
from celerytui.model import TaskState
from celerytui.query import FIELDS
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Spans
from celerytui.ui.figures import FIGURES
from celerytui.ui.keys.registry import PLACES, Keys


def help_lines(
    keys: Keys, glyphs: Glyphs, name: str, places: Sequence[str], *, read_only: bool
) -> tuple[str, list[Spans]]:
    """The title and the lines of the help for a pane by its name, with the keys of its places."""
    lines: list[Spans] = []
    for place in [*(one for one in PLACES if one in places), "app"]:
        lines += [[], [(PLACES[place], "strong")]]
        for key in keys.at(place):
            lines.append(_line(" ".join(keys.of(key.id)), key.help or key.label))
    lines += _action_lines(keys, read_only)
    lines += [[], [("Filter", "strong")], *_filter_lines(places)]
    signs = [f"{glyphs.state(state)} {state.label}" for state in TaskState]
    lines += [[], [("Signs", "strong")]]
    lines += [_line("", "   ".join(signs[start : start + 5])) for start in range(0, len(signs), 5)]
    return f"Keys: {name}", lines[1:]


def _action_lines(keys: Keys, read_only: bool) -> list[Spans]:
    if read_only:
        return [[], [("Read-only: no key here changes the cluster", "strong")]]
    key_of = keys.first
    single = [one for one in ACTIONS if not one.group]
    lines: list[Spans] = [[], [("Actions: they change the cluster, and ask first", "strong")]]
    keyed = [one for one in ACTIONS if keys.given(one.id) or (not one.group and key_of(one.id))]
    lines += [_line(key_of(one.id), f"{one.label}  ({one.id})") for one in keyed]
    lines += [_line(key_of(one.id), f"{one.label}: a menu") for one in GROUPS]
    rest = [one.label for one in single if not key_of(one.id)]
    return [*lines, _line(f"{key_of('actions.menu')} {key_of('palette.open')}", ", ".join(rest))]


def _filter_lines(places: Sequence[str]) -> list[Spans]:
    if "table" in places and "tasks" not in places:
        troubles = [one.narrowing for one in FIGURES if one.scope is not Scope.TASK]
        return [
            _line("word", "anywhere in the name; * is any text, ? one character"),
            _line("", f"or those with a trouble: {' '.join(troubles[:3])}"),
            _line("", " ".join(troubles[3:])),
        ]
    names = [field.name for field in FIELDS]
    return [
        _line("field:value", "globs * ?, a,b any of, /regex/, >2.5 >=10s <5m"),
        _line("-term", "not; also NOT, OR and parentheses"),
        _line("word", "anywhere in id, name, arguments, result, exception"),
        _line("fields", " ".join(names[: len(names) // 2])),
        _line("", " ".join(names[len(names) // 2 :])),
    ]


def _line(keys: str, text: str) -> Spans:
    return [("  " + keys.ljust(16), "key"), (text, "text")]
