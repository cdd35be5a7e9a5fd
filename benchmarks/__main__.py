"""Runs every benchmark, one after the other, and writes benchmarks/RESULTS.md.

Usage: python -m benchmarks [name ...]

Names are those of the files: receive store memory query first_rows keys workers start
terminal_bytes idle slope types views results history event_log. What was measured before and is not
named now keeps its place in the results.
"""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import time
from datetime import datetime, timezone
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

NAMES = (
    "receive", "store", "memory", "query", "first_rows", "keys", "workers", "start",
    "terminal_bytes", "idle", "slope", "types", "views", "results", "history", "event_log",
)  # fmt: skip
RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("celery", "kombu", "amqp", "redis", "hiredis", "msgspec", "textual", "flower")


def run(name: str) -> str:
    """One benchmark in a process of its own, shown while it runs; what it printed."""
    lines: list[str] = []
    command = [sys.executable, "-m", f"benchmarks.{name}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            sys.stdout.write(line)
            sys.stdout.flush()
            lines.append(line)
    if process.returncode:
        raise SystemExit(f"benchmarks.{name} ended with {process.returncode}")
    return "".join(lines).strip()


def section(name: str) -> str:
    """A benchmark's question, how and when it was asked, and its table: a part of the results."""
    question = (import_module(f"benchmarks.{name}").__doc__ or "").partition("\n")[0]
    day = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    began = time.monotonic()
    table = run(name)
    seconds = time.monotonic() - began
    asked = f"`python -m benchmarks {name}`, measured on {day} in {seconds:,.0f} s."
    return f"## {name}\n\n{question}\n\n{asked}\n\n```\n{table}\n```\n"


def machine() -> str:
    """The machine and the versions that the figures hold for."""
    versions = ", ".join(f"{package} {installed(package)}" for package in PACKAGES)
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, "
        f"Python {platform.python_version()}; {versions}"
    )


def installed(package: str) -> str:
    """Its version."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def kept() -> dict[str, str]:
    """The parts of the results that are there."""
    if not RESULTS.exists():
        return {}
    parts = re.split(r"^(?=## )", RESULTS.read_text(), flags=re.MULTILINE)[1:]
    return {part.partition("\n")[0].removeprefix("## "): part.rstrip() + "\n" for part in parts}


def main(names: list[str]) -> None:
    """Run them; what came out is written after each."""
    unknown = set(names) - set(NAMES)
    if unknown:
        raise SystemExit(
            f"there is no benchmark {sorted(unknown)[0]!r}; there are {' '.join(NAMES)}"
        )
    parts = kept()
    for name in names or NAMES:
        print(f"\n== {name}", flush=True)
        parts[name] = section(name)
        write(parts)


def write(parts: dict[str, str]) -> None:
    """The results as they are by now."""
    head = (
        "# What was measured\n\nEach table is one run, with the rival in the same run: the ratios "
        f"count, not the figures.\n`make bench` makes it anew.\n\n{machine()}\n\n"
    )
    RESULTS.write_text(head + "\n".join(parts[name] for name in NAMES if name in parts))


if __name__ == "__main__":
    main(sys.argv[1:])
