"""Which groups a task is in, by what its result, its parent's and saved groups say."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from datetime import timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from celerytui.errors import BackendUnavailable
from celerytui.model import StoredGroup, StoredResult
from celerytui.results.groups import MAX_GROUPS, NEAR, GroupSearch
from celerytui.results.meta import MAX_GROUPS as MOST_SENT
from celerytui.results.meta import from_meta, groups_sent
from celerytui.results.source import Page
from celerytui.results.tables import may_hold, read_chord, read_saved_group
from celerytui.results.wanted import Wanted

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(max_size=2), parts),
    max_leaves=20,
)


class Kept:
    """A source that keeps what it is given; `refuses` is the question that fails."""

    name, ordered = "kept", False

    def __init__(
        self, *results: StoredResult, groups: Collection[StoredGroup] = (), refuses: str = ""
    ) -> None:
        self.results = {one.id: one for one in results}
        self.saved = {one.id: one for one in groups}
        self.refuses = refuses
        self.asked: list[str] = []

    def _ask(self, question: str) -> None:
        self.asked.append(question)
        if question == self.refuses:
            raise BackendUnavailable(f"no {question}")

    def prepare(self) -> None:
        pass

    def pages(self, wanted: Wanted, size: int) -> Iterator[Page]:
        self._ask("pages")
        found = [self.results[one] for one in wanted.ids or () if one in self.results]
        yield Page(tuple(found), len(found))

    def one(self, task_id: str) -> StoredResult | None:
        self._ask("one")
        return self.results.get(task_id)

    def group(self, group_id: str) -> StoredGroup | None:
        self._ask("group")
        return self.saved.get(group_id)

    def groups(self, of: Collection[str] = ()) -> Iterator[StoredGroup]:
        self._ask("groups")
        yield from self.saved.values()

    def close(self) -> None:
        pass


def _found(source: Kept, task_id: str, parent_id: str | None = None) -> list[tuple[Any, ...]]:
    search = GroupSearch(task_id, parent_id)
    search.find(source)
    return [(one.id, one.members, one.count, one.missing) for one in search.groups]


def _result(task_id: str, **more: Any) -> StoredResult:
    return StoredResult(task_id, "SUCCESS", **more)


def test_a_saved_group_is_found_by_its_members_and_by_what_came_after_one() -> None:
    source = Kept(
        _result("b", result="x" * 100), groups=[StoredGroup("g", ("a", "b"), missing=1, size=2)]
    )
    assert _found(source, "b") == [("g", ("a", "b"), 2, 1)]
    assert _found(source, "body", "b") == [("g", ("a", "b"), 2, 1)]
    assert _found(source, "elsewhere") == []


def test_the_task_that_sent_a_group_knows_it_and_its_members_find_it_by_that_task() -> None:
    sent = StoredGroup("g", ("a", "b", "c"), parent_id="p")
    source = Kept(_result("p", groups=(sent,)), groups=[StoredGroup("g", (), missing=2, size=3)])
    assert _found(source, "a", "p") == [("g", ("a", "b", "c"), 3, 2)]
    assert "groups" in source.asked  # the parent may be in a group itself
    assert _found(source, "p") == [("g", ("a", "b", "c"), 3, 2)]
    search = GroupSearch("a", "p")
    search.find(source)
    assert search.groups[0].parent_id == "p"


def test_a_group_that_only_results_name_has_those_that_name_it_and_not_what_came_after() -> None:
    named = Kept(_result("a", group_id="g"), _result("body", group_id="g", parent_id="a"))
    assert _found(named, "a") == [("g", ("a",), None, None)]
    assert _found(named, "body") == [("g", ("a",), None, None)]
    # It has as many members as it was saved with: who else names it came after it, too.
    whole = Kept(_result("body", group_id="g"), groups=[StoredGroup("g", ("a", "b"))])
    assert _found(whole, "body") == [("g", ("a", "b"), 2, None)]
    part = StoredGroup("g", ("a",), missing=2, size=3, partial=True)
    some = Kept(_result("c", group_id="g"), groups=[part])
    assert _found(some, "c") == [("g", ("c", "a"), 3, 2)]


@pytest.mark.parametrize(
    ("children", "members", "body"),
    [
        ((), ("a",), ("t",)),  # sent when what "a" sent itself was stored already
        (("t",), ("a", "t"), ()),  # sent by "a" itself: add_to_chord
        (None, ("a",), ()),  # nobody says what "a" sent
    ],
)
def test_the_body_of_a_chord_is_what_the_last_member_did_not_send_itself(
    children: tuple[str, ...] | None, members: tuple[str, ...], body: tuple[str, ...]
) -> None:
    source = Kept(
        _result("a", group_id="g", children=children),
        _result("t", group_id="g", parent_id="a"),
    )
    search = GroupSearch("t", None)
    search.find(source)
    assert [(one.members, one.body) for one in search.groups] == [(members, body)]


def test_members_are_found_among_what_arrived_about_when_the_known_one_did() -> None:
    source = Kept(
        _result("a", group_id="g", children=()),
        _result("b", group_id="g", children=("added",)),
        _result("added", group_id="g", parent_id="b", children=()),
        _result("body", group_id="g", parent_id="added", children=()),
        _result("after", parent_id="body"),
        _result("again", group_id="g", parent_id="again"),  # a retry: of a member, or of the body
        _result("far", group_id="g", parent_id="expired"),
        _result("other", group_id="h"),
    )
    asked = list[tuple[str, int]]()

    def near(id: str, distance: int) -> list[str]:
        asked.append((id, distance))
        return [*source.results, "unseen"]

    for opened in ("a", "body"):
        search = GroupSearch(opened, None)
        search.find(source)
        search.find_others(source, near)
        (group,) = search.groups
        assert (set(group.members), group.body) == ({"a", "b", "added"}, ("body",))
        assert (group.partial, group.count) == (True, None)
    assert asked == [("a", NEAR), ("added", NEAR)]


def test_where_somebody_counts_the_members_no_others_are_looked_for() -> None:
    counted = StoredGroup("g", ("a",), missing=1, size=2, partial=True)
    for group in (counted, StoredGroup("g", ("a", "b"))):
        source = Kept(_result("a", group_id="g"), groups=[group])
        search = GroupSearch("a", None)
        search.find(source)
        search.find_others(source, lambda _id, _distance: ["b"])
        assert search.groups == (group,)
        assert "pages" not in source.asked


def test_a_member_of_a_saved_group_is_not_its_body() -> None:
    source = Kept(
        _result("a", group_id="g", children=()),
        _result("t", group_id="g", parent_id="a"),
        groups=[StoredGroup("g", ("a", "t"))],
    )
    search = GroupSearch("t", None)
    search.find(source)
    assert [(one.members, one.body) for one in search.groups] == [(("a", "t"), ())]


def test_what_was_found_before_a_question_failed_is_kept() -> None:
    sent = tuple(StoredGroup(f"g{one}", ("a", f"b{one}"), parent_id="p") for one in range(30))
    source = Kept(_result("p", groups=sent), refuses="group")
    search = GroupSearch("a", "p")
    with pytest.raises(BackendUnavailable, match="no group"):
        search.find(source)
    assert [one.id for one in search.groups] == [f"g{one}" for one in range(MAX_GROUPS)]
    source.refuses = ""
    assert len(_found(source, "a", "p")) == MAX_GROUPS
    assert source.asked.count("group") == 1 + MAX_GROUPS


def test_members_that_are_not_known_otherwise_are_read_and_nothing_but_their_rows() -> None:
    members = tuple(f"m{number}" for number in range(300))
    results = [_result(one, name="shop.add", args=[1], result="secret") for one in members]
    source = Kept(*results, groups=[StoredGroup("g", members)])
    search = GroupSearch("m5", None)
    search.find(source)
    (group,) = search.groups
    assert (len(group.members), group.count) == (200, 300)
    assert _found(source, "m250")[0][1][-2:] == ("m199", "m250")
    assert search.results(source, lambda _ids: []) == ()
    assert "pages" not in source.asked
    found = search.results(source, lambda ids: [one for one in ids if one != "m5"])
    assert len(found) == 199
    assert {(one.name, one.args, one.result) for one in found} == {("shop.add", None, None)}


@given(JSON)
def test_whatever_children_are_their_groups_are_sound(children: Any) -> None:
    found = groups_sent(children, "p")
    assert len(found) <= MOST_SENT
    assert from_meta({"children": children}, "p").groups == found
    for one in found:
        assert one.id
        assert one.parent_id == "p"


def test_groups_among_children_are_those_with_members() -> None:
    member = [["m", None], None]
    children = [["alone", None], None], [["g", ["x", None]], [member, [["n", None], None]]]
    assert [(one.id, one.members) for one in groups_sent(children, "p")] == [("g", ("m", "n"))]


@given(st.lists(st.text(min_size=1), max_size=4), st.text(min_size=1), st.booleans())
def test_no_row_is_left_out_that_has_the_member(ids: list[str], other: str, as_text: bool) -> None:
    tuples = [[[one, None], None] for one in ids]
    saved = json.dumps([["g", None], tuples])
    row = {"group_id": "g", "result": saved if as_text else saved.encode()}
    chord = {"group_id": "g", "sub_tasks": json.dumps(tuples), "count": 1}
    found = read_saved_group(row, None, timezone.utc).members, read_chord(chord).members
    rows: list[dict[str, Any]] = [row, chord]
    for members, one in zip(found, rows, strict=True):
        for asked in (*ids, other):
            assert may_hold(one, [asked]) or asked not in members


def test_a_row_without_the_member_is_not_decoded() -> None:
    saved = {"result": json.dumps([["g", None], [[["a-1", None], None]]])}
    assert may_hold(saved, ["a-1", "b"])
    assert not may_hold(saved, ["x", "y"])
    assert may_hold(saved, [])
    assert may_hold(saved | {"content_encoding": "binary"}, ["x"])
    assert may_hold({"result": b"\x00celery-compressed\x00x"}, ["x"])
    assert may_hold({"result": None}, ["x"]) is False
