"""What is said under an empty table where Flower writes a term otherwise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Task
from celerytui.query import hint, parse_filter


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("kwargs:priority=high", "kwargs.priority:high"),
        ("state:failure kwargs:user=7 name:x", "kwargs.user:7"),
        ('kwargs:"priority=high"', "kwargs.priority:high"),
        ("result:timeout", "exception:timeout"),
        ('result:"timed out"', 'exception:"timed out"'),
    ],
)
def test_the_hint_is_a_filter_that_can_be_typed(text: str, meant: str) -> None:
    said = hint(text)
    assert said is not None
    assert said.endswith(": " + meant)
    parse_filter(meant)


@pytest.mark.parametrize("text", ["", "kwargs.priority:high", "kwargs:high", "exception:x", "a=b"])
def test_other_filters_get_none(text: str) -> None:
    assert hint(text) is None


@given(st.text(max_size=200))
def test_any_text_is_read(text: str) -> None:
    said = hint(text)
    assert said is None or ("result:" in text.lower() or "kwargs:" in text.lower())


@pytest.mark.parametrize("name", ["bill2", "bill2@host", "host", "BILL2", "bill*"])
def test_a_worker_is_found_by_what_its_column_shows(name: str) -> None:
    """Where all workers are of one host, the column leaves it out."""
    task = Task("a", 1, worker="bill2@host")
    assert parse_filter(f"worker:{name}").matches(task, 0.0)
    assert not parse_filter("worker:bill").matches(task, 0.0)
