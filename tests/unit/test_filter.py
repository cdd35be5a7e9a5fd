"""The filter language: what it finds, and how it says what is wrong."""

from __future__ import annotations

import pytest
from hypothesis import example, given

from celerytui.errors import FilterError
from celerytui.model import Task, TaskState
from celerytui.query import FIELDS
from tests.unit.filters import BARE, NOW, TASK, any_filter, finds, mistake, parse


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "charge",
        "CHARGE",
        "tok_visa",
        "tok_*_4242",
        "5F0C8D",
        "insufficient_funds",
        '"tok_visa_4242\')"',
        "'tok_visa",
        "state:failure",
        "state:FAILURE",
        "STATE:failure",
        "state:success,failure",
        "state:fail*",
        "state:/^fail/",
        "name:billing",
        "name:shop.billing.charge",
        "name:*.charge",
        "name:shop.?illing.*",
        "name:=shop.billing.charge",
        'name:="SHOP.billing.charge"',
        "name:/bill.*charge$/",
        "name:nope,charge",
        "id:5f0c",
        "id:5f0c…91a",
        "id:*291a",
        "worker:bill1",
        "worker:celery@bill1",
        "worker:celery",
        "worker:bill*",
        "queue:high",
        "queue:h*h",
        "args:tok_visa",
        "args:42*visa",
        'args:"(42,"',
        r"args:/\(4\d, /",
        r"args:/a\/b|tok/",
        "kwargs:currency",
        "kwargs.user:7",
        "kwargs.currency:eur",
        "kwargs.currency:E*",
        "kwargs.currency:/^e/",
        "kwargs.user:>6",
        "kwargs.amount:<=12.5",
        "kwargs.order.id:9917",
        'kwargs.order.tags.0:"a,b"',
        "kwargs.user:8,7",
        "exception:declined",
        "traceback:gateway.py",
        "retries:2",
        "retries:>1",
        "retries:>=2",
        "retries:1,2",
        "runtime:>19.9",
        "runtime:<1s,>1",
        "runtime:>=20s",
        "runtime:<1m",
        "runtime:>300ms",
        "wait:>15s",
        "age:>9m59s",
        "age:<1h30m",
        "sent:>-11m",
        "sent:<-9m",
        "started:>11:50",
        "started:<2026-11-24",
        "started:>=2026-11-23T11:50:20",
        "finished:*",
        "eta:>-1h",
        "root:a1f7",
        "parent:a1f7bbbb",
        "NOT state:success",
        "-state:success",
        "--state:failure",
        "NOT -charge",
        "charge tok_visa",
        "charge AND tok_visa",
        "nope OR charge",
        "nope nope OR charge",
        "(nope OR charge) state:failure",
        "-(nope OR missing)",
        "NOT (nope)",
        "-nope -missing",
        "order charge",
        "result:* OR charge",
        "-result:*",
    ],
)
def test_found(text: str) -> None:
    assert finds(text)


@pytest.mark.parametrize(
    "text",
    [
        "nope",
        "charged",
        "tok_*_9999",
        '"tok_*_4242"',
        "state:success",
        "-state:failure",
        "name:charge.*",
        "name:=charge",
        "name:/^charge/",
        "name:shop?charge",
        "id:0c8d",
        "id:5f0c…91b",
        "worker:bill",
        "worker:bill11",
        "queue:hig",
        "queue:high-prio",
        "args:43",
        'args:"42*"',
        "kwargs.user:70",
        "kwargs.user:*8*",
        "kwargs.user:>7",
        "kwargs.currency:>1",
        "kwargs.missing:*",
        "kwargs.id:9917",
        "kwargs.user.id:7",
        "result:x",
        "result:*",
        "retries:>2",
        "retries:3",
        "runtime:>20s",
        "wait:<5s",
        "age:<10",
        "sent:>-9m",
        "started:>11:51",
        "eta:>12:00",
        "root:b",
        "charge nope",
        "nope OR missing",
        "charge -tok_visa",
        "NOT (charge OR nope)",
    ],
)
def test_not_found(text: str) -> None:
    assert not finds(text)


@pytest.mark.parametrize("field", [field.name for field in FIELDS])
def test_what_is_not_known_matches_nothing(field: str) -> None:
    always = field in ("id", "state", "age")
    assert finds(f"{field}:*", BARE) is always
    assert finds(f"-{field}:*", BARE) is not always
    assert finds(f"{field}:*") is (field not in ("result", "source"))


