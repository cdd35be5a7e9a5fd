"""The lowest versions that CI installs are those that pyproject.toml allows."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPT = runpy.run_path(str(REPOSITORY / ".ci" / "lowest.py"))

PROJECT = """
[project]
dependencies = ["celery>=5.3,<6", "tomli>=2.0,<3; python_version < '3.11'", {more!r}]
[project.optional-dependencies]
redis = ["celery[redis]", "hiredis>=3.0,<4"]
postgres = ["alembic>=1.13,<2", "psycopg[binary]>=3.2,<4"]
test = ["celerytui[all]", "pytest>=8.2,<9"]
"""


def lowest(more: str) -> Any:
    return SCRIPT["lowest"](PROJECT.format(more=more))


def test_each_requirement_is_at_its_lower_bound() -> None:
    assert lowest("rich>=14.2,<16") == [
        "celery==5.3",
        "tomli==2.0",
        "rich==14.2",
        "hiredis==3.0",
        "alembic==1.13",
        "pytest==8.2",
    ]


@pytest.mark.parametrize("one", ["rich", "rich>=14", "rich<16", "rich[x]>=14,<16", "rich==14"])
def test_a_requirement_without_both_bounds_is_named(one: str) -> None:
    with pytest.raises(ValueError, match="has not both its bounds"):
        lowest(one)


def test_ours_have_both() -> None:
    found = SCRIPT["lowest"]((REPOSITORY / "pyproject.toml").read_text())
    assert {"celery==5.3", "textual==8.2.7"} <= set(found)
