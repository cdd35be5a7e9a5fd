"""The rows of a task's relatives: each task, group and member in one line."""

from __future__ import annotations

from collections.abc import Mapping

from celerytui.columns import clean, format_id, format_running, meter, state_role
from celerytui.counts import counted
from celerytui.model import StoredGroup, Task, TaskState
from celerytui.ui.draw.spans import Line, Span, cells, span_width
from celerytui.ui.session import Session
from celerytui.ui.views.task.family import Node, Unknown

STATE, RUNTIME = 9, 8
"""Cells of the two columns at the right."""
GAP = 2


def relative_line(
    session: Session,
    prefix: str,
    node: Node,
    width: int,
    known: Mapping[str, Task],
    *,
    this: str,
    body: bool = False,
) -> Line:
    """One branch of the tree in `width` cells; `this` is the task whose tree it is.

    `known` are the tasks of the tree by their ids; `body` says that it is the body of a chord.
    """
    line = Line(width, session.glyphs.ellipsis).left((prefix, "faint"))
    if isinstance(node, Task):
        return _task(session, line, node, this=node.id == this, body=body)
    if isinstance(node, StoredGroup):
        return _group(session, line, node, known, prefix)
    if isinstance(node, Unknown):
        unknown = session.glyphs.unknown
        line.left((f"{unknown} ", "muted"), ("name unknown", "muted"))
        return line.right(*_columns(session, node.id, ("not known", "muted"), ""))
    more = f"and {node.count:,} more"
    return line.left((f"{more}, ids not known" if node.unnamed else more, "muted"))


def _task(session: Session, line: Line, task: Task, *, this: bool, body: bool) -> Line:
    role = state_role(task.state)
    line.left((f"{session.glyphs.state(task.state)} ", role))
    name = clean(task.name, limit=80) if task.name else "name unknown"
    said = [word for word, holds in (("this task", this), ("chord body", body)) if holds]
    line.left((name, "strong" if this else "text"), ("".join(f"  {one}" for one in said), "muted"))
    ran = format_running(task, session.now(), ascii=session.ascii)
    return line.right(*_columns(session, task.id, (task.state.label, role), ran))


def _columns(session: Session, task_id: str, state: Span, ran: str) -> list[Span]:
    text, role = state
    return [
        (format_id(task_id, ascii=session.ascii) + " " * GAP, "muted"),
        (text.ljust(STATE), role),
        (ran.rjust(RUNTIME), "text"),
    ]


def _group(
    session: Session, line: Line, group: StoredGroup, known: Mapping[str, Task], prefix: str
) -> Line:
    count, done, failed = group.count, done_of(group, known), failed_of(group, known)
    words: list[Span] = [
        ("group  ", "strong"),
        (format_id(group.id, ascii=session.ascii), "muted"),
        (f"  {group_words(group, known)}", "text"),
        (f"  {failed:,} failed" if failed else "", "failure"),
    ]
    line.left(*words)
    room = line.width - cells(prefix) - span_width(words) - GAP
    if count is None or _is_cut(group) or room < RUNTIME:
        return line
    if room >= STATE + RUNTIME:
        role = "success" if done == count and not failed else "started"
        line.right((meter(done / count, STATE, ascii=session.ascii), role))
    return line.right((f"{done * 100 // count}%".rjust(RUNTIME), "text"))


def group_words(group: StoredGroup, known: Mapping[str, Task]) -> str:
    """`10 members, 7 done, 3 still to come`, as far as the backend or the tasks say so."""
    count = group.count
    if group.flaw is not None:
        return f"members not known: {clean(group.flaw, limit=200)}"
    done, members = done_of(group, known), set(group.members)
    if count is None and len(members) > 1:
        return f"{counted(len(members), 'member')} found, {done:,} done, there may be more"
    if count is None:
        return "members not known to the result backend"
    if _is_cut(group):
        return f"{counted(count, 'member')}, {done:,} of the first {len(members):,} done"
    words = [counted(count, "member"), f"{done:,} done"]
    silent = 0 if group.missing is not None else count - sum(one in known for one in members)
    if waiting := count - done - silent:
        words.append(f"{waiting:,} still to come")
    if silent:
        words.append(f"{silent:,} not known")
    return ", ".join(words)


def _is_cut(group: StoredGroup) -> bool:
    """Whether only the first of its members are named, and nobody counts the others."""
    if group.missing is not None or group.partial:
        return False
    return (group.count or 0) > len(set(group.members))


def done_of(group: StoredGroup, known: Mapping[str, Task]) -> int:
    """How many members ended, by the chord's counter and by what is known of each."""
    ended = sum(_ended(one, known) for one in dict.fromkeys(group.members))
    count = group.count
    if group.missing is None or count is None:
        return ended
    return max(count - group.missing, ended)


def failed_of(group: StoredGroup, known: Mapping[str, Task]) -> int:
    """How many members are known to have ended otherwise than well."""
    return sum(
        _ended(one, known) and known[one].state is not TaskState.SUCCESS
        for one in dict.fromkeys(group.members)
    )


def _ended(task_id: str, known: Mapping[str, Task]) -> bool:
    task = known.get(task_id)
    return task is not None and task.state.finished and not task.state.guessed
