"""A task, filters asked about it, and filters of any text."""

from __future__ import annotations

import time

import pytest
from hypothesis import strategies as st

from celerytui.errors import FilterError
from celerytui.model import Lineage, Task, TaskExtra, TaskState
from celerytui.query import FIELDS, Filter, parse_filter

NOW = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))

TASK = Task(
    id="5f0c8d1e-3b7a-4c02-9e65-d41f07bb291a",
    seq=1,
    state=TaskState.FAILURE,
    name="shop.Billing.charge",
    worker="celery@bill1",
    queue="high",
    args="(42, 'tok_visa_4242')",
    kwargs="{'user': 7, 'currency': 'EUR', 'amount': 12.5, 'order': {'id': 9917, 'tags': ['a,b']}}",
    result=None,
    retries=2,
    sent=NOW - 600,
    received=NOW - 590,
    started=NOW - 580,
    finished=NOW - 560,
    seen=NOW - 560,
    lineage=Lineage(root_id="a1f7aaaa", parent_id="a1f7bbbb"),
    extra=TaskExtra(
        exception="CardDeclined('insufficient_funds')",
        traceback='File "gateway.py", line 67',
        eta=NOW - 598,
    ),
)
BARE = Task(id="bare", seq=2, seen=NOW)


def parse(text: str) -> Filter:
    return parse_filter(text)


def finds(text: str, task: Task = TASK) -> bool:
    return parse(text).matches(task, NOW)


def mistake(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(text)
    return caught.value


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


PIECES = ["(", ")", " ", '"', "-", "/", ",", ":", "*", "?", "\\", "=", "<", ">", ".", "AND ", "OR "]
PIECES += [
    "NOT ",
    "a",
    "5",
    "kwargs.",
    "s",
    "…",
    "\x1b",
    "\ud800",
    "2026-11-23T10:00",
    "\n",
    "[",
    "{",
]
PIECES += [f"{field.name}:" for field in FIELDS]
any_filter = st.one_of(
    st.text(st.characters(codec=None), max_size=40),
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
)
