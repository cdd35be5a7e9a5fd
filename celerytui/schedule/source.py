"""What a source of the schedule is: where periodic tasks are kept, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from celerytui.errors import UsageError
from celerytui.model import PlannedEntry
from celerytui.schedule.asking import Answer

MOST_ENTRIES = 10_000
"""Entries of one source that are shown: a thousand take 5 MB, and a tenth of a second a reading."""
ASKED = MOST_ENTRIES + 1
"""As many are asked for: then it is known that there are more."""
CONNECT_SECONDS = 4.0
READ_SECONDS = 10.0
"""How long a server may take to answer."""
SYNCED = 200.0
"""Seconds by which the last runs in a store are late that beat writes every three minutes."""


class Sign(Struct, frozen=True):
    """What a source itself says of beat: `alive` is None where that proves nothing.

    `at` is when the sign was given, `text` what it is, in words that follow "beat is alive:". One
    that is `weak` counts only where no run was seen to be sent.
    """

    alive: bool | None
    at: float | None
    text: str
    weak: bool = False


class BeatRules(Struct, frozen=True):
    """What beat goes by: `loop` is how many seconds it waits at the most between two looks.

    After `deadline` seconds it gives up a crontab's run (`beat_cron_starting_deadline`), None for
    never.
    """

    loop: float = 300.0
    deadline: float | None = None


class SourceReader:
    """Reads one source; for one thread, every wait bounded. Nothing is sent before `read`.

    `name` is what the source is called, `where` names the place without passwords. What fails is
    raised, to be said in one line.
    `loop` is how many seconds its scheduler waits at the most between two looks, where that is
    not what the app says.
    """

    name = ""
    where = ""
    loop: float | None = None
    writable = False
    """Whether entries can be enabled and disabled here."""
    cut = False
    """Whether the last reading left out entries though it has fewer than `ASKED`."""

    @property
    def present(self) -> bool:
        """Whether there is such a source here at all, now."""
        return True

    def read(self, now: float) -> list[PlannedEntry]:
        """All entries, disabled ones included, `ASKED` at the most."""
        raise NotImplementedError

    def sign(self, now: float) -> Sign | None:
        """What it says of beat, from the last reading; None for nothing."""
        return None

    def set_enabled(self, name: str, enabled: bool, now: float) -> str:
        """Enable or disable an entry so that beat notices, and say what was written."""
        raise UsageError(
            f"entries of {self.name or 'this source'} cannot be enabled or disabled from here:"
            " change the app's beat_schedule and restart beat"
        )

    def why_not_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        """Why beat cannot be had to send an entry now, "" where it can; from any thread."""
        return f"{self.name or 'its source'} cannot be changed from here"

    def run_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        """Have beat send an entry of which nothing says why not; say what was written."""
        raise UsageError(self.why_not_soon(plan, now, rules))

    def follow_up(self, now: float) -> None:
        """See how far beat is with what it was asked to send."""

    def came_of(self, name: str) -> Answer | None:
        """What is known of the entry that beat was asked to send last; from any thread."""
        return None

    def close(self) -> None:
        """Give back connections."""


class Source(Struct, frozen=True, kw_only=True):
    """A kind of source.

    `for_app` opens it for a loaded app, None where the app does not use it; `for_url` opens the
    one at a URL beside an app, or None, and is None where the URL is of another kind. Both return
    without connecting.
    """

    for_app: Callable[[Any], SourceReader | None] | None = None
    for_url: Callable[[str, Any], SourceReader | None] | None = None


def scheduler_of(app: Any) -> str:
    """The name of the app's scheduler class as it is set: `celery.beat:PersistentScheduler`."""
    named = app.conf.beat_scheduler
    if isinstance(named, str):
        return named
    return f"{getattr(named, '__module__', '')}:{getattr(named, '__name__', named)}"
