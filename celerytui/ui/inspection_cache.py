"""What one worker reports, section by section, as it was asked for."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.engine import Engine
from celerytui.model import Section

FRESH_SECONDS = 10.0
"""How old an answer may be that is shown again without asking."""


class InspectionCache:
    """The sections of the worker that is looked at; nothing is asked that nobody looks at.

    `hostname` is that worker, `count` how many answers came. They come from threads of the engine;
    the next piece of news shows them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.hostname = ""
        self.count = 0
        self._process: int | None = None
        self._sections: dict[str, Section] = {}
        self._asked: set[str] = set()
        self._blocked = False

    def want(self, hostname: str, names: Sequence[str], process: int | None = None) -> None:
        """Ask for those that were not asked for yet; another `process`, by its pid, for all."""
        other = None not in (process, self._process) and process != self._process
        if hostname != self.hostname or other:
            self.hostname, self._process = hostname, None
            self._sections, self._asked = {}, set()
        self._process = process or self._process
        before, self._blocked = self._blocked, self._engine.broker.blockage is not None
        if before and not self._blocked:
            # What could not be asked for can be now.
            self._asked -= {name for name, one in self._sections.items() if one.error is not None}
        for name in names:
            if name not in self._asked:
                self._ask(name)

    def refresh(self) -> None:
        """Have everything asked for again as soon as somebody looks at it."""
        self._asked.clear()

    def look_again(self) -> None:
        """Have what is not fresh any more asked for again: somebody comes back to it."""
        oldest = self._engine.clock() - FRESH_SECONDS
        self._asked -= {name for name, one in self._sections.items() if one.taken_at < oldest}

    def get(self, name: str) -> Section | None:
        """The last answer; None while there is none. In a replay it is the one of that moment."""
        engine = self._engine
        recorded = None
        if engine.replayer is not None:
            recorded = engine.store.inspections.get(self.hostname, name)
        return recorded or self._sections.get(name)

    def _ask(self, name: str) -> None:
        self._asked.add(name)
        sections = self._sections

        def answered(section: Section) -> None:
            before = sections.get(name)
            if section.error is None or before is None or before.data is None:
                sections[name] = section
            else:
                # What it said before is worth more than an empty place; its age tells.
                sections[name] = Section(
                    section.hostname, name, before.taken_at, before.data, section.error
                )
            self.count += 1
            self._engine.mailbox.post()

        self._engine.inspect(self.hostname, name, answered)
