"""When all garbage is looked for, which stops everything for a moment."""

from __future__ import annotations

import gc

from celerytui.interpreter import collect_all
from celerytui.ui.terminal.tidying import BETWEEN_KEYS_SECONDS, LITTLE, MOST_REST, Tidying


class Place:
    """A program in which somebody types or not, with so much garbage each time."""

    def __init__(self, *, rate: float | None = 0.0, untouched: float = 60.0, garbage: int) -> None:
        self.rate = rate
        self.untouched = untouched
        self.garbage = garbage
        self.collected = 0
        self.tidying = Tidying(lambda: self.rate, lambda: self.untouched, self.collect)

    def collect(self) -> int:
        self.collected += 1
        return self.garbage

    def rounds_until_collected(self) -> int:
        before = self.collected
        for number in range(1, 100):
            again = self.tidying.turn()
            if self.collected > before:
                return number
            assert again is None or self.untouched < 1
        raise AssertionError("it never collected")


def test_much_garbage_is_taken_every_round_while_nobody_types() -> None:
    place = Place(garbage=LITTLE)
    assert [place.rounds_until_collected() for _ in range(4)] == [1, 1, 1, 1]


def test_little_garbage_is_looked_for_less_and_less_often() -> None:
    place = Place(garbage=LITTLE - 1)
    assert [place.rounds_until_collected() for _ in range(6)] == [1, 2, 4, 8, 16, 16]
    assert MOST_REST == 15
    place.garbage = LITTLE
    assert [place.rounds_until_collected() for _ in range(3)] == [16, 1, 1]


def test_a_busy_cluster_and_somebody_who_types_are_waited_for_three_rounds() -> None:
    for place in (
        Place(rate=1000.0, garbage=LITTLE), Place(rate=None, untouched=1.0, garbage=LITTLE)
    ):  # fmt: skip
        assert [place.rounds_until_collected() for _ in range(3)] == [3, 3, 3]


def test_between_two_keys_it_comes_again_at_once() -> None:
    place = Place(untouched=0.1, garbage=LITTLE)
    found = [place.tidying.turn() for _ in range(4)]
    assert found[:2] == [None, None]
    assert found[2:] == [BETWEEN_KEYS_SECONDS] * 2
    place.untouched = 0.5
    found.append(place.tidying.turn())
    assert (found[-1], place.collected) == (None, 1)


def test_what_was_collected_is_counted() -> None:
    gc.collect()
    for _ in range(50):
        one: list[object] = []
        one.append(one)
    del one
    assert collect_all() >= 50
