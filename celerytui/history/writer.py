"""Writes a history into a folder: one at a time, one segment after the other."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path

from celerytui.errors import HistoryError
from celerytui.files import open_to_append
from celerytui.history import schema
from celerytui.history.flush import Flush, Gap
from celerytui.history.folder import LOCK, Catalogue, Folder, SegmentFile, day_of
from celerytui.history.history import Pruned, StandsBy
from celerytui.history.keeping import prune, pruning
from celerytui.history.redaction import Redaction
from celerytui.history.segment import Segment, last_session
from celerytui.history.trouble import explain
from celerytui.settings import Keeping

logger = logging.getLogger(__name__)

MOST_ROWS = 2_000_000
MOST_OPEN = 500_000
"""Unfinished tasks that a segment holds before another one is begun."""
MOST_WORDS = 200_000
"""Different names and origins that a segment holds before another one is begun."""


class HistoryWriter:
    """For one thread. `open` may be called again and again: it does what is still to be done.

    `started` is from when on this session knows what happened. Every method raises HistoryError
    with what is wrong and where, and can be called again later; what it was to write is written
    then or not at all. Times are Unix seconds. One that is `importing` records nothing that happens
    meanwhile.
    """

    def __init__(
        self,
        folder: Folder,
        app: str,
        broker: str,
        keeping: Keeping,
        started: float,
        *,
        most_rows: int = MOST_ROWS,
        importing: bool = False,
    ) -> None:
        self.folder = folder
        self.keeping = keeping
        self._app = app
        self._broker = broker
        self._redaction = Redaction(keeping.redact)
        self._most_rows = most_rows
        self._importing = importing
        self._lock: int | None = None
        self._segment: Segment | None = None
        self._day = ""
        self._started = started
        self._resumed: float | None = None
        self._newest_seq = 0
        self._damaged: set[Path] = set()
        self.flawed = 0
        """Tasks of this session that no row could be made of."""

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        return self._segment is not None

    @property
    def next_seq(self) -> int:
        """The order of arrival of what is told of next."""
        return self._newest_seq + 1

    @property
    def resumed(self) -> float | None:
        """Until when another session had written when this one took over; None if there is none."""
        return self._resumed

    @property
    def size(self) -> int:
        """The bytes of the folder."""
        return self.folder.size

    def open(self, now: float) -> None:
        """Take the folder and the segment of today, or begin one."""
        with self._explained():
            self._miss_nothing()
            self.folder.make()
            self._take_lock()
            if self._segment is None:
                self._take_segment(now)

    def write(self, flush: Flush, now: float) -> int:
        """Write it; gives how many tasks were written as ended."""
        self.open(now)
        with self._explained():
            segment = self._segment_of(now)
            written = segment.write(flush, now)
            self.flawed = segment.flawed
        self._newest_seq = max(self._newest_seq, max((one.seq for one in flush.tasks), default=0))
        return written

    def pruning(self, now: float) -> Generator[None]:
        """Remove what is not to be kept any longer, in steps of some 50 ms, between other work.

        What stays in the way of it is logged. Nothing where another process records.
        """
        if not self._has_lock():
            return
        done = Pruned()
        try:
            steps = pruning(self.folder, self.keeping, now, done, live=self._live())
            with contextlib.closing(steps):
                for _ in steps:
                    yield
                    if not self._has_lock():
                        return
        except (sqlite3.Error, OSError) as error:
            done.failed.append(explain(error, self.folder.path))
        finally:
            for said in done.failed:
                logger.warning("not pruned: %s", said)

    def prune_alone(self, now: float) -> Pruned:
        """Prune without writing anything, where nobody else writes; the newest segment stays."""
        with self._explained():
            self._take_lock()
            try:
                return prune(self.folder, self.keeping, now, live=self._live())
            finally:
                self.close(now)

    def close(self, now: float) -> None:
        """End in order, and let others write."""
        segment, self._segment = self._segment, None
        try:
            if segment is not None:
                with self._explained():
                    segment.close(now, ended=True)
        finally:
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    # The folder

    def _has_lock(self) -> bool:
        return self._lock is not None

    def _live(self) -> Path | None:
        """The segment that is written, or would be next."""
        if self._segment is not None:
            return self._segment.path
        files = [file for file in self.folder.segments() if not file.kept]
        return files[-1].path if files else None

    def _miss_nothing(self) -> None:
        """Begin anew where what is open is no longer in the folder: nobody would ever read it."""
        if self._lock is None:
            return
        there = _is_at(self._lock, self.folder.path / LOCK)
        if there and (self._segment is None or self._segment.path.exists()):
            return
        self._give_up()
        os.close(self._lock)
        self._lock = None
        raise HistoryError(
            f"history in {self.folder.path}: its files were removed while it was recorded;"
            " begins anew"
        )

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        lock = open_to_append(self.folder.path / LOCK)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise StandsBy(
                f"another celerytui records into {self.folder.path}; this one takes over when it"
                " ends"
            ) from None
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _segment_of(self, now: float) -> Segment:
        """The segment to write into: a new one if it is another day, or where it is full."""
        segment = self._segment
        assert segment is not None
        full = (
            segment.rows >= self._most_rows
            or segment.words >= MOST_WORDS
            or segment.unfinished >= MOST_OPEN
        )
        if not full and day_of(now) <= self._day:
            return segment
        return self._begin(now, segment)

    def _take_segment(self, now: float) -> None:
        """Continue the newest segment if it is of today, else begin one after it."""
        files = self.folder.segments()
        last = _last_session(files)
        files = [file for file in files if not file.kept]
        segment = self._continued(files, now) if files else None
        if segment is None:
            segment = self._begin(now, None)
        if last is not None and self._resumed is None:
            self._resumed = last[0]
            if last[0] < self._started and not self._importing:
                reason = "nothing recorded" if last[1] else "the recorder was killed"
                segment.write(Flush(gaps=(Gap(last[0], self._started, reason),)), now)

    def _continued(self, files: list[SegmentFile], now: float) -> Segment | None:
        """The newest segment, or one after it; None where it is damaged.

        What is in that may still be read, and there is room beside it.
        """
        newest = files[-1]
        if newest.path in self._damaged:
            return None
        try:
            self._segment = self._opened(newest)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            return None
        self._day = newest.day
        self._segment.begin(self._app, self._broker, None, importing=self._importing)
        if len(files) > 1:
            self._finish_handing_over(files[-2], self._segment, now)
        return self._segment_of(now)

    def _opened(self, file: SegmentFile) -> Segment:
        connection = schema.open_to_write(file.path)
        try:
            return Segment(
                file.path, connection, self._redaction, self._started, flawed=self.flawed
            )
        except BaseException:
            connection.close()
            raise

    def _finish_handing_over(self, before: SegmentFile, segment: Segment, now: float) -> None:
        """Go on where another process was killed between two segments."""
        with contextlib.suppress(sqlite3.Error, HistoryError):
            old = self._opened(before)
            if old.unfinished and not old.handed_over:
                old.hand_over(segment, now)
            else:
                old.abandon()

    def _begin(self, now: float, before: Segment | None) -> Segment:
        file = self.folder.next_segment(now)
        segment = Segment(
            file.path,
            schema.create(file.path),
            self._redaction,
            self._started,
            newest_before=self._newest_seq,
            flawed=self.flawed,
        )
        try:
            segment.begin(self._app, self._broker, now, importing=self._importing)
            if before is not None:
                before.hand_over(segment, now)
        except BaseException:
            segment.abandon()
            raise
        self._segment, self._day = segment, day_of(now)
        with contextlib.suppress(sqlite3.Error, OSError):
            facts = Catalogue(self.folder).facts()
            Catalogue(self.folder).write([one for one in facts if one.file.path != file.path])
        return segment

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except HistoryError:
            self._give_up()
            raise
        except (sqlite3.Error, OSError, OverflowError) as error:
            if self._segment is not None and _is_damage(error):
                self._damaged.add(self._segment.path)
            self._give_up()
            raise HistoryError(explain(error, self.folder.path)) from error

    def _give_up(self) -> None:
        """Begin anew with what is on the disk the next time."""
        if self._segment is not None:
            with contextlib.suppress(sqlite3.Error):
                self._segment.abandon()
            self._segment = None


def _last_session(files: list[SegmentFile]) -> tuple[float, bool] | None:
    """When was recorded last, and whether that ended in order."""
    for file in reversed(files):
        with (
            contextlib.suppress(sqlite3.Error, HistoryError),
            contextlib.closing(schema.open_to_read(file.path)) as connection,
        ):
            found = last_session(connection)
            if found is not None:
                return found
    return None


def _is_damage(error: Exception) -> bool:
    """Whether a file is not what SQLite expects; what has a class of its own is something else."""
    return type(error) is sqlite3.DatabaseError


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether a file that is open is the one of that name."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    return False
