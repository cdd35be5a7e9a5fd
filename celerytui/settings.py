"""Every setting: flags, then environment variables, then the config file, then defaults.

A setting is one field of `Settings` and one `Option` in `OPTIONS`. Its flags, its environment
variable, its key in the config file and its page in docs/configuration.md follow from those two.
"""

from __future__ import annotations

import math
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from celerytui.durations import read_duration
from celerytui.errors import SettingsError

ENV_PREFIX = "CELERYTUI_"
CONF_VARIABLE = "CELERYTUI_CONF"
THEMES = ("auto", "dark", "light", "ansi", "mono")

# Kubernetes puts these into every container beside a service called celerytui or celerytui-x.
SERVICE_VARIABLE = (
    r"CELERYTUI_(?:\w+_)?"
    r"(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)?)"
)
TRUE = frozenset(("1", "true", "yes", "on"))
FALSE = frozenset(("0", "false", "no", "off"))

File = str | os.PathLike[str]
Kind = Literal["count", "flag", "duration", "choice", "path", "names", "keys", "apps"]


class Settings(NamedTuple):
    """What the user chose, checked.

    Durations are seconds; `keys` is binding id -> keys, `apps` name of an app -> its own flags.
    """

    max_tasks: int = 100_000
    max_workers: int = 5_000
    read_only: bool = False
    refresh: float = 0.25
    enable_events: bool = True
    restore_events: bool = False
    theme: str = "auto"
    ascii: bool = False
    utc: bool = False
    log_file: str | None = None
    reply_timeout: float = 1.0
    queues: tuple[str, ...] = ()
    queue_interval: float = 2.0
    production: bool = False
    keys: Mapping[str, str] = MappingProxyType({})
    apps: Mapping[str, Mapping[str, bool]] = MappingProxyType({})

    def for_app(self, name: str) -> Settings:
        """These settings with those of the app's own table, which can only make them stricter."""
        own = self.apps.get(name, {})
        return self._replace(
            read_only=self.read_only or own.get("read-only", False),
            production=self.production or own.get("production", False),
        )


class Option(NamedTuple):
    """One setting as the user meets it.

    `name` is its field in `Settings`, `minimum` the smallest good number, `short` a one-letter
    flag. Options of the kinds in `TABLES` stand only in the config file.
    """

    name: str
    kind: Kind
    help: str
    minimum: float = 0.0
    choices: tuple[str, ...] = ()
    short: str | None = None
    metavar: str | None = None

    @property
    def key(self) -> str:
        """Its key in the config file."""
        return self.name.replace("_", "-")

    @property
    def variable(self) -> str | None:
        """Its environment variable, None where it has none."""
        return None if self.kind in TABLES else ENV_PREFIX + self.name.upper()

    @property
    def flags(self) -> tuple[str, ...]:
        """Its command-line flags as click takes them, the long one last; () where it has none."""
        if self.kind in TABLES:
            return ()
        long = f"--{self.key}"
        if self.kind == "flag" and self.default is True:
            long = f"{long}/--no-{self.key}"
        return (self.short, long) if self.short else (long,)

    @property
    def default(self) -> Any:
        """What it is when nobody sets it."""
        return getattr(DEFAULTS, self.name)


DEFAULTS = Settings()
TABLES: tuple[Kind, ...] = ("keys", "apps")
APP_FLAGS = ("read-only", "production")
"""What an app's own table in the config file may hold."""

OPTIONS: tuple[Option, ...] = (
    Option(
        name="max_tasks",
        kind="count",
        minimum=1,
        metavar="N",
        help="Tasks held in memory; past it finished successes go first and are counted.",
    ),
    Option(
        name="max_workers",
        kind="count",
        minimum=1,
        metavar="N",
        help="Workers held in memory.",
    ),
    Option(
        name="read_only",
        kind="flag",
        help="Remove every action that changes the cluster; task events are not turned on either.",
    ),
    Option(
        name="refresh",
        kind="duration",
        minimum=0.1,
        metavar="TIME",
        help="Shortest time between two updates of the screen, 0.1s at the fastest.",
    ),
    Option(
        name="enable_events",
        kind="flag",
        help="Turn task events on, once, for each worker that has them off.",
    ),
    Option(
        name="restore_events",
        kind="flag",
        help="At exit, turn off again the task events that were turned on.",
    ),
    Option(
        name="theme",
        kind="choice",
        choices=THEMES,
        metavar="NAME",
        help="Colours: auto asks the terminal, ansi uses its 16 colours, mono none.",
    ),
    Option(
        name="ascii",
        kind="flag",
        help="Draw with ASCII only.",
    ),
    Option(
        name="utc",
        kind="flag",
        help="Show times in UTC instead of local time.",
    ),
    Option(
        name="log_file",
        kind="path",
        metavar="FILE",
        help="Append log records to FILE; without it they are dropped.",
    ),
    Option(
        name="reply_timeout",
        kind="duration",
        minimum=0.1,
        metavar="TIME",
        help="How long workers have to answer a command; below 1s Redis loses answers.",
    ),
    Option(
        name="queues",
        kind="names",
        short="-Q",
        metavar="NAME,...",
        help="Queues to watch besides those that the app, the workers and the broker name.",
    ),
    Option(
        name="queue_interval",
        kind="duration",
        minimum=0.1,
        metavar="TIME",
        help="Time between two readings of the broker's queues.",
    ),
    Option(
        name="production",
        kind="flag",
        help="Say in the header that this is production.",
    ),
    Option(
        name="keys",
        kind="keys",
        help="A table of other keys for bindings, by their ids.",
    ),
    Option(
        name="apps",
        kind="apps",
        help="Tables of an app's own read-only and production, by the app's name.",
    ),
)


