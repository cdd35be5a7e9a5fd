"""The tree of a task's relatives has each once, whatever they say of their parents and groups."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from celerytui.model import Lineage, StoredGroup, Task, TaskState
from celerytui.store import MAX_FAMILY
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs
from celerytui.ui.views.task.chords import UNLOCK, bodies, sent_bodies, with_bodies
from celerytui.ui.views.task.family import Node, Rest, Unknown, family_tree
from celerytui.ui.views.task.relatives import done_of, group_words

IDS = [f"task-{number}" for number in range(8)]
OTHERS = [f"other-{number}" for number in range(4)]
ANY_ID = st.sampled_from([*IDS, *OTHERS])
PARENTS = st.lists(st.sampled_from([None, "elsewhere", *IDS]), min_size=8, max_size=8)
GROUPS = st.lists(
    st.builds(
        StoredGroup,
        st.sampled_from(["g", "h", "task-1"]),
        st.lists(ANY_ID, max_size=10).map(tuple),
        missing=st.none() | st.integers(0, 20),
        size=st.none() | st.integers(0, 20),
        partial=st.booleans(),
        parent_id=st.none() | ANY_ID,
        body=st.lists(ANY_ID, max_size=2).map(tuple),
    ),
    max_size=4,
)


def _tasks(parents: Sequence[str | None]) -> list[Task]:
    return [
        Task(task_id, seq, lineage=Lineage(parent_id=parent))
        for seq, (task_id, parent) in enumerate(zip(IDS, parents, strict=True))
    ]


def _named(rows: Sequence[tuple[str, Node]]) -> list[tuple[str, str]]:
    return [(prefix, _name(node)) for prefix, node in rows]


def _name(node: Node) -> str:
    if isinstance(node, Rest):
        return f"{node.count} more" + (", unnamed" if node.unnamed else "")
    return f"{node.id}?" if isinstance(node, Unknown) else node.id


@given(PARENTS, st.sampled_from([UNICODE, ASCII]), GROUPS)
def test_each_task_and_group_stands_in_the_tree_once(
    parents: list[str | None], glyphs: Glyphs, groups: list[StoredGroup]
) -> None:
    rows = family_tree(_tasks(parents), glyphs, groups)
    shown = [node.id for _, node in rows if isinstance(node, (Task, Unknown))]
    members = {one for group in groups for one in group.members if one != group.parent_id}
    assert sorted(shown) == sorted({*IDS, *(members & {*OTHERS})})
    drawn = [id(node) for _, node in rows if isinstance(node, StoredGroup)]
    assert sorted(drawn) == sorted(map(id, groups))
    assert all(prefix.isascii() for prefix, _ in rows) or glyphs is UNICODE


def test_children_stand_under_their_parent_in_order() -> None:
    tasks = [
        Task("root", 0, sent=1.0),
        Task("late", 1, sent=3.0, lineage=Lineage(parent_id="root")),
        Task("early", 2, sent=2.0, lineage=Lineage(parent_id="root")),
        Task("grandchild", 3, sent=4.0, lineage=Lineage(parent_id="early")),
    ]
    assert _named(family_tree(tasks, UNICODE)) == [
        ("", "root"),
        ("├─ ", "early"),
        ("│  └─ ", "grandchild"),
        ("└─ ", "late"),
    ]


def test_members_move_into_their_group_below_the_task_that_sent_it() -> None:
    tasks = [
        Task("sender", 0, sent=1.0),
        Task("second", 1, sent=2.0, lineage=Lineage(parent_id="sender")),
        Task("first", 2, sent=3.0, lineage=Lineage(parent_id="sender")),
        Task("body", 3, sent=4.0, lineage=Lineage(parent_id="first")),
        Task("apart", 4, sent=5.0, lineage=Lineage(parent_id="sender")),
    ]
    group = StoredGroup("g", ("first", "second", "elsewhere"), missing=2, size=5, partial=True)
    assert _named(family_tree(tasks, UNICODE, [group])) == [
        ("", "sender"),
        ("├─ ", "g"),
        ("│  ├─ ", "first"),
        ("│  │  └─ ", "body"),
        ("│  ├─ ", "second"),
        ("│  ├─ ", "elsewhere?"),
        ("│  └─ ", "2 more, unnamed"),
        ("└─ ", "apart"),
    ]


def test_the_body_of_a_chord_stands_after_the_members_and_not_below_one() -> None:
    tasks = [
        Task("first", 0, sent=1.0),
        Task("body", 1, sent=4.0, lineage=Lineage(parent_id="first")),
        Task("after", 2, sent=5.0, lineage=Lineage(parent_id="body")),
        Task("second", 3, sent=2.0),
    ]
    group = StoredGroup("g", ("first", "second"), size=3, partial=True, body=("body", "unseen"))
    assert _named(family_tree(tasks, UNICODE, [group])) == [
        ("", "g"),
        ("├─ ", "first"),
        ("├─ ", "second"),
        ("├─ ", "1 more, unnamed"),
        ("└─ ", "body"),
        ("   └─ ", "after"),
    ]
    # A header of another chord stands with the others there.
    outer = StoredGroup("outer", ("body", "else"))
    rows = _named(family_tree(tasks, UNICODE, [group, outer]))
    assert [name for _, name in rows][1:4] == ["first", "outer", "body"]


def _unlock(task_id: str, seq: int, args: str | None) -> Task:
    return Task(task_id, seq, name=UNLOCK, args=args, lineage=Lineage(parent_id=task_id))


def test_what_the_task_that_waits_for_a_header_sent_is_a_body() -> None:
    signature = "{'task': 'shop.total', 'options': {'task_id': 'body'}}"
    tasks = [
        Task("a", 0, name="shop.add"),
        _unlock("unlock", 1, f"('g', {signature})"),
        Task("body", 2, name="shop.total", lineage=Lineage(parent_id="unlock")),
        _unlock("inner", 3, None),
        Task("last", 4, name="shop.last", lineage=Lineage(parent_id="inner")),
        Task("child", 5, name=UNLOCK + "ed", lineage=Lineage(parent_id="body")),
    ]
    tasks[3].lineage = Lineage(parent_id="unlock")
    assert sent_bodies(tasks) == {"body": "g", "last": None}
    known = {task.id: task for task in tasks}
    # The result of the body names the group, as those of the members do.
    named = StoredGroup("g", ("body", "a"), partial=True)
    other = StoredGroup("h", ("body", "a"))
    found = with_bodies([named, other], known)
    assert [(one.members, one.body) for one in found] == [
        (("a",), ("body",)),
        (("body", "a"), ()),
    ]
    assert bodies([replace(other, body=("x",))], known) == {"body", "last", "x"}
    assert bodies([], {"a": tasks[0]}) == frozenset()


@pytest.mark.parametrize(
    ("args", "header"),
    [
        ("('g', {'task': 'x'", "g"),
        ("['g', {'task': 'x'}]", "g"),
        ("('g', ", "g"),
        (r"('g\n', {})", None),
        ("('g',)", None),
        ('("it\'s", {})', None),
        ("", None),
        (None, None),
        ("('" + "g" * 1000 + "', {})", None),
    ],
)
def test_the_header_is_named_by_the_first_argument(args: str | None, header: str | None) -> None:
    tasks = [_unlock("u", 0, args), Task("body", 1, lineage=Lineage(parent_id="u"))]
    assert sent_bodies(tasks) == {"body": header}


def test_members_of_a_client_are_one_tree_and_no_more_than_there_is_room_for() -> None:
    members = tuple(f"m{number}" for number in range(MAX_FAMILY + 40))
    tasks = [Task("m7", 0), Task("m230", 1)]
    rows = _named(family_tree(tasks, ASCII, [StoredGroup("g", members)]))
    assert rows[0] == ("", "g")
    assert [name for _, name in rows if not name.endswith("?")] == ["g", "m7", "m230", "39 more"]
    assert len(rows) == MAX_FAMILY + 3


def test_the_progress_of_a_group_is_what_its_counter_or_its_members_say() -> None:
    members = ("a", "b", "c", "d")
    known = {
        "a": Task("a", 0, TaskState.SUCCESS),
        "b": Task("b", 1, TaskState.FAILURE),
        "c": Task("c", 2, TaskState.STARTED),
    }
    saved = StoredGroup("g", members)
    assert group_words(saved, known) == "4 members, 2 done, 1 still to come, 1 not known"
    assert group_words(StoredGroup("g", members, missing=1), known) == (
        "4 members, 3 done, 1 still to come"
    )
    # It was counted before two of them ended.
    assert done_of(StoredGroup("g", members, missing=4), known) == 2
    cut = StoredGroup("g", ("a", "c"), size=1_300)
    assert group_words(cut, known) == "1,300 members, 1 of the first 2 done"
    over = StoredGroup("g", ("a",), size=3, partial=True)
    assert group_words(over, known) == "3 members, 1 done, 2 not known"
    named_by_its_own = StoredGroup("g", ("a",), partial=True)
    assert group_words(named_by_its_own, known) == "members not known to the result backend"
    found = StoredGroup("g", ("a", "c"), partial=True)
    assert group_words(found, known) == "2 members found, 1 done, there may be more"
    assert group_words(StoredGroup("g", (), flaw="not\x1b valid"), known).startswith(
        "members not known: not"
    )
    assert "\x1b" not in group_words(StoredGroup("g", (), flaw="not\x1b valid"), known)
