"""Writes a history into a folder: one at a time, one segment after the other."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator

from celerytui.errors import HistoryError
from celerytui.files import open_to_append
from celerytui.history import schema
from celerytui.history.flush import Flush, Gap
from celerytui.history.folder import LOCK, Catalogue, Folder, SegmentFile, day_of
from celerytui.history.history import Pruned, StandsBy
from celerytui.history.keeping import prune
from celerytui.history.redaction import Redaction
from celerytui.history.segment import Segment, last_session
from celerytui.history.trouble import explain
from celerytui.settings import Keeping

MOST_ROWS = 2_000_000
MOST_WORDS = 200_000
"""Different names and origins that a segment holds before another one is begun."""


class HistoryWriter:
    """For one thread. `open` may be called again and again: it does what is still to be done.

    `started` is from when on this session knows what happened. Every method raises HistoryError
    with what is wrong and where, and can be called again later; what it was to write is written
    then or not at all. Times are Unix seconds.
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
    ) -> None:
        self.folder = folder
        self.keeping = keeping
        self._app = app
        self._broker = broker
        self._redaction = Redaction(keeping.redact)
        self._most_rows = most_rows
        self._lock: int | None = None
        self._segment: Segment | None = None
        self._day = ""
        self._started = started
        self._resumed: float | None = None
        self._newest_seq = 0

    @property
    def is_open(self) -> bool:
        """Whether it can be written to, as far as is known."""
        return self._segment is not None

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
        self._newest_seq = max(self._newest_seq, max((one.seq for one in flush.tasks), default=0))
        return written

    def prune(self, now: float, stopped: Callable[[], bool] = lambda: False) -> Pruned:
        """Remove what is not to be kept any longer."""
        live = None if self._segment is None else self._segment.path
        try:
            return prune(self.folder, self.keeping, now, live=live, stopped=stopped)
        except (sqlite3.Error, OSError) as error:
            raise HistoryError(explain(error, self.folder.path)) from error

    def prune_alone(self, now: float) -> Pruned:
        """Prune without writing anything, where nobody else writes; the newest segment stays."""
        with self._explained():
            self._take_lock()
            try:
                files = [file for file in self.folder.segments() if not file.kept]
                live = files[-1].path if files else None
                return prune(self.folder, self.keeping, now, live=live)
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
        full = segment.rows >= self._most_rows or segment.words >= MOST_WORDS
        if not full and day_of(now) <= self._day:
            return segment
        return self._begin(now, segment)

    def _take_segment(self, now: float) -> None:
        """Continue the newest segment if it is of today, else begin one after it."""
        files = [file for file in self.folder.segments() if not file.kept]
        if not files:
            self._begin(now, None)
            return
        newest = files[-1]
        try:
            connection = schema.open_to_write(newest.path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # It is damaged: what is in it may still be read, and there is room beside it.
            self._begin(now, None)
            return
        last = last_session(connection)
        self._segment = Segment(newest.path, connection, self._redaction, self._started)
        self._day = newest.day
        self._segment.begin(self._app, self._broker, None)
        if len(files) > 1:
            self._finish_handing_over(files[-2], self._segment, now)
        segment = self._segment_of(now)
        if last is not None and self._resumed is None:
            self._resumed = last[0]
            if last[0] < self._started:
                reason = "nothing recorded" if last[1] else "the recorder was killed"
                segment.write(Flush(gaps=(Gap(last[0], self._started, reason),)), now)

    def _finish_handing_over(self, before: SegmentFile, segment: Segment, now: float) -> None:
        """Go on where another process was killed between two segments."""
        with contextlib.suppress(sqlite3.Error, HistoryError):
            connection = schema.open_to_write(before.path)
            old = Segment(before.path, connection, self._redaction, self._started)
            if old.unfinished:
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
        )
        try:
            segment.begin(self._app, self._broker, now)
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
        except (sqlite3.Error, OSError) as error:
            self._give_up()
            raise HistoryError(explain(error, self.folder.path)) from error

    def _give_up(self) -> None:
        """Begin anew with what is on the disk the next time."""
        if self._segment is not None:
            with contextlib.suppress(sqlite3.Error):
                self._segment.abandon()
            self._segment = None
