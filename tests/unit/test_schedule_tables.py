"""What is asked of a database for the entries in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from celerytui.model import Clocked
from celerytui.schedule.table_packages import DJANGO
from celerytui.schedule.tables import AT_ONCE, TableReader


class Asked:
    """A database of entries that run once, each at a time of its own; keeps what it is asked."""

    where, zone = "a database", "UTC"

    def __init__(self, vendor: str, entries: int) -> None:
        self.vendor = vendor
        self.entries = entries
        self.statements: list[str] = []

    @contextmanager
    def open(self, *, writes: bool) -> Iterator[Asked]:
        assert not writes
        yield self

    def rows(self, statement: str, values: Any) -> list[Any]:
        self.statements.append(statement)
        if values:
            assert len(values) <= AT_ONCE
            return [
                {"id": id, "clocked_time": f"2026-12-01 08:00:{id % 60:02}"}
                for id in values.values()
            ]
        return [{"id": at, "name": f"e{at}", "clocked_id": at} for at in range(self.entries)]

    def change(self, statement: str, values: Any) -> int:
        raise AssertionError(statement)

    def time(self, seconds: float, zone: Any) -> Any:
        raise AssertionError(seconds)

    def close(self) -> None:
        """There is nothing to close."""


def test_only_the_times_that_entries_have_are_asked_for() -> None:
    database = Asked("sqlite", AT_ONCE * 2 + 1)
    found = TableReader(database, DJANGO, "UTC").read(0.0)
    assert all(isinstance(one.timing, Clocked) for one in found)
    assert len({one.timing for one in found}) == 60
    first, *clocked = database.statements
    assert first.endswith("ORDER BY name LIMIT 10001")
    assert len(clocked) == 3
    assert clocked[-1].endswith("django_celery_beat_clockedschedule WHERE id IN (:id0)")


@pytest.mark.parametrize(
    ("vendor", "end"),
    [
        ("oracle", "ORDER BY name FETCH FIRST 10001 ROWS ONLY"),
        ("mssql", "ORDER BY name OFFSET 0 ROWS FETCH NEXT 10001 ROWS ONLY"),
        ("postgresql", "ORDER BY name LIMIT 10001"),
    ],
)
def test_the_first_rows_are_asked_for_in_the_words_of_the_database(vendor: str, end: str) -> None:
    database = Asked(vendor, 0)
    assert TableReader(database, DJANGO, "UTC").read(0.0) == []
    assert database.statements[0].endswith(end)
