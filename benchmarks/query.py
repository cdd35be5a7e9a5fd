"""How soon a filter or an order over many tasks shows its first screen, and what it costs after.

Usage: python -m benchmarks.query [tasks ...]

`first` is when the first rows stand on the screen, `all` when the whole order does, `naive` what
`sorted(filter(...))` over the same tasks takes in the same run. `stall` is the longest that
another thread, as the one that paints a key press, waited for the interpreter meanwhile. Of each
order there is the first screen from the top `down`, with the `cpu` time that it took, and `up`,
with a filter, and with a storm of events coming in.
"""

from __future__ import annotations

import argparse
import random
import threading
import time
import uuid

from benchmarks.storm import Storm
from celerytui.columns import TASK_COLUMNS, column
from celerytui.interpreter import share_interpreter
from celerytui.model import Batch, Event, Task
from celerytui.query import Filter, TaskView, parse_filter
from celerytui.store import Store

SCREEN = 50
CHANGES = 5_000
STORM = 50_000
NAMES = ("shop.billing.charge", "shop.webhooks.deliver", "shop.mail.send", "shop.search.index")
# What is shown at first comes last, so that every one is another than the one before.
COLUMNS = tuple(one.id for one in sorted(TASK_COLUMNS, key=lambda one: one.id == "seen"))
FILTER = "state:failure"
FILTERS = (
    "state:failure",
    "name:*.charge runtime:>5",
    "tok_visa_77",
    "args:/visa_(7|8)8/",
    "nothing-has-this",
)


def filled(tasks: int, rng: random.Random) -> Store:
    """A store with that many tasks, most of them done."""
    store = Store(max_tasks=tasks)
    start = time.time() - tasks / 1000
    for first in range(0, tasks, 1000):
        events: list[Event] = []
        for number in range(first, min(tasks, first + 1000)):
            id, at = str(uuid.UUID(int=rng.getrandbits(128))), start + number / 1000
            host, luck = f"celery@w{number % 20}", rng.random()
            args = f"({number}, 'tok_visa_{number % 9999}')"
            name = rng.choice(NAMES)
            events.append(Event("task-received", host, at, uuid=id, name=name, args=args))
            if luck < 0.97:
                events.append(Event("task-started", host, at + 0.1, uuid=id))
            if luck < 0.90:
                runtime = rng.random() * 10
                done = Event("task-succeeded", host, at + luck, uuid=id, runtime=runtime)
                events.append(done)
            elif luck < 0.93:
                failed = Event("task-failed", host, at + luck, uuid=id, exception="Boom('x')")
                events.append(failed)
        store.apply(Batch(events, start + first / 1000))
    return store


class Asked:
    """What came of one question: seconds until the first rows stood, and until all of them did.

    `cpu` is what the refreshing thread took of the first, without its waits. `stall` is the longest
    that the asking thread, which wants the interpreter every millisecond, had to wait for it.
    """

    def __init__(self) -> None:
        self.first = self.cpu = self.all = self.stall = 0.0


class Viewer:
    """A view and the thread that refreshes it, as the engine has them."""

    def __init__(self, store: Store) -> None:
        self.view = TaskView(store, tell=self._begun)
        self._first: tuple[float, float] | None = None
        self._cpu = 0.0
        self._news, self._done = threading.Event(), threading.Event()
        self._stop = False
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Viewer:
        self._thread.start()
        self.ask("", "seen", True)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop = True
        self._news.set()
        self._thread.join()

    def _begun(self) -> None:
        self._first = time.perf_counter(), time.thread_time() - self._cpu

    def _run(self) -> None:
        while not self._stop:
            asked = self._news.wait(0.25)
            self._news.clear()
            self._cpu = time.thread_time()
            self.view.refresh()
            if asked:
                self._done.set()

    def ask(self, text: str, sort: str, reverse: bool) -> Asked:
        """Show these tasks in this order, and wait until all of them stand there."""
        asked, self._first = Asked(), None
        self.view.configure(filter=parse_filter(text), sort=sort, reverse=reverse)
        self.follow(asked)
        return asked

    def follow(self, asked: Asked) -> None:
        """Have the view refreshed, wanting the interpreter all the while."""
        self._done.clear()
        began_stale = self.view.stale
        began = last = time.perf_counter()
        self._news.set()
        while not self._done.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            asked.stall = max(asked.stall, now - last - 0.001)
            last = now
            if began_stale and not asked.all and not self.view.stale:
                asked.all = now - began
        asked.all = asked.all or last - began
        asked.first = asked.all
        if self._first is not None:
            asked.first, asked.cpu = self._first[0] - began, self._first[1]


