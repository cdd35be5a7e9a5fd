"""Flags > environment > config file > defaults."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from typing import Any

from celerytui.errors import SettingsError
from celerytui.files import FileRefused, open_to_read
from celerytui.settings.options import ENV_PREFIX, OPTIONS, Option, Settings
from celerytui.settings.values import convert, suggestion

CONF_VARIABLE = "CELERYTUI_CONF"


# Kubernetes puts these into every container beside a service called celerytui or celerytui-x.
SERVICE_VARIABLE = (
    r"CELERYTUI_(?:\w+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)


File = str | os.PathLike[str]


def load(flags: Mapping[str, Any], environ: Mapping[str, str], conf: File | None) -> Settings:
    """The settings from all sources, by precedence.

    `flags` maps field names to values of the command line, None if not given. `conf` is the file
    of --conf; without it $CELERYTUI_CONF is used, then config.toml in the user's config folder if
    it exists. Raises SettingsError naming the setting and where it was found.
    """
    values = _from_file(*_conf_file(environ, conf))
    values.update(_from_environment(environ))
    for option in OPTIONS:
        given = flags.get(option.name)
        if given is not None:
            values[option.name] = convert(option, given, f"flag {_flag(option, given)}")
    return Settings(**values)


def _flag(option: Option, given: Any) -> str:
    long = option.flags[-1]
    on, _, off = long.partition("/")
    return off if off and given is False else on


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    known = {option.variable: option for option in OPTIONS if option.variable}
    values = {}
    for variable, text in environ.items():
        if not variable.startswith(ENV_PREFIX) or variable == CONF_VARIABLE:
            continue
        option = known.get(variable)
        if option is not None:
            # Compose files and CI write "not set" as an empty variable.
            if text:
                values[option.name] = convert(option, text, f"environment variable {variable}")
        elif not re.fullmatch(SERVICE_VARIABLE, variable):
            hint = suggestion(variable, [*known, CONF_VARIABLE])
            raise SettingsError(f"environment variable {variable}: unknown setting{hint}")
    return values


def _conf_file(environ: Mapping[str, str], conf: File | None) -> tuple[File | None, bool]:
    """The config file to read, and whether it must exist."""
    if conf is not None:
        return os.path.expanduser(conf), True
    if environ.get(CONF_VARIABLE):
        return os.path.expanduser(environ[CONF_VARIABLE]), True
    base = environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification says to ignore relative paths.
    if base.startswith("/"):
        return os.path.join(base, "celerytui", "config.toml"), False
    home = environ.get("HOME")
    return (os.path.join(home, ".config", "celerytui", "config.toml") if home else None), False


def _from_file(path: File | None, required: bool) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        # A link is followed: people keep their config files elsewhere.
        with open_to_read(path, follow=True) as file:
            text = file.read().decode()
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise SettingsError(f"{path}: no such config file") from error
        return {}
    except FileRefused as error:
        raise SettingsError(f"{path} {error.strerror}; name a config file with --conf") from error
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text") from error
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error
    known = {option.key: option for option in OPTIONS}
    values = {}
    for key, value in _with_history_apart(table).items():
        option = known.get(key)
        if option is None:
            raise SettingsError(f"{path}: {key}: unknown setting{suggestion(key, known)}")
        values[option.name] = convert(option, value, f"{path}: {KEEPING_TABLE.get(key, key)}")
    return values


KEEPING_TABLE = {"keeping": "history"}


def _with_history_apart(table: dict[str, Any]) -> dict[str, Any]:
    """The table [history] as the two settings that it is: its URL, and the rest."""
    history = table.get("history")
    if not isinstance(history, dict):
        return table
    rest = {key: value for key, value in history.items() if key != "url"}
    others = {key: value for key, value in table.items() if key != "history"}
    if "url" in history:
        others["history"] = history["url"]
    return {**others, "keeping": rest}
