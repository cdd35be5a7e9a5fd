"""The file of Celery's default scheduler, `celerybeat-schedule`: read from a copy, never loaded.

Beat writes it every three minutes, so that its last runs and counts are late.
"""

from __future__ import annotations

import dbm
import glob
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from celerytui.files import open_to_read
from celerytui.masking import one_line
from celerytui.model import PlannedEntry
from celerytui.schedule.pickled import (
    Placeholder,
    StoredEntry,
    read_pickle,
    stored_timing,
    stored_zone,
)
from celerytui.schedule.source import MOST_ENTRIES, SYNCED, Sign, Source, SourceReader, scheduler_of
from celerytui.schedule.timings import stamp
from celerytui.schedule.zones import zone, zone_name

NAME = "celerybeat-schedule"
DEFAULT_SCHEDULERS = ("celery.beat:PersistentScheduler", "celery.beat.PersistentScheduler")
LARGEST = 64 * 2**20
"""Bytes of all of its files together that are copied."""


class ShelfReader(SourceReader):
    """Reads the file that the app's settings name, in the folder that the program runs in."""

    name = NAME

    def __init__(self, path: Path, timezone: str) -> None:
        self._path = path
        self._timezone = timezone
        self._changed: float | None = None
        self._entries: list[PlannedEntry] = []
        self.where = str(path)

    def read(self, now: float) -> list[PlannedEntry]:
        parts = self._parts()
        changed = max((part.stat().st_mtime for part in parts), default=None)
        if changed is None:
            raise FileNotFoundError(f"there is no file {self._path}")
        if changed != self._changed:
            self._entries = self._read(parts)
            self._changed = changed
        return self._entries

    def sign(self, now: float) -> Sign | None:
        changed = self._changed
        if changed is None:
            return None
        fresh = now - changed < SYNCED
        return Sign(True if fresh else None, changed, f"it wrote {self._path.name}", weak=True)

    @property
    def present(self) -> bool:
        """Whether there is such a file: beat may run elsewhere, and that says nothing."""
        return bool(self._parts())

    def _parts(self) -> list[Path]:
        """The files of the database: one, or several with endings, by what makes it."""
        beside = glob.glob(glob.escape(str(self._path)) + ".*")
        found = [self._path, *map(Path, beside)]
        endings = ("", ".dat", ".dir", ".bak", ".db", ".pag")
        return [
            one for one in found if str(one)[len(str(self._path)) :] in endings and one.is_file()
        ]

    def _read(self, parts: list[Path]) -> list[PlannedEntry]:
        if sum(part.stat().st_size for part in parts) > LARGEST:
            raise ValueError(f"it is larger than {LARGEST:,} bytes")
        with tempfile.TemporaryDirectory(prefix="celerytui-") as folder:
            for part in parts:
                with (
                    open_to_read(part, follow=True) as source,
                    open(os.path.join(folder, part.name), "wb") as copy,
                ):
                    shutil.copyfileobj(source, copy)
            with dbm.open(os.path.join(folder, self._path.name), "r") as stored:
                data = stored.get(b"entries")
        if data is None:
            return []
        entries = read_pickle(data)
        if not isinstance(entries, dict):
            raise ValueError("it has no entries")
        return [
            self._planned(str(name), entry) for name, entry in list(entries.items())[:MOST_ENTRIES]
        ]

    def _planned(self, name: str, entry: Any) -> PlannedEntry:
        if isinstance(entry, Placeholder):
            trouble = f"its entry is of a class of the project, {entry.what}: not read"
            return PlannedEntry(
                name=name, task="", timing=stored_timing(entry), source=NAME, trouble=trouble
            )
        values = entry.fields if isinstance(entry, StoredEntry) else {}
        try:
            last = values.get("last_run_at")
            count = values.get("total_run_count")
            return PlannedEntry(
                name=name,
                task=str(values.get("task") or ""),
                timing=stored_timing(values.get("schedule")),
                source=NAME,
                timezone=stored_zone(last) or self._timezone,
                args=tuple(values.get("args") or ()),
                kwargs=_mapping(values.get("kwargs")),
                options=_mapping(values.get("options")),
                # One that never ran has the time when beat first saw it.
                last_run_at=stamp(last, zone(self._timezone)) if count else None,
                changed_at=None if count else stamp(last, zone(self._timezone)),
                total_runs=count if isinstance(count, int) else None,
            )
        except Exception as error:
            return PlannedEntry(
                name=name,
                task="",
                timing=stored_timing(None),
                source=NAME,
                trouble=one_line(error),
            )


def _mapping(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


def _for_app(app: Any) -> SourceReader | None:
    name = str(app.conf.beat_schedule_filename or "")
    # Without -A the app is Celery's own, and the file in this folder may be anybody's.
    if not name or app.main == "default" or scheduler_of(app) not in DEFAULT_SCHEDULERS:
        return None
    return ShelfReader(Path(name).absolute(), zone_name(app.timezone))


SOURCE = Source(for_app=_for_app)
