"""Which groups of failures the user marked as resolved, by app, as JSON lines in a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec import Struct

from celerytui.control.line_file import LineFile

KEPT = 1_000
"""As many resolved groups of an app are remembered, the newest."""
MAX_BYTES = 500_000


class Line(Struct, omit_defaults=True):
    """When a group of an app was resolved; None where it was opened again."""

    app: str
    key: str
    resolved: float | None = None


class Resolvable(Protocol):
    """The groups: what is `resolved` by key, and how often that `changed`."""

    resolved: dict[str, float]
    changed: int

    def restore(self, resolved: Mapping[str, float]) -> None: ...


class Resolutions(LineFile):
    """Restores what was resolved in earlier sessions, writes what changes; one thread uses it."""

    def __init__(self, path: Path | None, app: str) -> None:
        super().__init__(path)
        self._app = app
        self._loaded = False
        self._written: dict[str, float] = {}
        self._changed = 0

    def keep(self, groups: Resolvable) -> None:
        """Read the file once, then write what was resolved since; blocks for the disk."""
        if not self._loaded:
            self._loaded = True
            self._written = self._read()
            groups.restore(self._written)
        if groups.changed == self._changed:
            return
        self._changed, now = groups.changed, dict(groups.resolved)
        changed = [key for key in {**self._written, **now}
                   if self._written.get(key) != now.get(key)]  # fmt: skip
        self._written = now
        self._write([Line(self._app, key, now.get(key)) for key in changed])

    def _read(self) -> dict[str, float]:
        found: dict[str, float] = {}
        for text in self._lines():
            try:
                line = msgspec.json.decode(text, type=Line)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
            if line.app == self._app:
                found.pop(line.key, None)
                if line.resolved is not None:
                    found[line.key] = line.resolved
        return dict(list(found.items())[-KEPT:])

    def _write(self, lines: list[Line]) -> None:
        if self.path is None:
            self.trouble = "no home directory for resolved failures"
        text = "".join(json.dumps(msgspec.to_builtins(line)) + "\n" for line in lines)
        self._append(text, MAX_BYTES)
