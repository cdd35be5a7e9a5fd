"""Converts texts and values of flags, variables and the config file to those of the settings."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable
from typing import Any

from celerytui.durations import read_duration
from celerytui.errors import SettingsError
from celerytui.files import STARTED_IN
from celerytui.settings.options import APP_FLAGS, HISTORY_DEFAULT, Keeping, Kind, Option

TRUE = frozenset(("1", "true", "yes", "on"))


URL = re.compile(r"[A-Za-z][\w+.-]*://")


FALSE = frozenset(("0", "false", "no", "off"))


def parse_duration(text: str) -> float:
    """Seconds from "250ms", "3s", "1h30m" or a bare number of seconds; raises ValueError."""
    try:
        return read_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a duration such as 250ms, 3s or 0.5") from None


def suggestion(word: str, words: Iterable[str]) -> str:
    """ " (did you mean X?)" for the closest of `words`, "" if none is close."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


def convert(option: Option, value: Any, where: str) -> Any:
    try:
        return CONVERT[option.kind](option, value)
    except (ValueError, OverflowError) as error:
        raise SettingsError(f"{where}: {error}") from error


def _count(option: Option, value: Any) -> int:
    if isinstance(value, str):
        try:
            value = int(value)
        except ValueError:
            raise ValueError(f"{value!r} is not a whole number") from None
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a whole number")
    if value < option.minimum:
        raise ValueError(f"{value} is too small; the minimum is {option.minimum:g}")
    return value


def _boolean(option: Option, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise ValueError(f"{value!r} is not true or false")


def _seconds(option: Option, value: Any) -> float:
    if isinstance(value, str):
        seconds = parse_duration(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        seconds = float(value)
    else:
        raise ValueError(f"{value!r} is not a duration such as 250ms, 3s or 0.5")
    if seconds < option.minimum:
        raise ValueError(f"{str(value).strip()} is too short; the minimum is {option.minimum:g}s")
    return seconds


def _choice(option: Option, value: Any) -> str:
    if value in option.choices:
        return str(value)
    hint = suggestion(str(value), option.choices)
    raise ValueError(f"{value!r} is not one of {', '.join(option.choices)}{hint}")


def _path(option: Option, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not a file name")
    return os.path.join(STARTED_IN, os.path.expanduser(value))


def _url(option: Option, value: Any) -> str:
    if not isinstance(value, str) or not URL.match(value):
        raise ValueError("it is not a URL such as postgresql://user@host/name")
    return value


def _names(option: Option, value: Any) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{value!r} is not a list of names")
    return tuple(dict.fromkeys(stripped for name in names if (stripped := name.strip())))


def _keys(option: Option, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table of binding ids and keys")
    keys = {}
    for name, key in value.items():
        if isinstance(key, dict):
            # `task.revoke = "C"` without quotes is a table of tables in TOML.
            keys.update({f"{name}.{rest}": text for rest, text in _keys(option, key).items()})
        elif isinstance(key, str) and key:
            keys[name] = key
        else:
            raise ValueError(f"{name}: {key!r} is not a key")
    return keys


def _filters(option: Option, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table of names and filters")
    for name, text in value.items():
        if not name.strip() or not isinstance(text, str) or not text.strip():
            raise ValueError(f"{name}: {text!r} is not a filter")
    return value


def _apps(option: Option, value: Any) -> dict[str, dict[str, bool]]:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table of apps")
    return {name: _flags_of_app(option, name, table) for name, table in value.items()}


def _flags_of_app(option: Option, name: str, table: Any) -> dict[str, bool]:
    if not isinstance(table, dict):
        raise ValueError(f"{name}: {table!r} is not a table")
    flags = {}
    for key, value in table.items():
        if key not in APP_FLAGS:
            raise ValueError(f"{name}: {key}: unknown setting{suggestion(key, APP_FLAGS)}")
        try:
            flags[key] = _boolean(option, value)
        except ValueError as error:
            raise ValueError(f"{name}: {key}: {error}") from None
    return flags


_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGT]?)B?")
_SIZES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_PATH = re.compile(r"(?:kwargs|args|result|events|progress)(?:\.[^.\s]+)*")
LEAST_SIZE = 10_000_000
POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")
"""How the URL of a history on PostgreSQL begins, as libpq and SQLAlchemy have it."""


def history_url(value: Any) -> str:
    """A URL as it was given, `default` for the app's own folder; raises ValueError."""
    if value is True or value == HISTORY_DEFAULT:
        return HISTORY_DEFAULT
    if isinstance(value, str) and value.startswith("sqlite:///") and len(value) > 10:
        folder = os.path.join(STARTED_IN, os.path.expanduser(value[10:]))
        return f"sqlite:///{folder}"
    if isinstance(value, str) and value.startswith(POSTGRES):
        return value
    from celerytui.masking import mask_url

    shown = mask_url(value) if isinstance(value, str) else value
    raise ValueError(
        f"{shown!r} is not the URL of a history, sqlite:///FOLDER (four slashes for a path from"
        " the root) or postgresql://HOST/DATABASE; without a URL, let no other argument follow"
    )


HISTORY_SCHEMES = ("sqlite://", "postgresql://", "postgres://")


def names_history(url: str | None) -> bool:
    """Whether a URL is that of a history, which no broker has."""
    return url is not None and url.startswith(HISTORY_SCHEMES)


def _history(_option: Option, value: Any) -> str:
    return history_url(value)


def _keeping(option: Option, value: Any) -> Keeping:
    if not isinstance(value, dict):
        raise ValueError(f"{value!r} is not a table")
    found: dict[str, Any] = {}
    for key, one in value.items():
        if key not in KEEPING_KEYS:
            raise ValueError(f"{key}: unknown setting{suggestion(key, (*KEEPING_KEYS, 'url'))}")
        try:
            found[KEEPING_KEYS[key]] = _KEEPING[key](option, one)
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
    return Keeping(**found)


def _size(_option: Option, value: Any) -> int:
    match = _SIZE.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise ValueError(f"{value!r} is not a size such as 500MB or 10GB")
    size = int(float(match[1]) * _SIZES[match[2]])
    if size < LEAST_SIZE:
        raise ValueError(f"{value} is too small; the minimum is 10MB")
    return size


def _paths(option: Option, value: Any) -> tuple[str, ...]:
    names = _names(option, value)
    for name in names:
        if not _PATH.fullmatch(name):
            raise ValueError(f"{name!r} is not a path such as kwargs.card, args.0 or result")
    return names


KEEPING_KEYS = {
    "keep-successes": "successes",
    "keep-others": "others",
    "max-size": "size",
    "redact": "redact",
}
"""The keys of the table [history], beside `url`, and what they are in `Keeping`."""
_KEEPING: dict[str, Callable[[Option, Any], Any]] = {
    "keep-successes": _seconds,
    "keep-others": _seconds,
    "max-size": _size,
    "redact": _paths,
}


CONVERT: dict[Kind, Callable[[Option, Any], Any]] = {
    "count": _count,
    "flag": _boolean,
    "duration": _seconds,
    "choice": _choice,
    "path": _path,
    "url": _url,
    "names": _names,
    "keys": _keys,
    "filters": _filters,
    "apps": _apps,
    "history": _history,
    "keeping": _keeping,
}
