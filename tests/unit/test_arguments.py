from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import kombu.utils.json
import pytest
from celery import Celery
from celery.utils.saferepr import saferepr
from hypothesis import given
from hypothesis import strategies as st

from celerytui.control.arguments import as_json, find_arguments, literal
from celerytui.control.pidbox import Pidbox
from celerytui.model import Arguments, Refusal, Task, TaskState

KOMBU_JSON: Any = kombu.utils.json

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=30)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)


@given(st.lists(values, max_size=3))
def test_a_repr_gives_the_arguments_or_nothing(args: list[Any]) -> None:
    """Whatever Celery's repr of them leaves out, what is read from it is never something else."""
    text = saferepr(tuple(args), 1024, maxlevels=3)
    try:
        made = literal(text, (tuple,))
    except ValueError:
        return
    assert json.loads(json.dumps(made)) == args


@given(st.text(max_size=12) | st.text("ab\\'\"., ()0nx…\n", max_size=40) | st.text(min_size=900))
def test_a_long_text_is_read_whole_or_not_at_all(text: str) -> None:
    try:
        made = literal(saferepr((text,), 1024), (tuple,))
    except ValueError:
        return
    assert made == (text,)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "no arguments in them"),
        ("('abc...',)", "cut short"),
        ("([[[...]]],)", "cut short"),
        ("(" + "1, " * 400 + ")", "cut short"),
        (r"('C:\new',)", "backslash"),
        (r"('it\'s',)", "backslash"),
        ("(<User 3>,)", "not all literals"),
        ("(Decimal('1'),)", "not all literals"),
        ("3", "not all literals"),
        ("{'a': 1}", "not all literals"),
        ("('***',)", "hidden"),
        ("('[REDACTED]',)", "hidden"),
        ("({'token': '<hidden>'},)", "hidden"),
        ("({'token': '**'},)", "masked"),
        ("('redis://u:**@h/0',)", "masked"),
        ("('password=**&x=1',)", "masked"),
    ],
)
def test_what_is_not_certain_is_refused(text: str | None, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        literal(text, (tuple, list))


def test_two_stars_of_a_text_are_no_mask() -> None:
    assert literal("('**bold** 2**8',)", (tuple,)) == ("**bold** 2**8",)


@given(st.lists(values, max_size=3))
def test_json_comes_back_as_it_went(args: list[Any]) -> None:
    assert json.loads(as_json(args, plain=True)) == args
    assert json.loads(as_json(args)) == args


@pytest.mark.parametrize("value", [{1, 2}, b"raw", float("nan"), object(), 1j])
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    for plain in (True, False):
        with pytest.raises(ValueError, match="not JSON"):
            as_json([value], plain=plain)


def test_dates_and_decimals_go_as_celery_marks_them() -> None:
    args = [datetime(2030, 1, 2, tzinfo=timezone.utc), Decimal("1.10")]
    decoded: Any = KOMBU_JSON.loads(as_json(args))
    assert decoded == args
    with pytest.raises(ValueError, match="not JSON"):
        as_json(args, plain=True)


@pytest.mark.parametrize("args", [[(1, 2)], [{1: "a"}]])
def test_another_serializer_keeps_what_json_would_change(args: list[Any]) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        as_json(args, plain=True)
    assert json.loads(as_json(args))


class TestFind:
    @pytest.fixture
    def app(self) -> Iterator[Any]:
        app = Celery("tester", broker="memory://", backend="cache+memory://", set_as_current=False)
        yield app
        # Its memory is the process's.
        app.backend.client.delete(app.backend.get_key_for_task("x"))
        app.close()

    def find(self, app: Any, task: Task | None, id: str = "x") -> Arguments | Refusal:
        import threading

        pidbox = Pidbox(app, 0.1, threading.Event())
        return find_arguments(app, pidbox, [id], {} if task is None else {id: task}, [])[id]

    def held(self, **facts: Any) -> Task:
        return Task("x", 1, state=TaskState.SUCCESS, **facts)

    def test_the_result_wins_over_the_events(self, app: Any) -> None:
        app.conf.result_extended = True
        from celery.app.task import Context

        request = Context(id="x", task="shop.pay", args=[1], kwargs={"to": "a"})
        app.backend.store_result("x", 5, "SUCCESS", request=request)
        task = self.held(name="shop.pay", args="(2,)", kwargs="{}", queue="money")
        assert self.find(app, task) == Arguments(
            "shop.pay", "[1]", '{"to": "a"}', "its result", "money"
        )
        assert self.find(app, None) == Arguments("shop.pay", "[1]", '{"to": "a"}', "its result")

    def test_the_events_where_there_is_nothing_else(self, app: Any) -> None:
        task = self.held(name="shop.pay", args="(2, 'x')", kwargs="{'a': None}")
        assert self.find(app, task) == Arguments(
            "shop.pay", '[2, "x"]', '{"a": null}', "its events"
        )

    def test_a_refusal_tells_what_is_known(self, app: Any) -> None:
        found = self.find(app, self.held(name="shop.pay", args="(1, ...)", kwargs="{}"))
        assert found == Refusal(
            "its events: the arguments are cut short", "shop.pay", "(1, ...)", "{}"
        )
        nameless = self.find(app, self.held(args="()", kwargs="{}"))
        assert isinstance(nameless, Refusal)
        assert "name is not known" in nameless.reason
