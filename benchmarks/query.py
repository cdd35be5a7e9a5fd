"""How soon a filter or an order over many tasks shows its first screen, and what it costs after.

Usage: python -m benchmarks.query [tasks ...]

`first` is when 50 rows stand on the screen, `all` when the whole order does, `naive` what
`sorted(filter(...))` over the same tasks takes in the same run. `stall` is the longest that
another thread, as the one that paints a key press, waited for the interpreter meanwhile.
"""

from __future__ import annotations

import random
import sys
import threading
import time
import uuid

from celerytui.columns import TASK_COLUMNS, column
from celerytui.model import Batch, Event, Task
from celerytui.query import Filter, TaskView, parse_filter
from celerytui.store import Store

SCREEN = 50
CHANGES = 5_000
NAMES = ("shop.billing.charge", "shop.webhooks.deliver", "shop.mail.send", "shop.search.index")
CASES = (
    ("", "seen", True),
    ("", "seen", False),
    ("", "runtime", True),
    ("", "name", True),
    ("", "state", True),
    ("", "info", True),
    ("", "seen", True),
    ("state:failure", "seen", True),
    ("name:*.charge runtime:>5", "seen", True),
    ("tok_visa_77", "seen", True),
    ("args:/visa_(7|8)8/", "seen", True),
    ("nothing-has-this", "seen", True),
    ("state:failure", "runtime", True),
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


class Watch:
    """A thread that wants the interpreter every millisecond and looks for the first screen."""

    def __init__(self, view: TaskView) -> None:
        self.view = view
        self.first: float | None = None
        self.stall = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self.began = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.took = time.perf_counter() - self.began
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        version, last = self.view.version, time.perf_counter()
        while not self._stop.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            self.stall = max(self.stall, now - last - 0.001)
            last = now
            if self.first is None and self.view.version > version:
                self.view.window(0, SCREEN)
                self.first = time.perf_counter() - self.began


def naive(store: Store, filter: Filter, sort: str, reverse: bool) -> float:
    """Seconds that the plain way takes."""
    began, now, key = time.perf_counter(), time.time(), column(TASK_COLUMNS, sort).key

    def place(task: Task) -> tuple[bool, object, int]:
        value = key(task, now)
        return (value is not None, value, task.seq)

    sorted(filter.select(store.all_tasks(), now), key=place, reverse=reverse)
    return time.perf_counter() - began


def milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.1f}"


def main() -> None:
    """Print a table for each number of tasks."""
    for tasks in [int(text) for text in sys.argv[1:]] or [100_000, 1_000_000]:
        rng = random.Random(1)
        store = filled(tasks, rng)
        view = TaskView(store)
        print(f"\n{tasks:,} tasks, milliseconds")
        print(f"{'filter':26} {'sort':9} {'first':>8} {'all':>9} {'naive':>9} {'stall':>6}  rows")
        for text, sort, reverse in CASES:
            filter = parse_filter(text, time.time)
            view.configure(filter=filter, sort=sort, reverse=reverse)
            with Watch(view) as watch:
                view.refresh()
            first = watch.took if watch.first is None else watch.first
            order = sort + (" down" if reverse else " up")
            plain = naive(store, filter, sort, reverse)
            row = f"{text or '-':26} {order:12} {milliseconds(first):>5} "
            row += f"{milliseconds(watch.took):>9} {milliseconds(plain):>9} "
            print(f"{row}{milliseconds(watch.stall):>6}  {view.matched:,}")
        changes(store, view, rng)


def changes(store: Store, view: TaskView, rng: random.Random) -> None:
    """Print what following some thousand changes costs, and what reading a screenful does."""
    for text in ("", "state:failure"):
        view.configure(filter=parse_filter(text, time.time))
        view.refresh()
        ids = [task.id for task in rng.sample(store.all_tasks(), CHANGES)]
        now = time.time()
        events = [Event("task-succeeded", "celery@w1", now, uuid=id, runtime=1.0) for id in ids]
        store.apply(Batch(events, now))
        with Watch(view) as watch:
            view.refresh()
        print(f"{CHANGES:,} changes, filter {text or '-'}: {milliseconds(watch.took)} ms", end=", ")
        print(f"stall {milliseconds(watch.stall)} ms")
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
