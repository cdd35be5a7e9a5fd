"""Kills recorders in the middle of writing and pruning, and looks at what is left."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from celerytui.history.flush import Flush
from celerytui.history.folder import Catalogue, Folder, facts_of
from celerytui.history.reading import SegmentHistory
from celerytui.history.report import report, verify
from celerytui.history.writer import HistoryWriter
from celerytui.model import Task, TaskState
from celerytui.query import parse_filter
from celerytui.settings import Keeping
from tests.integration.recorder_process import OPEN_EVERY, task_id
from tests.integration.servers import REPO
from tests.waiting import patience

DAY = 86_400.0
OLD_TASKS, FAILED_EVERY = 6_000, 50
"""Tasks of a day whose successes are no longer kept, and of which each how-manieth failed."""
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
        self.cut_short = 0

    def kill_one(self) -> None:
        """Start a recorder, kill it at some moment, and check that all is there and sound."""
        self._add_old_day(len(self.ended) + 1)
        first, began = 1_000_000 * (len(self.ended) + 1), time.time()
        after = self.random.uniform(0.6, 1.6)
        patience()  # how busy it is now counts too
        # Every other one removes so slowly that it is killed before it is done.
        pruning = "0" if len(self.ended) % 2 == 0 else "0.1"
        program = [sys.executable, "-m", "tests.integration.recorder_process"]
        args = [*program, f"sqlite:///{self.folder}", str(first), pruning]
        with subprocess.Popen(
            args,
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
        self.cut_short += bool(Folder(self.folder).begun())
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
        wrong = {id: (found.get(id), state) for id, state in due.items() if found.get(id) != state}
        assert not wrong, f"{len(wrong)} of {len(due)}: {sorted(wrong.items())[:20]}"

    def _add_old_day(self, number: int) -> None:
        at = time.time() - (4 + number / 10) * DAY
        with tempfile.TemporaryDirectory() as place:
            made = HistoryWriter(Folder(Path(place)), "shop", "redis://h", Keeping(), at)
            tasks = [old_task(number, one, at) for one in range(OLD_TASKS)]
            made.write(Flush(tasks=tasks), at)
            made.close(at)
            (file,) = Folder(Path(place)).segments()
            self.folder.mkdir(exist_ok=True)
            name = f"{file.day}.{number}.db"
            shutil.move(file.path, self.folder / name)

    def check_old(self, found: dict[str, str]) -> None:
        """Each failure of the old days is there; of a day's successes all are, or none."""
        for number in range(1, len(self.ended) + 1):
            day = [found.get(old_id(number, one)) for one in range(OLD_TASKS)]
            assert day[::FAILED_EVERY] == ["failure"] * (OLD_TASKS // FAILED_EVERY)
            del day[::FAILED_EVERY]
            assert set(day) in ({"success"}, {None})

    def check_pruned(self) -> None:
        """What was begun is finished, nothing is left over, and the catalogue is true."""
        folder = Folder(self.folder)
        HistoryWriter(folder, "", "", Keeping(), time.time()).prune_alone(time.time())
        kept = [file for file in folder.segments() if file.kept]
        assert len(kept) == len(self.ended)
        assert not folder.superseded()
        assert not folder.begun()
        assert {file.path for file in kept} <= {one.file.path for one in Catalogue(folder).facts()}
        assert Catalogue(folder).facts() == [facts_of(file) for file in folder.segments()]
        found = self.found()
        self.check_old(found)
        assert not any(old_id(number, 1) in found for number in range(1, len(self.ended) + 1))

    def check_all(self) -> None:
        """All that was due is there, the files are sound, and counts agree."""
        for file, faults in verify(Folder(self.folder)):
            assert faults == [], file.path.name
        found = self.found()
        for numbers in self.ended:
            self.check(*numbers, found)
        self.check_old(found)
        facts = report(Folder(self.folder))
        assert facts.rows + facts.unfinished == len(found)
        assert len(facts.gaps) == len(self.ended)
        self.check_pruned()


def old_id(number: int, one: int) -> str:
    """The id of a task of an old day."""
    return task_id(1_000_000_000 + number * OLD_TASKS + one)


def old_task(number: int, one: int, at: float) -> Task:
    """A task of an old day."""
    state = TaskState.SUCCESS if one % FAILED_EVERY else TaskState.FAILURE
    return Task(old_id(number, one), one + 1, state, "shop.pay", args="x" * 100, seen=at)
