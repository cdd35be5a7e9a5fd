"""The help of a pane, made from the registries of keys, actions, columns, signs and fields."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from celerytui.columns.workers import STATUS_SIGNS
from celerytui.control import ACTIONS, GROUPS
from celerytui.model import TaskState
from celerytui.query import FIELDS
from celerytui.ui.draw.glyphs import MEANINGS, Glyphs
from celerytui.ui.draw.spans import Spans
from celerytui.ui.keys.registry import PLACES, REPLAY, Keys


class HelpSubject(Struct, frozen=True):
    """What help is about: a pane's name, the places of its keys, its columns with what they show.

    `sought` is what the line for its filter looks for, "" where that takes the filter language.
    """

    name: str
    places: Sequence[str] = ()
    columns: Sequence[tuple[str, str]] = ()
    sought: str = ""


def help_lines(
    keys: Keys, glyphs: Glyphs, subject: HelpSubject, *, read_only: bool
) -> tuple[str, list[Spans]]:
    """The title and the lines of the help."""
    lines: list[Spans] = []
    for place in (one for one in PLACES if one in (REPLAY, *subject.places, "app")):
        rows = [(keys.of(key.id), key.help or key.label) for key in keys.at(place)]
        rows = [row for row in rows if row[0]]
        if rows:
            lines += [[], [(PLACES[place], "strong")]]
            lines += [_line(" ".join(names), text) for names, text in rows]
    lines += _action_lines(keys, read_only)
    lines += [[], [("Filter", "strong")], *_filter_lines(subject.sought)]
    if subject.columns:
        lines += [[], [("Columns", "strong")]]
        lines += [_line(title, meaning) for title, meaning in subject.columns]
    return f"Help: {subject.name}", [*lines[1:], *_sign_lines(glyphs)]


def _sign_lines(glyphs: Glyphs) -> list[Spans]:
    tasks = [f"{glyphs.state(state)} {state.label}" for state in TaskState]
    workers = [f"{glyphs[sign]} {status}" for status, sign in STATUS_SIGNS.items()]
    lines: list[Spans] = [[], [("Signs", "strong")]]
    for label, signs in (("tasks", tasks), ("workers", workers)):
        lines += [
            _line("" if start else label, "   ".join(signs[start : start + 4]))
            for start in range(0, len(signs), 4)
        ]
    return [*lines, *(_line(glyphs[field], meaning) for field, meaning in MEANINGS.items())]


def _action_lines(keys: Keys, read_only: bool) -> list[Spans]:
    if keys.replaying:
        return [[], [("Actions are off in a replay", "strong")]]
    if read_only:
        return [[], [("Read-only: no key changes the cluster", "strong")]]
    key_of = keys.first
    single = [one for one in ACTIONS if not one.group]
    lines: list[Spans] = [[], [("Actions: change the cluster", "strong")]]
    keyed = [one for one in ACTIONS if keys.given(one.id) or (not one.group and key_of(one.id))]
    lines += [_line(key_of(one.id), f"{one.label}  ({one.id})") for one in keyed]
    lines += [_line(key_of(one.id), f"{one.label}: a menu") for one in GROUPS]
    rest = [one.label for one in single if not key_of(one.id)]
    return [*lines, _line(f"{key_of('actions.menu')} {key_of('palette.open')}", ", ".join(rest))]


def _filter_lines(sought: str) -> list[Spans]:
    if sought:
        return [_line("text", sought), _line("", "* any text, ? one character")]
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
