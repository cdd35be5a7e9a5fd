"""Kills recorders in the middle of writing, and looks at what is left."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from celerytui.history.folder import Folder
from celerytui.history.reading import SegmentHistory
from celerytui.history.report import report, verify
from celerytui.query import parse_filter
from tests.integration.recorder_process import OPEN_EVERY, task_id
from tests.integration.servers import REPO
from tests.waiting import patience

LOSES = 1.0
"""Seconds of which a killed recorder may lose what happened."""


class Killed:
    """One folder in which one recorder after the other is killed.

    `ended` has, for each, the numbers of tasks of which those that ended have to be there, and of
    which those that had not. `lost` is how many seconds one of them lost at most.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.ended: list[tuple[range, range]] = []
        self.lost = 0.0

    def kill_one(self) -> None:
        """Start a recorder, kill it at some moment, and check that all is there and sound."""
        first, began = 1_000_000 * (len(self.ended) + 1), time.time()
        after = self.random.uniform(0.6, 1.6)
        args = [sys.executable, "-m", "tests.integration.recorder_process"]
        with subprocess.Popen(
            [*args, f"sqlite:///{self.folder}", str(first)],
            cwd=REPO,
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            said = [process.stdout.readline().split()]
            end = time.monotonic() + after
            while time.monotonic() < end:
                said.append(process.stdout.readline().split())
            process.send_signal(signal.SIGKILL)
            killed = time.monotonic()
            process.stdout.read()
        moments = [(int(count), float(at)) for count, at in said]
        found, bound = self.found(began - 60.0), killed - LOSES * patience()
        # The last task of a batch has ended; one that has not waits for another turn.
        there = [(count, at) for count, at in moments if task_id(count - 1) in found]
        safe = [count for count, at in moments if at < bound]
        newest, at = there[-1] if there else (first, moments[0][1])
        assert at >= bound
        self.lost = max(self.lost, killed - at)
        self.ended.append((range(first, newest), range(first, safe[-1] if safe else first)))
        self.check(*self.ended[-1], found)

    def found(self, since: float | None = None) -> dict[str, str]:
        """The state of each task that the history has, each of which it has once."""
        found: dict[str, str] = {}
        history = SegmentHistory(Folder(self.folder))
        for step in history.search(parse_filter(""), time.time(), since=since):
            for task in step.tasks:
                assert task.id not in found
                found[task.id] = task.state.label
        assert history.notes == []
        return found

    def check(self, ended: range, begun: range, found: dict[str, str]) -> None:
        """Every task that ended, or had begun, early enough is there, as what it was."""
        due = {task_id(one): "success" for one in ended if one % OPEN_EVERY}
        due |= {task_id(one): "started" for one in begun if not one % OPEN_EVERY}
        assert {id: found.get(id) for id in due} == due

    def check_all(self) -> None:
        """All that was due is there, the files are sound, and counts agree."""
        for file, faults in verify(Folder(self.folder)):
            assert faults == [], file.path.name
        found = self.found()
        for numbers in self.ended:
            self.check(*numbers, found)
        facts = report(Folder(self.folder))
        assert facts.rows + facts.unfinished == len(found)
        assert len(facts.gaps) == len(self.ended) - 1
