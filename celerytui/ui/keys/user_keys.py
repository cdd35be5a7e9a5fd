"""The user's own keys, from the config file's [keys] table: checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from textual.binding import Binding
from textual.keys import Keys as TextualKeys

from celerytui.control import ACTIONS, GROUPS, LOCAL
from celerytui.errors import SettingsError
from celerytui.settings import suggestion
from celerytui.ui.keys.registry import LOCAL_PLACES, Keys, action_bindings
from celerytui.ui.terminal.private import name_of_character

MODIFIERS: Final = frozenset(("ctrl", "shift", "alt", "meta", "super", "hyper"))
CHARACTERS: Final = frozenset(name_of_character(chr(code)) for code in range(0x20, 0x7F))
NAMES: Final = CHARACTERS.union(key.value for key in TextualKeys if not key.value.startswith("<"))
TYPED: Final = frozenset(("filter", "field", "palette", "question.take"))
"""The places, and the id, whose keys work where text is typed: a character would be text there."""


def check_keys(keys: Keys, together: Iterable[Collection[str]]) -> None:
    """Raise SettingsError for an id or a key that is not there, and for a key with two meanings.

    So is a character refused as a key where text is typed.

    `keys` has the user's own; `together` are the sets of places whose keys are in force at once.
    """
    own, sets = keys.own, [frozenset(places) for places in together]
    changing = [one.id for one in ACTIONS] + [one.id for one in GROUPS]
    places = {key.id: key.where for key in keys.all} | dict.fromkeys(changing, "app")
    for scope, place in LOCAL_PLACES.items():
        places |= dict.fromkeys((binding.id or "" for binding in action_bindings(scope)), place)
    for name, given in own.items():
        if name not in places:
            raise SettingsError(f"{_TABLE}: there is no {name!r}{suggestion(name, places)}")
        for key in given.split(","):
            _check_key(name, places[name], key.strip())
    bound = [key.id for key in keys.all] + [one.id or "" for one in action_bindings()]
    used = {name: _split(",".join(keys.raw(name))) for name in [*bound, *own]}
    for name in own:
        for other, others in used.items():
            shared = set(used[name]) & set(others)
            met = any({places[name], places[other]} <= one for one in sets)
            if other != name and shared and met:
                raise SettingsError(f"{_TABLE}: {name}: {min(shared)} is the key of {other} too")


def added_bindings(own: Mapping[str, str]) -> list[Binding]:
    """The bindings of actions that have no key of their own until the user gives them one."""
    bound = {one.id for scope in (None, *LOCAL) for one in action_bindings(scope)}
    return [
        Binding(own[action.id], f"act('{action.id}')", action.label)
        for action in ACTIONS
        if action.id in own and action.id not in bound
    ]


_TABLE: Final = "[keys] of the config file"


def _check_key(name: str, place: str, key: str) -> None:
    if not _exists(key):
        raise SettingsError(f"{_TABLE}: {name}: there is no key {key!r}{suggestion(key, NAMES)}")
    if not TYPED.isdisjoint((name, place)) and (len(key) == 1 or key in CHARACTERS):
        raise SettingsError(f"{_TABLE}: {name}: {key} is typed there: take a key such as ctrl+n")


def _split(keys: str) -> list[str]:
    parts = [key.strip() for key in keys.split(",")]
    return [name_of_character(key) if len(key) == 1 else key for key in parts]


def _exists(key: str) -> bool:
    if key in NAMES:
        return True
    *modifiers, base = key.split("+") if len(key) > 1 else [key]
    plain = (len(base) == 1 and base.isprintable()) or base in NAMES
    return plain and MODIFIERS.issuperset(modifiers)