def test_the_clock_decides_at_the_time_of_asking() -> None:
    running = Task(id="r", seq=1, state=TaskState.STARTED, started=NOW, seen=NOW)
    long = parse("runtime:>10s")
    assert not long.matches(running, NOW + 9)
    assert long.matches(running, NOW + 11)
    recent = parse("started:>-1m")
    assert recent.matches(running, NOW + 59)
    assert not recent.matches(running, NOW + 61)


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("state:failure name:x", set()),
        ("runtime:>1 OR wait:>1", {"running"}),
        ("age:>1 runtime:>2", {"running", "always"}),
        ("sent:>-5m", {"always"}),
        ("sent:>10:00", {"daily"}),
        ("started:<=9:30:15 runtime:>2", {"daily", "running"}),
        ("sent:>2026-11-23T10:00", set()),
        ("-runtime:*", {"running"}),
    ],
)
def test_a_filter_knows_when_its_answers_change(text: str, changes: set[str]) -> None:
    assert parse(text).changes == changes


def test_filters_compare_by_their_text() -> None:
    assert parse("a b") == parse("a b")
    assert parse("a b") != parse("b a")
    assert hash(parse("a")) == hash(parse("a"))
    assert parse(" ").is_empty
    assert not parse("a").is_empty
    assert [task.id for task in parse("charge").select([TASK, BARE], NOW)] == [TASK.id]
    assert parse("").select([TASK, BARE], NOW) == [TASK, BARE]


@pytest.mark.parametrize(
    ("text", "marked", "message"),
    [
        ("name:billing.* runtime:>2.5x state:failure", "x", "Unknown unit “x”."),
        ("runtime:>5m3", "3", "“3” has no unit."),
        ("runtime:>", "runtime:>", "Nothing follows “runtime:>”."),
        ("runtime:>soon", "soon", "“soon” is not a duration."),
        ("runtime:5", "5", "“runtime” needs a comparison: > >= < or <=."),
        ("retries:many", "many", "“many” is not a number."),
        ("sent:>25:00", "25:00", "“25:00” is not a time."),
        ("sent:>-5x", "x", "Unknown unit “x”."),
        ("a naem:x", "naem", "Unknown field “naem”. Did you mean name?"),
        ("zzz:1", "zzz", "Unknown field “zzz”."),
        ("state:failed", "failed", "“failed” is not a state. Did you mean failure?"),
        ("state:>failure", ">failure", "States cannot be compared."),
        ("name:>5", ">5", "“name” is text and cannot be compared with >."),
        ("id.x:5", "id", "“id” has no nested values; only kwargs has."),
        ("name:", "name:", "Nothing follows “name:”."),
        ("name:a,", "name:a,", "Nothing follows “name:a,”."),
        ('a "b c', '"b c', "Unclosed quotation."),
        ("args:/a b", "/a b", "Unclosed regular expression."),
        ("args:/a(b/", "a(b", "Missing )."),
        (r"args:/(a)\1/", r"(a)\1", r"Invalid escape sequence “\1”."),
        ("args:/a(?=b)/", "a(?=b)", "Invalid perl operator “(?=”."),
        ("args:/(a{1,900}){1,900}/", "(a{1,900}){1,900}", "Invalid repetition size “{1,900}”."),
        ("args:/x/y", "y", "Unexpected text after the value."),
        ("(a b", "(", "Unclosed “(”."),
        ("a b)", ")", "Unmatched “)”."),
        ("()", ")", "Nothing precedes “)”."),
        ("a OR", "R", "Incomplete filter."),
        ("OR a", "OR", "Nothing precedes “OR”."),
        ("a OR OR b", "OR", "Nothing precedes “OR”."),
        ("a -", "-", "Nothing follows “-”."),
        ("a NOT", "NOT", "Nothing follows."),
        ("(" * 60, "(", "These parentheses are too deep."),
        ("x" * 2001, "x", "A filter has at most 2,000 characters."),
    ],
)
def test_a_mistake_has_its_place_and_its_reason(text: str, marked: str, message: str) -> None:
    error = mistake(text)
    assert text[error.start : error.end] == marked
    assert error.message == message
    assert error.expected


def test_the_mistake_of_the_picture() -> None:
    error = mistake("name:billing.* runtime:>2.5x state:failure,retry")
    assert (error.start, error.end) == (27, 28)
    assert error.expected == "Expected a duration: 300ms 2.5s 10s 5m 2h 1d"


@given(any_filter)
@example("sent:>0000-01-01")
@example("sent:>+99999999999999999999d")
@example("age:>" + "9" * 400)
@example("retries:" + "9" * 400)
@example("kwargs..:x")
@example("args:/" + "(" * 150 + "/")
@example("args:/(?i)x/")
@example("args:/a{4294967295}/")
@example("args:/[[a]/")
@example("sent:-")
@example("sent:>-")
def test_nothing_but_a_filter_error_with_its_place(text: str) -> None:
    wrong: FilterError | None = None
    try:
        parsed = parse(text)
    except FilterError as error:
        wrong = error
    if wrong is not None:
        assert 0 <= wrong.start <= wrong.end <= len(text)
        assert wrong.start < len(text)
        assert wrong.message
        return
    for task in (TASK, BARE):
        assert parsed.matches(task, NOW) in (True, False)
