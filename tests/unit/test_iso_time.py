"""The times that Celery writes as text, and what else may come in their place."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from celery.utils.time import maybe_make_aware
from hypothesis import given
from hypothesis import strategies as st

from celerytui.iso_time import epoch

zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1))


def test_times_of_celery_are_read() -> None:
    assert epoch("2023-11-14T22:13:20+00:00") == 1_700_000_000
    assert epoch("2023-11-14T22:13:20Z") == 1_700_000_000
    assert epoch("2023-11-15T00:13:20.500+02:00") == 1_700_000_000.5
    assert epoch("2023-11-14 22:13:20.5") == 1_700_000_000.5
    assert epoch("2023-11-14 23:13:20.123456789+01") == 1_700_000_000.123456
    assert epoch("2023-11-14") == 1_699_920_000
    assert epoch("soon") is None


@given(moments, zones)
def test_the_zone_that_is_named_counts(moment: datetime, zone: timezone) -> None:
    aware = moment.replace(tzinfo=zone)
    assert epoch(aware.isoformat()) == aware.timestamp()


@given(moments)
def test_one_without_a_zone_is_what_a_worker_makes_of_it(moment: datetime) -> None:
    theirs = maybe_make_aware(moment, timezone(timedelta(hours=9)))
    assert epoch(moment.isoformat()) == theirs.timestamp()


@given(st.text(max_size=80) | st.just("0001-01-01T00:00:00+23:59") | st.just("9" * 100_000))
def test_anything_else_is_no_time(text: str) -> None:
    found = epoch(text)
    assert found is None or isinstance(found, float)
    assert epoch(None) is epoch("") is None
