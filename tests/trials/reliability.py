"""The table of docs/reliability.md: a row for each fault and broker, of its last trial."""

from __future__ import annotations

import fcntl
import re
from pathlib import Path

from tests.integration.fault_trial import Outcome
from tests.integration.faults import FAULTS, Fault

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
BEGIN, END = "<!-- made by make trials -->\n", "<!-- end of what make trials made -->\n"
HEAD = (
    "| fault | broker | what the screen said | seconds to recover | tasks ended, of these unseen "
    "| differences to the truth | left on the broker |\n|---|---|---|---|---|---|---|\n"
)
NOT_YET = "not tried yet"


def record(fault: Fault, broker: str, outcome: Outcome) -> None:
    """Put this trial's row in place of the one of that fault and broker."""
    with PAGE.open("r+") as page:
        fcntl.flock(page, fcntl.LOCK_EX)  # two processes may do trials
        text = with_row(page.read(), fault, broker, outcome)
        page.seek(0)
        page.truncate()
        page.write(text)


def with_row(text: str, fault: Fault, broker: str, outcome: Outcome) -> str:
    """The page's text with this trial's row."""
    before, _, rest = text.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {key: line for line in table.splitlines() if (key := _key(line)) is not None}
    rows[fault.name, broker] = _row(fault, broker, outcome)
    order = [(one.name, broker) for one in FAULTS for broker in one.brokers]
    lines = [rows.get(key, f"| {key[0]} | {key[1]} | {NOT_YET} | | | | |") for key in order]
    return f"{before}{BEGIN}{HEAD}" + "".join(f"{one}\n" for one in lines) + END + after


def cells(line: str) -> list[str]:
    """The cells of a row."""
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def _key(line: str) -> tuple[str, str] | None:
    found = cells(line)
    return (found[0], found[1]) if len(found) > 2 else None


def _row(fault: Fault, broker: str, outcome: Outcome) -> str:
    said = outcome.said.words().replace("|", "\\|")
    figures = (
        f"{outcome.recovered:.1f}",
        f"{outcome.ended}, {outcome.unseen}",
        f"{len(outcome.differences)}",
        f"{len(outcome.left)}",
    )
    return f"| {' | '.join((fault.name, broker, said, *figures))} |"