def naive(store: Store, filter: Filter, sort: str, reverse: bool) -> float:
    """Seconds that the plain way takes."""
    began, now, key = time.perf_counter(), time.time(), column(TASK_COLUMNS, sort).key

    def place(task: Task) -> tuple[bool, object, int]:
        value = key(task, now)
        return (value is not None, value, task.seq)

    sorted(filter.select(store.all_tasks(), now), key=place, reverse=reverse)
    return time.perf_counter() - began


def milliseconds(*seconds: float) -> str:
    return "".join(f"{one * 1000:9,.1f}" for one in seconds)


def orders(store: Store, viewer: Viewer) -> None:
    """Print a line for each column."""
    filter = parse_filter("")
    lines: dict[str, list[float]] = {}
    for sort in COLUMNS:
        asked = viewer.ask("", sort, True)
        lines[sort] = [asked.first, asked.cpu, asked.all, asked.stall]
        lines[sort].append(naive(store, filter, sort, True))
    for text, reverse in (("", False), (FILTER, True)):
        for sort in COLUMNS:
            lines[sort].append(viewer.ask(text, sort, reverse).first)
    with Storm(store, STORM) as storm:
        for sort in COLUMNS:
            asked = viewer.ask("", sort, True)
            lines[sort] += [asked.first, asked.stall]
        print(f"in the storm: {storm.applied / storm.seconds:,.0f} of {STORM:,} events/s applied")
    heads = ("down", "cpu", "all", "stall", "naive", "up", FILTER[-8:], "storm", "stall")
    print(f"{'order':10}" + "".join(f"{head:>9}" for head in heads))
    for sort, line in lines.items():
        print(f"{sort:10}{milliseconds(*line)}")


def filters(store: Store, viewer: Viewer) -> None:
    """Print a line for each filter, and one for the order turned round."""
    print(f"{'filter':26}{'first':>9}{'all':>9}{'stall':>9}{'naive':>9}     rows")
    for text, reverse in (("", False), *((text, True) for text in FILTERS)):
        asked = viewer.ask(text, "seen", reverse)
        plain = naive(store, parse_filter(text), "seen", reverse)
        figures = milliseconds(asked.first, asked.all, asked.stall, plain)
        print(f"{text or 'turned round':26}{figures}{viewer.view.matched:10,}")


def main() -> None:
    """Print the tables for each number of tasks."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("tasks", type=int, nargs="*", default=[100_000, 1_000_000])
    wanted = parser.parse_args().tasks
    share_interpreter()
    for tasks in wanted:
        rng = random.Random(1)
        store = filled(tasks, rng)
        print(f"\n{tasks:,} tasks, milliseconds")
        with Viewer(store) as viewer:
            filters(store, viewer)
            changes(store, viewer, rng)
            orders(store, viewer)


def changes(store: Store, viewer: Viewer, rng: random.Random) -> None:
    """Print what following some thousand changes costs, and what reading a screenful does."""
    view = viewer.view
    for text in ("", FILTER):
        viewer.ask(text, "seen", True)
        ids = [task.id for task in rng.sample(store.all_tasks(), CHANGES)]
        now = time.time()
        events = [Event("task-succeeded", "celery@w1", now, uuid=id, runtime=1.0) for id in ids]
        store.apply(Batch(events, now))
        asked = Asked()
        viewer.follow(asked)
        print(f"{CHANGES:,} changes, filter {text or '-'}: {milliseconds(asked.all)} ms", end=", ")
        print(f"stall {milliseconds(asked.stall)} ms")
    for label, act in (
        ("window", lambda: view.window(view.matched // 2, SCREEN)),
        ("position", lambda: view.position(view.ids(view.matched // 2, 1)[0])),
    ):
        began = time.perf_counter()
        for _ in range(100):
            act()
        print(f"{label}: {(time.perf_counter() - began) * 10_000:,.0f} µs")


if __name__ == "__main__":
    main()
