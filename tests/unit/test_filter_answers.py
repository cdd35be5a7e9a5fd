"""A filter gives the answers of a naive evaluator of the same expression."""

from __future__ import annotations

from typing import Any

import pytest
from celery import states
from celery.events.state import TASK_EVENT_TO_STATE
from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import LABELS, Task, TaskExtra, TaskState
from tests.unit.filters import NOW, finds, parse, quoted

pytestmark = pytest.mark.slow

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


@pytest.mark.parametrize("state", TaskState)
def test_a_state_is_found_by_its_name_and_by_celerys_constant_in_any_case(state: TaskState) -> None:
    tasks = [Task(id=one.label, seq=one, state=one) for one in TaskState]
    for word in (state.label, state.name, state.constant, state.constant.title()):
        assert [one.id for one in tasks if finds(f"state:{word}", one)] == [state.label]


def test_every_state_but_the_monitors_own_is_celerys_constant() -> None:
    theirs = {*states.ALL_STATES, *TASK_EVENT_TO_STATE.values()}
    ours = {state.constant for state in TaskState} - theirs
    # Nobody has a constant for a task that went down with its worker; State makes up CANCELLED.
    assert ours == {"CANCELLED", "LOST", "MISSED"}
    assert TaskState.SENT.constant == TASK_EVENT_TO_STATE["sent"]
