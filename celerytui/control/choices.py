"""What the user chose on the screen for an app: named filters, hidden columns, orders of tables.

A file for each app, in the state directory. What is in it may be anything: it is checked when read.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from celerytui.files import open_to_read, replace_file
from celerytui.state_folder import state_path

logger = logging.getLogger(__name__)

VERSION = 1
MAX_BYTES = 200_000
MAX_FILTERS = 100
MAX_TABLES = 50
LONGEST_NAME = 40
LONGEST_FILTER = 2_000


class Order(Struct, frozen=True):
    """The column that a table is sorted by, "" for its own order; whether the highest is first."""

    column: str
    reverse: bool = False


class Chosen(Struct):
    """The file: filters by name, ids of hidden columns and orders by the name of the table."""

    version: int = VERSION
    app: str = ""
    filters: dict[str, str] = {}
    hidden: dict[str, list[str]] = {}
    orders: dict[str, Order] = {}


class _Version(Struct):
    version: int


_Change = tuple[str, str, Any]
"""A part of the file, a key in it and the new value, None to remove it."""


def choices_path(environ: Mapping[str, str], app: str) -> Path | None:
    """The file of an app; its name may be anything, so a digest tells apps apart."""
    plain = "".join(char if char.isascii() and char.isalnum() else "-" for char in app)[:40]
    digest = hashlib.sha256(app.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return state_path(environ, f"apps/{plain}-{digest}.json")


class Choices:
    """Remembers choices at once, and writes them when `save` is called.

    One thread reads and changes, another saves. Sessions on the same app share the file: what each
    of them changed is put into what is there. A file that is broken, too large or of a newer
    version is ignored, with a line in the log; a newer one is also left alone.
    """

    def __init__(self, path: Path | None, app: str) -> None:
        self.path = path
        self.trouble: str | None = None
        self._app = app
        self._chosen = Chosen(app=app)
        self._changes: list[_Change] = []
        self._lock = threading.Lock()

    @property
    def filters(self) -> Mapping[str, str]:
        """The saved filters by name."""
        return self._chosen.filters

    def hidden(self, table: str) -> frozenset[str]:
        """The ids of the columns of a table that are not to be shown."""
        return frozenset(self._chosen.hidden.get(table, ()))

    def order(self, table: str) -> Order | None:
        """The order that was chosen for a table."""
        return self._chosen.orders.get(table)

    def keep_filter(self, name: str, text: str) -> None:
        """Save a filter under a name; of too many the oldest goes."""
        name = name[:LONGEST_NAME]
        while len(self._chosen.filters) >= MAX_FILTERS and name not in self._chosen.filters:
            self.remove_filter(next(iter(self._chosen.filters)))
        self._change("filters", name, text[:LONGEST_FILTER])

    def remove_filter(self, name: str) -> None:
        """Forget a filter."""
        self._change("filters", name, None)

    def hide(self, table: str, columns: frozenset[str]) -> None:
        """Show all columns of a table but these."""
        self._change("hidden", table, sorted(columns) or None)

    def sort(self, table: str, column: str, *, reverse: bool) -> None:
        """Remember the order of a table."""
        self._change("orders", table, Order(column, reverse))

    def _change(self, part: str, key: str, value: Any) -> None:
        with self._lock:
            _put(self._chosen, (part, key, value))
            self._changes.append((part, key, value))

    def load(self) -> None:
        """Read the file; blocks for the disk, so it belongs before the first frame."""
        self._chosen = self._read() or Chosen(app=self._app)

    def save(self) -> None:
        """Write what changed since the last time, if anything did; blocks for the disk."""
        if not self._changes:
            return
        with self._lock:
            changes, self._changes = self._changes, []
        if self.path is None:
            self.trouble = "not saved: there is no home directory"
            return
        there = self._read()
        if there is not None:
            for change in changes:
                _put(there, change)
            try:
                replace_file(self.path, msgspec.json.encode(there).decode() + "\n")
                self.trouble = None
                return
            except OSError as error:
                self._complain(f"cannot write {self.path}: {error.strerror}")
        with self._lock:
            self._changes = changes + self._changes

    def _read(self) -> Chosen | None:
        """What is in the file; None where it is not to be written over, since it cannot be read."""
        empty = Chosen(app=self._app)
        if self.path is None:
            return empty
        try:
            with open_to_read(self.path, follow=False) as file:
                text = file.read(MAX_BYTES + 1)
            if len(text) > MAX_BYTES:
                raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
            version = msgspec.json.decode(text, type=_Version).version
            if version > VERSION:
                self._complain(f"{self.path} is of a newer version: choices are not saved")
                return None
            return _sound(msgspec.json.decode(text, type=Chosen), self._app)
        except FileNotFoundError:
            return empty
        except OSError as error:
            self._complain(f"cannot read {self.path}: {error.strerror}")
            return None
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            self._complain(f"{self.path} is ignored: {error}")
        return empty

    def _complain(self, text: str) -> None:
        if text != self.trouble:
            logger.warning("%s", text)
        self.trouble = text


def _put(chosen: Chosen, change: _Change) -> None:
    part, key, value = change
    made = dict(getattr(chosen, part))
    made.pop(key, None)
    if value is not None:
        made[key] = value
    # As a whole: another thread may be reading the one before.
    setattr(chosen, part, made)


def _sound(chosen: Chosen, app: str) -> Chosen:
    """What is within the bounds."""
    filters = {
        name: text
        for name, text in chosen.filters.items()
        if 0 < len(name) <= LONGEST_NAME and 0 < len(text) <= LONGEST_FILTER
    }
    return Chosen(
        app=app,
        filters=dict(list(filters.items())[-MAX_FILTERS:]),
        hidden=dict(list(chosen.hidden.items())[:MAX_TABLES]),
        orders=dict(list(chosen.orders.items())[:MAX_TABLES]),
    )
