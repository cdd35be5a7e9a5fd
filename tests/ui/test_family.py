"""The tree of a task's relatives has each once, whatever they say of their parents."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from celerytui.model import Lineage, Task
from celerytui.ui.draw.glyphs import ASCII, UNICODE, Glyphs
from celerytui.ui.views.task.family import family_tree

IDS = [f"task-{number}" for number in range(8)]


@given(
    st.lists(st.sampled_from([None, "elsewhere", *IDS]), min_size=len(IDS), max_size=len(IDS)),
    st.sampled_from([UNICODE, ASCII]),
)
def test_each_task_stands_in_the_tree_once(parents: list[str | None], glyphs: Glyphs) -> None:
    tasks = [
        Task(task_id, seq, lineage=Lineage(parent_id=parent))
        for seq, (task_id, parent) in enumerate(zip(IDS, parents, strict=True))
    ]
    rows = family_tree(tasks, glyphs)
    assert sorted(task.id for _, task in rows) == IDS
    assert all(prefix.isascii() for prefix, _ in rows) or glyphs is UNICODE


def test_children_stand_under_their_parent_in_order() -> None:
    tasks = [
        Task("root", 0, sent=1.0),
        Task("late", 1, sent=3.0, lineage=Lineage(parent_id="root")),
        Task("early", 2, sent=2.0, lineage=Lineage(parent_id="root")),
        Task("grandchild", 3, sent=4.0, lineage=Lineage(parent_id="early")),
    ]
    rows = family_tree(tasks, UNICODE)
    assert [(prefix, task.id) for prefix, task in rows] == [
        ("", "root"),
        ("├─ ", "early"),
        ("│  └─ ", "grandchild"),
        ("└─ ", "late"),
    ]
