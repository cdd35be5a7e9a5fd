"""Draws the views of the demo's sample data into screenshots/*.svg; run by `make screenshots`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from tests.ui.fake_engine import fake_app  # noqa: E402

# The sample's failure that the pictures tell of, and a filter for what can still be revoked.
FAILED = ("j",) * 17
WAITING = ("slash", *"state:sent,received", "enter")

# name: size, keys, options
PICTURES: dict[str, tuple[tuple[int, int], tuple[str, ...], dict[str, object]]] = {
    "dashboard": ((140, 40), (), {}),
    "dashboard-80x24": ((80, 24), (), {}),
    "dashboard-light": ((140, 40), (), {"theme": "light"}),
    "dashboard-mono": ((140, 40), (), {"theme": "mono"}),
    "tasks": ((200, 60), ("2", *FAILED), {}),
    "workers": ((140, 40), ("3",), {}),
    "queues": ((140, 40), ("4",), {}),
    "types": ((140, 40), ("5", "j"), {}),
    "failures": ((140, 40), ("6", "j", "j", "j"), {}),
    "task": ((140, 40), ("2", *FAILED, "enter"), {}),
    "worker": ((140, 40), ("3", "j", "enter"), {}),
    "confirm": ((140, 40), ("2", *WAITING, "j", *["space"] * 7, "C"), {}),
    "filter": ((140, 40), ("2", "slash", *"name:billing.* runtime:>2.5x"), {}),
    "help": ((140, 40), ("question_mark",), {}),
}


async def draw(name: str) -> None:
    """One picture."""
    size, keys, options = PICTURES[name]
    app = fake_app(**options)  # type: ignore[arg-type]
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        for key in keys:
            await pilot.press(_key(key))
        await pilot.pause()
        (HERE / f"{name}.svg").write_text(app.export_screenshot(title="celerytui"))
    sys.stdout.write(f"screenshots/{name}.svg\n")


def _key(key: str) -> str:
    names = {
        ":": "colon",
        ".": "full_stop",
        "*": "asterisk",
        ",": "comma",
        ">": "greater_than_sign",
        " ": "space",
    }
    return names.get(key, key)


def main(names: list[str]) -> None:
    """The pictures of these names, or all."""
    for name in names or PICTURES:
        asyncio.run(draw(name))


if __name__ == "__main__":
    main(sys.argv[1:])
