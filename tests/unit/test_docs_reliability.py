"""The table of docs/reliability.md: every fault, on each of its brokers, and nothing lost."""

from __future__ import annotations

import re

import pytest

from tests.integration.faults import FAULTS
from tests.trials.reliability import BEGIN, END, PAGE, cells

TABLE = PAGE.read_text().partition(BEGIN)[2].partition(END)[0]
ROWS = [cells(line) for line in TABLE.splitlines()[2:]]


def test_each_fault_has_its_row_on_each_of_its_brokers() -> None:
    tried = [(row[0], row[1]) for row in ROWS]
    assert tried == [(fault.name, broker) for fault in FAULTS for broker in fault.brokers]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[1]}: {row[0]}")
def test_nothing_differs_and_nothing_is_left(row: list[str]) -> None:
    said, seconds, tasks, differences, left = row[2:]
    says = {fault.name: fault.says for fault in FAULTS}[row[0]]
    assert re.fullmatch(r"\d+\.\d", seconds)
    assert re.fullmatch(r"\d+, \d+", tasks)
    assert (differences, left) == ("0", "0")
    assert all(re.search(part, said) for part in says.split(".*"))
