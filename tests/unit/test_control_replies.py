"""What workers answer, whatever its shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.control.registry import ERRORS
from celerytui.control.replies import explained, replies, reply
from celerytui.control.survey import CHECKS, checked
from celerytui.model import id_text

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


request_like = st.dictionaries(
    st.sampled_from(["id", "name", "time_start", "worker_pid", "request", "eta", "pid", "broker"]),
    json_values,
)


class TestShapes:
    @settings(max_examples=150, deadline=None)
    @given(st.sampled_from(sorted(CHECKS)), json_values | st.lists(request_like) | request_like)
    def test_whatever_comes_only_right_shapes_pass(self, command: str, answer: Any) -> None:
        found = checked({"w1": answer}, CHECKS[command])
        if command == "stats":
            assert all(isinstance(one["pid"], int) for one in found.values())
        elif command in ("active", "reserved"):
            assert all(id_text(item["id"]) for one in found.values() for item in one)
        elif command == "scheduled":
            assert all(id_text(item["request"]["id"]) for one in found.values() for item in one)

    def test_good_items_survive_bad_neighbours(self) -> None:
        good = {"id": "a", "name": "n", "args": [1], "time_start": 1.5}
        answer = [good, {"id": None}, None, {"id": "b", "time_start": float("nan")}, "x"]
        assert checked({"w1": answer}, CHECKS["active"]) == {"w1": [good]}

    @pytest.mark.parametrize("started", [float("nan"), float("inf"), -1, 10**400, [], "1"])
    def test_a_time_that_cannot_be_drops_the_task(self, started: Any) -> None:
        request = {"id": "a", "time_start": started}
        for command, answer in (("active", [request]), ("scheduled", [{"request": request}])):
            assert checked({"w1": answer}, CHECKS[command]) == {"w1": []}
        queue = {"name": "celery", "time_start": started}
        assert checked({"w1": [queue]}, CHECKS["active_queues"]) == {"w1": [queue]}

    def test_an_error_is_no_answer_of_that_shape(self) -> None:
        answer = {"error": "KeyError('stats')"}
        for check in CHECKS.values():
            assert checked({"beat@test": answer}, check) == {}


class TestReplies:
    @settings(max_examples=100, deadline=None)
    @given(json_values)
    def test_any_answer_becomes_a_text(self, answer: Any) -> None:
        one = reply("w1", answer)
        assert isinstance(one.text, str)
        refused = isinstance(answer, dict) and "error" in answer
        assert one.ok is (not refused)

    def test_each_expected_worker_has_exactly_one(self) -> None:
        found = replies({"b": {"ok": "x"}, "d": {"ok": "y"}}, ["a", "b", "c"], 1.0)
        assert [(one.worker, one.ok) for one in found] == [
            ("a", None),
            ("b", True),
            ("c", None),
            ("d", True),
        ]
        assert found[0].text == "no reply within 1 s"

    @pytest.mark.parametrize("part", ERRORS)
    def test_a_known_error_keeps_its_words_and_gets_a_meaning(self, part: str) -> None:
        text = f"KeyError: {part}, it says"
        assert explained(text, ERRORS) == f"{text} ({ERRORS[part]})"
        assert explained("something else", ERRORS) == "something else"