def load(flags: Mapping[str, Any], environ: Mapping[str, str], conf: File | None) -> Settings:
    """The settings from all their sources, the strongest first.

    `flags` maps field names to what the command line gave, None where it gave nothing. `conf` is
    the file named by --conf; without it $CELERYTUI_CONF counts, then config.toml in the user's
    config folder where there is one. Raises SettingsError naming the setting and where it stood.
    """
    values = _from_file(*_conf_file(environ, conf))
    values.update(_from_environment(environ))
    for option in OPTIONS:
        given = flags.get(option.name)
        if given is not None:
            values[option.name] = _convert(option, given, f"flag {_flag(option, given)}")
    return Settings(**values)


def parse_duration(text: str) -> float:
    """Seconds from "250ms", "3s", "1h30m" or a bare number of seconds; raises ValueError."""
    try:
        return read_duration(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a duration such as 250ms, 3s or 0.5") from None


def suggestion(word: str, words: Iterable[str]) -> str:
    """ " (did you mean X?)" for the nearest of `words`, "" where none is near."""
    from difflib import get_close_matches

    near = get_close_matches(word, list(words), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


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
            # An empty variable is how compose files and CI say "not set".
            if text:
                values[option.name] = _convert(option, text, f"environment variable {variable}")
        elif not re.fullmatch(SERVICE_VARIABLE, variable):
            hint = suggestion(variable, [*known, CONF_VARIABLE])
            raise SettingsError(f"environment variable {variable}: no such setting{hint}")
    return values


def _conf_file(environ: Mapping[str, str], conf: File | None) -> tuple[File | None, bool]:
    """The config file to read, and whether it has to be there."""
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
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except (FileNotFoundError, NotADirectoryError) as error:
        if required:
            raise SettingsError(f"{path}: no such config file") from error
        return {}
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 text") from error
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: is not TOML: {error}") from error
    known = {option.key: option for option in OPTIONS}
    values = {}
    for key, value in table.items():
        option = known.get(key)
        if option is None:
            raise SettingsError(f"{path}: {key}: no such setting{suggestion(key, known)}")
        values[option.name] = _convert(option, value, f"{path}: {key}")
    return values


def _convert(option: Option, value: Any, where: str) -> Any:
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
        raise ValueError(f"{value} is too small, {option.minimum:g} is the least")
    return value


def _boolean(option: Option, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in TRUE | FALSE:
        return value.lower() in TRUE
    raise ValueError(f"{value!r} is neither true nor false")


def _seconds(option: Option, value: Any) -> float:
    if isinstance(value, str):
        seconds = parse_duration(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        seconds = float(value)
    else:
        raise ValueError(f"{value!r} is not a duration such as 250ms, 3s or 0.5")
    if seconds < option.minimum:
        raise ValueError(f"{str(value).strip()} is too short, {option.minimum:g}s is the least")
    return seconds


def _choice(option: Option, value: Any) -> str:
    if value in option.choices:
        return str(value)
    hint = suggestion(str(value), option.choices)
    raise ValueError(f"{value!r} is not one of {', '.join(option.choices)}{hint}")


def _path(option: Option, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{value!r} is not the name of a file")
    return os.path.expanduser(value)


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
            raise ValueError(f"{name}: {key}: no such setting{suggestion(key, APP_FLAGS)}")
        try:
            flags[key] = _boolean(option, value)
        except ValueError as error:
            raise ValueError(f"{name}: {key}: {error}") from None
    return flags


CONVERT: dict[Kind, Callable[[Option, Any], Any]] = {
    "count": _count,
    "flag": _boolean,
    "duration": _seconds,
    "choice": _choice,
    "path": _path,
    "names": _names,
    "keys": _keys,
    "apps": _apps,
}
