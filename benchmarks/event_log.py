"""How many events a second an event log takes, and how soon a replay is at any time of it.

Usage: python -m benchmarks.event_log [--seconds N] [--rate N]

Recording is the process of `celerytui record --events` on a Redis, as in `benchmarks.history`.
`open` is until it is known what is where, `told` all of it told to a store, and `seek` until the
store is at a time in it: `end` after opening, `back` from there to its middle.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

from celery import Celery

from benchmarks.history import recorded
from celerytui.engine import Engine
from celerytui.engine.replayer import Replayer
from celerytui.history.eventlog.reader import EventLog
from celerytui.settings import DEFAULTS


def arrive(replayer: Replayer, at: float) -> float:
    """Seconds until it is at a time."""
    began = time.perf_counter()
    replayer.seek(at)
    pause = threading.Event()
    while replayer.state.seeking is not None:
        pause.wait(0.005)
    return time.perf_counter() - began


def replay(path: Path) -> None:
    """Print how soon a recording can be looked at."""
    began = time.perf_counter()
    with closing(EventLog(path)) as log:
        opened = time.perf_counter() - began
        engine = Engine(Celery("bench", set_as_current=False), DEFAULTS, recording=log)
        replayer = engine.replayer
        assert replayer is not None
        replayer.play(False)
        engine.start()
        arrive(replayer, log.begins)
        end = arrive(replayer, log.ends)
        back = arrive(replayer, (log.begins + log.ends) / 2)
        engine.stop(10.0)
        print(f"open      {opened * 1000:,.0f} ms")
        print(
            f"seek      end {end:.2f} s, {log.events / end:,.0f} events a second; back {back:.2f} s"
        )


def main() -> None:
    """Record and replay."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=20_000)
    args = parser.parse_args()
    events = args.seconds * args.rate
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.jsonl.zst"
        print(recorded(["--events", str(path)], events, args.rate))
        print(f"size      {path.stat().st_size / events:.1f} bytes an event")
        replay(path)


if __name__ == "__main__":
    main()
