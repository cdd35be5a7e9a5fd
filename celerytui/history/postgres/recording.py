"""A history on PostgreSQL as a recording: its days are the chapters."""

from __future__ import annotations

from itertools import pairwise

from celerytui.errors import HistoryError
from celerytui.history.postgres.chapter import DayChapter
from celerytui.history.postgres.place import PostgresPlace
from celerytui.history.postgres.reading import PostgresHistory
from celerytui.history.postgres.walk import FAR
from celerytui.history.replay import HistoryRecording

SECONDS = 60.0
"""The longest that a statement may take: of a day all is looked through for what took long."""


def recording(place: PostgresPlace) -> HistoryRecording:
    """What is there; raises HistoryError where there is nothing."""
    history = PostgresHistory(place, SECONDS)
    try:
        origin = history.origin()
        borders = [-FAR, *history.days()[1:], FAR]
        chapters = [
            DayChapter(history, low, high, last=high == FAR) for low, high in pairwise(borders)
        ]
        ((first, last, rows),) = history.ask("SELECT min(seen), max(seen), count(*) FROM tasks", ())
        return HistoryRecording(
            place.name, "postgresql", origin, chapters, (first, last, rows), history.notes
        )
    except HistoryError:
        history.close()
        raise
