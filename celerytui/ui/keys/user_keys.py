"""The user's own keys, from the config file's [keys] table: checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from textual.binding import Binding
from textual.keys import Keys

from celerytui.control import ACTIONS, GROUPS
from celerytui.errors import SettingsError
from celerytui.settings import suggestion
from celerytui.ui.keys.registry import KEYS, action_bindings
from celerytui.ui.terminal.private import name_of_character

MODIFIERS: Final = frozenset(("ctrl", "shift", "alt", "meta", "super", "hyper"))
NAMES: Final = frozenset(
    [key.value for key in Keys if not key.value.startswith("<")]
    + [name_of_character(chr(code)) for code in range(0x20, 0x7F)]
)
TOGETHER: Final = (
    {"app", "list", "table", "marks", "tasks", "task"},
    {"app", "list", "table", "marks", "worker"},
    {"app", "scroll", "detail", "task"},
    {"app", "scroll", "sections", "worker"},
)
"""The places of keys that are in force at the same time: see `Key.where`."""


def check_keys(keys: Mapping[str, str]) -> None:
    """Raise SettingsError for an id or a key that is not there, and for a key with two meanings.

    `keys` maps ids of keys, actions and groups to keys joined by ",".
    """
    changing = [one.id for one in ACTIONS] + [one.id for one in GROUPS]
    places = {key.id: key.where for key in KEYS} | dict.fromkeys(changing, "app")
    for name, given in keys.items():
        if name not in places:
            raise SettingsError(f"{_TABLE}: there is no {name!r}{suggestion(name, places)}")
        for key in given.split(","):
            if not _exists(key.strip()):
                raise SettingsError(
                    f"{_TABLE}: {name}: there is no key {key.strip()!r}{suggestion(key, NAMES)}"
                )
    used = {binding.id or "": binding.key for binding in _bound()} | dict(keys)
    for name in keys:
        for other, others in used.items():
            shared = set(_split(keys[name])) & set(_split(others))
            met = any({places[name], places[other]} <= places_ for places_ in TOGETHER)
            if other != name and shared and met:
                raise SettingsError(f"{_TABLE}: {name}: {min(shared)} is the key of {other} too")


def added_bindings(keys: Mapping[str, str]) -> list[Binding]:
    """The bindings of actions that have no key of their own until the user gives them one."""
    bound = {binding.id for binding in action_bindings()}
    return [
        Binding(keys[action.id], f"act('{action.id}')", action.label)
        for action in ACTIONS
        if action.id in keys and action.id not in bound
    ]


_TABLE: Final = "[keys] of the config file"


def _bound() -> Iterator[Binding]:
    for key in KEYS:
        yield Binding(key.keys, key.action, id=key.id)
    yield from action_bindings()


def _split(keys: str) -> list[str]:
    parts = [key.strip() for key in keys.split(",")]
    return [name_of_character(key) if len(key) == 1 else key for key in parts]


def _exists(key: str) -> bool:
    if key in NAMES:
        return True
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    plain = (len(base) == 1 and base.isprintable()) or base in NAMES
    return plain and MODIFIERS.issuperset(modifiers)
