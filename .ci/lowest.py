"""The lowest versions that pyproject.toml allows, as constraints for pip."""

from __future__ import annotations

import re
import sys
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
BOUND = re.compile(r"(?P<name>[\w.-]+)>=(?P<version>[\w.]+),<[\w.]+(?: *;.*)?")
OURS_OR_EXTRA = re.compile(r"celerytui\[[\w,]+\]|celery\[redis\]|psycopg\[binary\]>=[\w.]+,<[\w.]+")


def lowest(text: str) -> list[str]:
    """`name==version` of each requirement of the program and of its tests.

    ValueError names one that has not both its bounds.
    """
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    constraints = []
    for one in [*project["dependencies"], *extras["redis"], *extras["postgres"], *extras["test"]]:
        if found := BOUND.fullmatch(one):
            constraints.append("{name}=={version}".format(**found.groupdict()))
        elif not OURS_OR_EXTRA.fullmatch(one):
            raise ValueError(f"{one!r} has not both its bounds")
    return constraints


if __name__ == "__main__":
    sys.stdout.writelines(f"{one}\n" for one in lowest(PYPROJECT.read_text()))
