"""The filter language: what it finds, and how it says what is wrong."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from celerytui.errors import FilterError
from celerytui.model import LABELS, Lineage, Task, TaskExtra, TaskState
from celerytui.query import FIELDS, Filter, parse_filter, suggest
from celerytui.query.parse import LENGTH_LIMIT

NOW = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))
DOCS = Path(__file__).parents[2] / "docs" / "filter.md"

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
        eta="2026-11-23T23:59:59+00:00",
    ),
)
BARE = Task(id="bare", seq=2, seen=NOW)


def parse(text: str) -> Filter:
    return parse_filter(text, lambda: NOW)


def finds(text: str, task: Task = TASK) -> bool:
    return parse(text).matches(task, NOW)


def mistake(text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(text)
    return caught.value


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
        "eta:>+1h",
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
        "eta:<12:00",
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
    assert finds(f"{field}:*") is (field != "result")


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
        ("state:failure name:x", "event"),
        ("runtime:>1 OR wait:>1", "running"),
        ("age:>1 runtime:>2", "always"),
        ("runtime:>2 age:>1", "always"),
        ("sent:>-5m", "always"),
        ("sent:>10:00", "event"),
        ("-runtime:*", "running"),
    ],
)
def test_a_filter_knows_when_its_answers_change(text: str, changes: str) -> None:
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
        ("name:billing.* runtime:>2.5x state:failure", "x", "“x” is no unit."),
        ("runtime:>5m3", "3", "“3” has no unit."),
        ("runtime:>", "runtime:>", "Nothing stands after “runtime:>”."),
        ("runtime:>soon", "soon", "“soon” is no duration."),
        ("runtime:5", "5", "“runtime” is compared, with > >= < or <=."),
        ("retries:many", "many", "“many” is no number."),
        ("sent:>25:00", "25:00", "“25:00” is no time."),
        ("sent:>-5x", "x", "“x” is no unit."),
        ("a naem:x", "naem", "“naem” is no field. Did you mean name?"),
        ("zzz:1", "zzz", "“zzz” is no field."),
        ("state:failed", "failed", "“failed” is no state. Did you mean failure?"),
        ("state:>failure", ">failure", "States have no order."),
        ("name:>5", ">5", "“name” is text and has no order."),
        ("id.x:5", "id", "“id” has nothing inside: only kwargs has."),
        ("name:", "name:", "Nothing stands after “name:”."),
        ("name:a,", "name:a,", "Nothing stands after “name:a,”."),
        ('a "b c', '"b c', "This quotation is not closed."),
        ("args:/a b", "/a b", "This regular expression is not closed."),
        ("args:/a(b/", "(", "Missing ), unterminated subpattern."),
        ("args:/(a+)+/", "(a+)+", "A repeat within a repeat could take for ever."),
        ("args:/x/y", "y", "The value ends before this."),
        ("(a b", "(", "This “(” is not closed."),
        ("a b)", ")", "No “(” stands before this “)”."),
        ("()", ")", "Nothing stands before this “)”."),
        ("a OR", "R", "Something is missing at the end."),
        ("OR a", "OR", "Nothing stands before this “OR”."),
        ("a OR OR b", "OR", "Nothing stands before this “OR”."),
        ("a -", "-", "Nothing stands after this “-”."),
        ("a NOT", "NOT", "Nothing stands after this."),
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
    assert error.expected == "A duration was expected: 300ms 2.5s 10s 5m 2h 1d"


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


# -- against a naive evaluator

texts = st.one_of(st.none(), st.text("abAB.'* \\\"\n", max_size=6))
tasks = st.builds(
    Task,
    id=st.text("ab", min_size=1, max_size=3),
    seq=st.just(0),
    state=st.sampled_from(TaskState),
    name=texts,
    queue=texts,
    args=texts,
    result=texts,
    retries=st.one_of(st.none(), st.integers(0, 5)),
    runtime=st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 60.0])),
    extra=st.one_of(st.none(), st.builds(TaskExtra, exception=texts)),
)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def has(text: str | None, part: str) -> bool:
    return text is not None and part.lower() in text.lower()


Leaf = tuple[str, Any]


def leaf_text(leaf: Leaf) -> str:
    kind, value = leaf
    if kind == "word":
        return quoted(value)
    if kind in ("name", "args", "queue"):
        return f"{kind}:{quoted(value)}"
    if kind == "state":
        return "state:" + ",".join(value)
    return f"{kind}:{value[0]}{value[1]}"


def leaf_answer(leaf: Leaf, task: Task) -> bool:
    kind, value = leaf
    if kind == "word":
        everywhere = (task.id, task.name, task.args, task.kwargs, task.result, task.more.exception)
        return any(has(text, value) for text in everywhere)
    if kind in ("name", "args"):
        return has(getattr(task, kind), value)
    if kind == "queue":
        return task.queue is not None and task.queue.lower() == value.lower()
    if kind == "state":
        return task.state.label in value
    known = getattr(task, kind)
    if known is None:
        return False
    operator, limit = value
    answers = {">": known > limit, ">=": known >= limit, "<": known < limit, "<=": known <= limit}
    return bool(answers[operator])


small = st.text("abAB.'* \\\"\n", max_size=3)
operators = st.sampled_from([">", ">=", "<", "<="])
leaves = st.one_of(
    st.tuples(st.sampled_from(["word", "name", "args", "queue"]), small),
    st.tuples(st.just("state"), st.lists(st.sampled_from(LABELS), min_size=1, max_size=3)),
    st.tuples(st.just("retries"), st.tuples(operators, st.integers(0, 5))),
    st.tuples(st.just("runtime"), st.tuples(operators, st.sampled_from([0.5, 1, 60]))),
)
trees = st.recursive(
    leaves.map(lambda leaf: ("leaf", leaf)),
    lambda parts: st.one_of(
        st.tuples(st.just("not"), parts),
        st.tuples(st.just("and"), parts, parts),
        st.tuples(st.just("or"), parts, parts),
    ),
    max_leaves=6,
)


def tree_text(tree: Any) -> str:
    if tree[0] == "leaf":
        return leaf_text(tree[1])
    if tree[0] == "not":
        return f"-({tree_text(tree[1])})"
    joint = " " if tree[0] == "and" else " OR "
    return f"({tree_text(tree[1])}{joint}{tree_text(tree[2])})"


def tree_answer(tree: Any, task: Task) -> bool:
    if tree[0] == "leaf":
        return leaf_answer(tree[1], task)
    if tree[0] == "not":
        return not tree_answer(tree[1], task)
    if tree[0] == "and":
        return tree_answer(tree[1], task) and tree_answer(tree[2], task)
    return tree_answer(tree[1], task) or tree_answer(tree[2], task)


@given(trees, st.lists(tasks, max_size=6))
def test_a_filter_answers_as_the_naive_evaluator(tree: Any, some: list[Task]) -> None:
    parsed = parse(tree_text(tree))
    for task in some:
        assert parsed.matches(task, NOW) is tree_answer(tree, task)


@given(trees, trees, tasks)
def test_de_morgan(one: Any, other: Any, task: Task) -> None:
    a, b = tree_text(one), tree_text(other)
    assert finds(f"NOT ({a} OR {b})", task) == finds(f"-({a}) -({b})", task)
    assert finds(f"NOT ({a} AND {b})", task) == finds(f"-({a}) OR -({b})", task)
    assert finds(f"--({a})", task) == finds(a, task)


@given(st.text(st.characters(codec=None), min_size=1, max_size=30))
def test_quoted_text_means_itself(text: str) -> None:
    task = Task(id="x", seq=0, name=text, queue=text, args=f"({text})")
    for field in ("name:", "queue:", "args:", "name:=", ""):
        assert finds(field + quoted(text), task)
    assert not finds("name:=" + quoted(text), Task(id="x", seq=0, name=text + "!"))


# -- regular expressions cannot hold anything up


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|aa)+$",
        "(a*)*b",
        "(a?b?)*c",
        "(.*)*",
        "(?:a{1,9}){1,9}",
        "a?" * 40 + "a" * 40,
        "a*" * 9 + "b",
        r"(a)\1",
        "(ab|cd|ef)" * 16,
        "x" * 201,
    ],
)
def test_a_pattern_that_could_take_for_ever_is_refused(pattern: str) -> None:
    assert mistake(f"args:/{pattern}/").expected.startswith("A regular expression was expected")


@pytest.mark.parametrize("pattern", [".*a.*b", "a.*b.*c.*d", "[ab]+b+c", "(a|b).*c?d", "(?:ab)+$"])
def test_the_worst_text_for_a_pattern_is_soon_done(pattern: str) -> None:
    parsed = parse(f"args:/{pattern}/")
    for text in ("a" * 100_000, "ab" * 50_000, "abc" * 30_000):
        began = time.thread_time()
        parsed.matches(Task(id="x", seq=0, args=text), NOW)
        # Far more than it takes on a slow machine, far less than a pattern that runs away.
        assert time.thread_time() - began < 10


def test_stars_at_the_ends_of_a_pattern_cost_nothing() -> None:
    deep = Task(id="x", seq=0, args="a" * 4000 + "needle" + "b" * 9000)
    assert finds("args:/.*needle.*/", deep)
    assert finds("args:/needle/", deep)
    assert finds(r"args:/b\.*/", deep)
    assert not finds("args:/needle/", Task(id="x", seq=0, args="a" * 5000 + "needle"))


@given(
    st.text("ab*?", max_size=8),
    st.text("ab", max_size=12),
    st.booleans(),
)
def test_wildcards_are_those_of_the_shell(pattern: str, text: str, word: bool) -> None:
    translated = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    task = Task(id="x", seq=0, queue=text, args=text)
    if not pattern or pattern == "*":
        return
    assert finds(f"queue:{pattern}", task) is (re.fullmatch(translated, text) is not None)
    assert finds(f"args:{pattern}", task) is (re.search(translated, text) is not None)


# -- inside the keyword arguments


@given(
    st.dictionaries(
        st.text("abc", min_size=1, max_size=3),
        st.recursive(
            st.one_of(st.integers(-9, 9), st.text("ab'\"\\,:{}[] ", max_size=5), st.none()),
            lambda parts: st.one_of(st.lists(parts, max_size=3), st.tuples(parts)),
            max_leaves=4,
        ),
        max_size=4,
    )
)
def test_every_value_inside_is_found(kwargs: dict[str, Any]) -> None:
    task = Task(id="x", seq=0, kwargs=repr(kwargs))
    for key, value in kwargs.items():
        if isinstance(value, str) and "\\" in value:
            continue  # as repr escapes it, which is not undone in every case
        said = value if isinstance(value, str) else repr(value)
        assert finds(f"kwargs.{key}:{quoted(said)}", task)
        if isinstance(value, int):
            assert finds(f"kwargs.{key}:>={value}", task)
            assert not finds(f"kwargs.{key}:>{value}", task)


@given(st.text("{}[]()'\",:\\ ab", max_size=30))
def test_any_text_can_be_looked_into(text: str) -> None:
    assert finds("kwargs.a.0.b:*x", Task(id="x", seq=0, kwargs=text)) in (True, False)


def test_cut_arguments_are_read_as_far_as_they_go() -> None:
    cut = Task(id="x", seq=0, kwargs="{'user': 7, 'note': 'a very long t...")
    assert finds("kwargs.user:7", cut)
    assert finds("kwargs.note:*long*", cut)
    assert not finds("kwargs.gone:*x*", cut)


# -- completion


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
