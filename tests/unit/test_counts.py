"""Numbers agree with their words, wherever one stands before them."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import celerytui
from celerytui.counts import agree, counted

PACKAGE = Path(celerytui.__file__).parent
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
NOUNS = "worker task message event queue process name action gap line key id ping job file reply"
WORDS = "|".join(NOUNS.split())
COUNTED = re.compile(rf"^ (?:[a-z]+ )?(?:(?:{WORDS})(?:e?s|ies)|replies)\b|^ (?:are|were) ")
"""What would follow a number in the plural, whatever the number."""


def test_words_agree_with_the_number() -> None:
    assert counted(0, "task") == "0 tasks"
    assert counted(1, "task") == "1 task"
    assert counted(1_200, "worker is", "workers are") == "1,200 workers are"
    assert counted(1, "worker is", "workers are") == "1 worker is"
    assert agree(2, "process", "processes") == "processes"


def fixed_plurals(source: str) -> list[str]:
    """The texts that follow a number in an f-string and would be wrong for 1."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            for before, after in zip(node.values, node.values[1:], strict=False):
                text = after.value if isinstance(after, ast.Constant) else ""
                if isinstance(before, ast.FormattedValue) and COUNTED.match(str(text)):
                    found.append(ast.unparse(node))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_no_text_has_a_plural_of_its_own_after_a_number(module: str) -> None:
    assert fixed_plurals((PACKAGE / module).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "wrong"),
    [
        ('f"{n} workers"', True),
        ('f"{n:,} waiting messages left"', True),
        ('f"{n} are held"', True),
        ("f\"{counted(n, 'worker')}\"", False),
        ('f"{n} of them"', False),
        ('f"{name} is lost"', False),
    ],
)
def test_the_check_sees_them(source: str, wrong: bool) -> None:
    assert bool(fixed_plurals(source)) is wrong
