"""What the filter's line completes, and what the documentation says of filters."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import LABELS, Task
from celerytui.query import FIELDS, quoted, suggest
from celerytui.query.parse import LENGTH_LIMIT
from tests.unit.filters import any_filter, finds, parse

DOCS = Path(__file__).parents[2] / "docs" / "filter.md"


def test_completions() -> None:
    known = {"name": ["shop.charge", "shop.refund"], "queue": ["high", "my queue", 'q"x']}
    assert suggest("sta", 3, known) == ["state:", "started:"]
    assert suggest("", 0, known) == [f"{field.name}:" for field in FIELDS]
    assert suggest("a -state:re", 11, known) == [
        f"a -state:{state}" for state in ("received", "rejected", "retry", "revoked", "failure")
    ]
    assert suggest("state:failure,suc", 17, known) == ["state:failure,success"]
    assert suggest("name:ref", 8, known) == ["name:shop.refund"]
    assert suggest("(name:SHOP.c rest", 12, known) == ["(name:shop.charge"]
    assert suggest("queue:q", 7, known) == [r'queue:"q\"x"', 'queue:"my queue"']
    assert suggest('"state:fa', 9, known) == []
    assert suggest("nope:x", 6, known) == []
    assert suggest("id:5", 99, known) == []


@given(st.text(min_size=1, max_size=60))
def test_a_quoted_value_is_found_by_the_filter_made_from_it(value: str) -> None:
    assert parse(f"queue:{quoted(value)}").matches(Task("a", 0, queue=value), 0.0)


@given(any_filter, st.integers(-5, 60))
def test_completing_never_raises(text: str, cursor: int) -> None:
    for one in suggest(text, cursor, {"name": [text], "queue": ["a b"]}):
        assert isinstance(one, str)


def test_completed_values_parse() -> None:
    for value in ("a b", 'x"y', "p(q)", "star*", "a,b", "back\\slash", "/slash/", ">5", "plain"):
        (one,) = suggest("queue:", 6, {"queue": [value]})
        assert finds(one, Task(id="x", seq=0, queue=value))
        assert not finds(one, Task(id="x", seq=0, queue=value + "x"))


# -- the documentation


def test_the_documentation_has_every_field_as_the_code_has_it() -> None:
    section = DOCS.read_text().split("## Fields")[1].split("## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \|", section, re.MULTILINE)
    assert rows == [(field.name, field.says) for field in FIELDS]


def test_the_documentation_has_every_state() -> None:
    row = next(line for line in DOCS.read_text().splitlines() if line.startswith("| `state` |"))
    assert tuple(re.findall(r"`(\w+)`", row)[1:]) == LABELS


def test_what_the_documentation_shows_parses() -> None:
    text = DOCS.read_text()
    block = text.split("```\n")[1]
    shown = [re.split(r"\s{2,}", line)[0] for line in block.splitlines()]
    shown += re.findall(r"`((?:\w+|kwargs\.[\w.]+):[^`…]+)`", text.split("## Regular")[0])
    assert len(shown) > 30
    for one in shown:
        if one not in ("field:value",):
            parse(one)


def test_the_documentation_has_the_limits() -> None:
    assert f"at most {LENGTH_LIMIT:,} characters" in DOCS.read_text()
