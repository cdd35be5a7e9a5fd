"""A parsed filter as a tree, for who asks it of something else than tasks in memory."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from celerytui.model import Task
from celerytui.query.compile import Test, Value
from celerytui.query.fields import Field


class Term(Struct, frozen=True):
    """One field and one value, inside it at a `path`; a bare word without a field."""

    test: Test
    value: Value
    field: Field | None = None
    path: tuple[str, ...] = ()


class Joined(Struct, frozen=True):
    """Terms of which all have to be true, or any, or the one of which must not be."""

    test: Test
    kind: Literal["all", "any", "not"]
    parts: tuple[Node, ...]


Node = Term | Joined


def all_of(parts: list[Node]) -> Node:
    """What is true where all of the parts are."""
    return parts[0] if len(parts) == 1 else Joined(_every_one(_tests(parts)), "all", tuple(parts))


def any_of(parts: list[Node]) -> Node:
    """What is true where any of the parts is."""
    return parts[0] if len(parts) == 1 else Joined(_one_of(_tests(parts)), "any", tuple(parts))


def none_of(part: Node) -> Node:
    """What is true where the part is not."""
    return Joined(_none(part.test), "not", (part,))


def _tests(parts: list[Node]) -> list[Test]:
    return [part.test for part in parts]


def _every_one(tests: list[Test]) -> Test:
    if len(tests) == 2:
        one, other = tests
        return lambda task, now: one(task, now) and other(task, now)

    def every(task: Task, now: float) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost more than the tests
            if not test(task, now):
                return False
        return True

    return every


def _one_of(tests: list[Test]) -> Test:
    def some(task: Task, now: float) -> bool:
        for test in tests:  # noqa: SIM110  a generator would cost more than the tests
            if test(task, now):
                return True
        return False

    return some


def _none(test: Test) -> Test:
    return lambda task, now: not test(task, now)
