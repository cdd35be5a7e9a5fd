"""What the user can set: one Settings struct, and one Option for each of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

ENV_PREFIX = "CELERYTUI_"


THEMES = ("auto", "dark", "light", "ansi", "mono")


Kind = Literal[
    "count",
    "flag",
    "duration",
    "choice",
    "path",
    "url",
    "names",
    "history",
    "keys",
    "filters",
    "apps",
    "keeping",
]


class Keeping(NamedTuple):
    """How long a history is kept, by seconds, up to how many bytes in all; what is not kept of it.

    `redact` are paths into the arguments, such as `kwargs.card`.
    """

    successes: float = 3 * 86_400.0
    others: float = 30 * 86_400.0
    size: int = 10_000_000_000
    redact: tuple[str, ...] = ()


class Settings(NamedTuple):
    """The user's settings, validated.

    Durations are seconds; `keys` is binding id -> keys, `filters` name -> filter, `apps` name of
    an app -> its own flags.
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
    schedule: str | None = None
    allow_pickle: bool = False
    production: bool = False
    history: str | None = None
    offline: bool = False
    keys: Mapping[str, str] = MappingProxyType({})
    filters: Mapping[str, str] = MappingProxyType({})
    apps: Mapping[str, Mapping[str, bool]] = MappingProxyType({})
    keeping: Keeping = Keeping()

    def for_app(self, name: str) -> Settings:
        """These settings with those of the app's own table, which can only make them stricter."""
        own = self.apps.get(name, {})
        return self._replace(
            read_only=self.read_only or own.get("read-only", False),
            production=self.production or own.get("production", False),
        )


class Option(NamedTuple):
    """One setting, as the user sees it.

    `name` is its field in `Settings`, `minimum` the smallest valid number, `short` a one-letter
    flag. Options of the kinds in `TABLES` exist only in the config file.
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
        """Its environment variable, None if it has none."""
        return None if self.kind in TABLES else ENV_PREFIX + self.name.upper()

    @property
    def flags(self) -> tuple[str, ...]:
        """Its command-line flags as click expects them, the long one last; () if it has none."""
        if self.kind in TABLES:
            return ()
        long = f"--{self.key}"
        if self.kind == "flag" and self.default is True:
            long = f"{long}/--no-{self.key}"
        return (self.short, long) if self.short else (long,)

    @property
    def default(self) -> Any:
        """Its value if it is not set."""
        return getattr(DEFAULTS, self.name)


DEFAULTS = Settings()


TABLES: tuple[Kind, ...] = ("keys", "filters", "apps", "keeping")


HISTORY_DEFAULT = "default"
"""Stands for the folder of the app in the user's state directory."""


APP_FLAGS = ("read-only", "production")
"""The keys of an app's own table in the config file."""


OPTIONS: tuple[Option, ...] = (
    Option(
        name="max_tasks",
        kind="count",
        minimum=1,
        metavar="N",
        help="Tasks kept in memory; beyond it successful tasks are evicted first, and counted.",
    ),
    Option(
        name="max_workers",
        kind="count",
        minimum=1,
        metavar="N",
        help="Workers kept in memory.",
    ),
    Option(
        name="read_only",
        kind="flag",
        help="Remove every action that changes the cluster; leave task events as they are.",
    ),
    Option(
        name="refresh",
        kind="duration",
        minimum=0.1,
        metavar="TIME",
        help="Minimum time between two updates of the screen, at least 0.1s; "
        "twice that on the dashboard.",
    ),
    Option(
        name="enable_events",
        kind="flag",
        help="Turn task events on, once, for each worker that has them off; on by default.",
    ),
    Option(
        name="restore_events",
        kind="flag",
        help="Turn the task events that were turned on off again at exit.",
    ),
    Option(
        name="theme",
        kind="choice",
        choices=THEMES,
        metavar="NAME",
        help="Colours: auto detects dark or light, ansi uses the terminal's 16 colours, mono none.",
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
        help="How long to wait for replies of workers; below 1s replies on Redis get lost.",
    ),
    Option(
        name="queues",
        kind="names",
        short="-Q",
        metavar="NAME,...",
        help="Queues to watch besides those of the app, the workers and the broker.",
    ),
    Option(
        name="queue_interval",
        kind="duration",
        minimum=0.1,
        metavar="TIME",
        help="Time between two reads of the broker's queues.",
    ),
    Option(
        name="schedule",
        kind="url",
        metavar="URL",
        help="The database that keeps the periodic tasks, by SQLAlchemy's URL, or RedBeat's Redis;"
        " by default the app's own.",
    ),
    Option(
        name="allow_pickle",
        kind="flag",
        help="Load pickles from workers and the result backend: anyone who can write there can"
        " run code here.",
    ),
    Option(
        name="production",
        kind="flag",
        help="Mark the cluster as production in the header.",
    ),
    Option(
        name="history",
        kind="history",
        metavar="[URL]",
        help="Record what happens into a history: sqlite:///FOLDER, postgresql://HOST/DATABASE, or"
        " a folder of the app in the user's state directory.",
    ),
    Option(
        name="offline",
        kind="flag",
        help="Show what the history has, without any connection to the broker.",
    ),
    Option(
        name="keys",
        kind="keys",
        help="A table of your own keys, by the ids of their bindings.",
    ),
    Option(
        name="filters",
        kind="filters",
        help="A table of filters by the names under which they are chosen.",
    ),
    Option(
        name="apps",
        kind="apps",
        help="Tables of read-only and production for one app, by its name.",
    ),
    Option(
        name="keeping",
        kind="keeping",
        help="The table [history]: how long a history is kept, its size, what is not kept of it.",
    ),
)
