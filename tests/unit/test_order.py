"""What waits and what reckons go on at once, and no long file is left for the end."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONGEST, places

TESTS = Path(__file__).parents[1]


def begun() -> list[str]:
    place = places(sorted(TESTS.glob("*/test_*.py")))
    return [str(file.relative_to(TESTS)) for file in sorted(place, key=lambda file: place[file])]


def test_every_file_has_a_place() -> None:
    assert sorted(begun()) == sorted(str(f.relative_to(TESTS)) for f in TESTS.glob("*/test_*.py"))


def test_the_longest_begin_first() -> None:
    assert [file for file in begun() if not file.startswith(("ui", "unit"))][: len(LONGEST)] == [
        *LONGEST
    ]


def test_what_waits_is_spread_and_the_end_reckons() -> None:
    kinds = [file.startswith(("e2e", "integration")) for file in begun()]
    tenth = len(kinds) // 10
    shares = [sum(kinds[n * tenth : (n + 1) * tenth]) / tenth for n in range(10)]
    assert all(0.1 < share < 0.6 for share in shares[:8])
    assert shares[9] == 0
