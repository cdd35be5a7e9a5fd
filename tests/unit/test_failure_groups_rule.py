"""Which failures are one group, and what is known of one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from celerytui.store.failures import identity
from celerytui.store.failures.identity import Identity, identify
from celerytui.store.failures.template import template
from tests.unit.failure_pairs import (
    MEASURED,
    MERGED,
    OTHERS,
    PLAIN,
    A,
    Failed,
    chained,
    chord,
    moved,
    raising,
)
from tests.unit.failure_texts import CAUSED, CHARGE, HEAD, RAISE, block, frame


def known(failed: Failed) -> Identity:
    found = identify(failed.task, failed.exception, failed.traceback)
    assert found is not None
    return found


@pytest.mark.parametrize("name", [*MEASURED, *OTHERS])
def test_pairs(name: str) -> None:
    one, other, same = (MEASURED | OTHERS)[name]
    assert (known(one).key == known(other).key) is same, (known(one), known(other))


def test_there_are_enough_pairs() -> None:
    assert len(MEASURED) + 1 == 17
    assert len(OTHERS) >= 30


def test_two_messages_from_one_place_are_variants_of_one_group() -> None:
    one, other = map(known, MERGED)
    assert one.key == other.key
    assert (one.template, other.template) == ("no such order", "order is closed")


def test_what_is_known_of_a_failure() -> None:
    found = known(chained("KeyError"))
    assert found.exception == "shop.errors.Declined"
    assert found.message == "insufficient_funds"
    assert found.causes == ("KeyError",)
    assert found.frames == (("billing/tasks", "charge"),)
    assert found.place == "tasks.py:88"


def test_the_member_that_failed_is_told_of_a_chord() -> None:
    assert known(chord(A, "ValueError('x')")).member == A


def test_a_retry_is_no_failure() -> None:
    assert identify("shop.charge", "Retry('Retry in 3s')", None) is None
    assert identify("shop.charge", None, block(error="celery.exceptions.Retry: in 3s")) is None


@pytest.mark.parametrize("text", [None, "", "<odd>", "()", "\x00", "a b: c"])
def test_what_has_no_class_is_still_a_failure(text: str | None) -> None:
    assert known(Failed(text, None)).exception == "unknown exception"


def test_what_is_known_again_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "CACHED", 10)
    monkeypatch.setattr(identity, "_cache", identity.Cache())
    for number in range(95):
        message = f"order {chr(97 + number % 26)}{number}"
        stack = block(moved(CHARGE, by=number), RAISE, error=f"shop.errors.Declined: {message}")
        assert known(Failed(f"Declined({message!r})", stack)).key == known(PLAIN).key
        assert len(identity._cache.stacks) <= 10
        assert len(identity._cache.templates) <= 10


TEMPLATES = {
    f"no order {A}": "no order <id>",
    "order 17 of 99": "order <n> of <n>",
    "order -1.5": "order <n>",
    "mail to ana.b+c@shop.example failed": "mail to <email> failed",
    "GET https://api.example/x?y=1 gave 503": "GET <url> gave <n>",
    "10.0.0.7:6379 refused": "<ip> refused",
    "at 2026-11-23T10:04:12.031Z": "at <time>",
    "at 2026-11-23": "at <time>",
    "due datetime.datetime(2026, 11, 23, 10, 4)": "due <time>",
    "at 0x7f3a91c0": "at <n>",
    "commit 8f3a91c0aa": "commit <n>",
    "no /srv/data/7/a.csv here": "no <path> here",
    "bad 'sku' and \"qty\"": "bad <str> and <str>",
    "can't open the user's file": "can't open the user's file",
    "tok_4242 utf8": "tok_<n> utf<n>",
    "deadbeef": "deadbeef",
    "two\n  lines": "two lines",
    "x" * 900: "x" * 200,
}


@pytest.mark.parametrize("message", TEMPLATES)
def test_templates(message: str) -> None:
    assert template(message) == TEMPLATES[message]


uuids = st.uuids().map(str)
numbers = st.integers(0, 10**9)
folders = st.lists(st.from_regex(r"[a-z]{1,8}", fullmatch=True), max_size=4).map("/".join)


@settings(max_examples=200, deadline=None)
@given(uuids, numbers, folders, st.lists(st.integers(1, 9999), min_size=2, max_size=2))
def test_ids_numbers_paths_and_lines_do_not_split(
    id: str, number: int, root: str, lines: list[int]
) -> None:
    def failed(id: str, number: int, root: str, lines: list[int]) -> Failed:
        message = f"order {id} of user {number} in /data/{root}/{number}.csv"
        frames = [
            frame(f"/{root}/shop/billing/{name}.py", line, function)
            for name, line, function in zip("ab", lines, ("charge", "pay"), strict=True)
        ]
        return raising(f"shop.errors.Declined: {message}", f"Declined({message!r})", *frames)

    one, other = known(failed(id, number, root, lines)), known(failed(A, 7, "srv", [1, 2]))
    assert (one.key, one.template) == (other.key, other.template)
    bare = [known(two._replace(traceback=None)) for two in (failed(id, number, root, lines),
            failed(A, 7, "srv", [1, 2]))]  # fmt: skip
    assert bare[0].key == bare[1].key


@settings(max_examples=300, deadline=None)
@given(st.text().filter(lambda text: "Retry" not in text), st.one_of(st.none(), st.text()))
def test_any_text_has_a_group(exception: str, traceback: str | None) -> None:
    found = known(Failed(exception, traceback))
    assert len(found.template) <= 200
    again = known(Failed(exception, traceback))
    assert found == again


FLOODS = ["a" * 40_000, "1" * 40_000, "'" * 40_000, "/a" * 20_000, "a@" * 20_000, ". " * 20_000,
          "\n" * 40_000, "a." * 20_000, "0x" * 20_000, "(" * 40_000, "| " * 20_000, "+-+-" * 9_000,
          HEAD * 900, '  File "' * 5_000, "a-" * 20_000, " \n" * 20_000]  # fmt: skip


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: repr(flood[:4]))
def test_any_length_of_text_has_a_group(flood: str) -> None:
    # With a pattern that backtracks this would not end.
    for text in (flood, HEAD + flood, block(CHARGE, error=f"ValueError: {flood}"),
                 block(CHARGE) + CAUSED + flood):  # fmt: skip
        assert len(known(Failed(flood, text)).template) <= 200
        assert len(known(Failed(f"ValueError('{flood}')", text)).template) <= 200
