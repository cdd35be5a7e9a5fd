"""What a view is: a named arrangement of panes, and what keys are about in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from msgspec import Struct
from textual.geometry import Size

from celerytui.control import Scope
from celerytui.ui.panes.pane import Pane
from celerytui.ui.session import Session
from celerytui.ui.views.layout import Needs, Regions, has_frames, whole


class PaneSpec(Struct, frozen=True):
    """A pane by its name, which is its widget's id; `load` imports its class when it is needed.

    Views that show a pane of one name show the same widget.
    """

    name: str
    load: Callable[[], type[Pane]]

    def make(self, session: Session) -> Pane:
        """The pane's widget."""
        return self.load()(session, id=self.name)


Panes = Mapping[str, Pane]
"""The panes of a view that are there, by name."""


class View:
    """One of the things that the screen can show; whatever is special about one is said in it.

    `key` is its digit, "" where it is reached from others; `lists` is the scope of which it shows
    all there is, `opens` that of which it shows one. `panes` are all that it may show, and `focus`
    the one that has the focus at first. News is drawn once in `turns` updates of the screen.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    key: ClassVar[str] = ""
    help: ClassVar[str] = ""
    lists: ClassVar[Scope | None] = None
    opens: ClassVar[Scope | None] = None
    panes: ClassVar[tuple[PaneSpec, ...]]
    focus: ClassVar[str]
    turns: ClassVar[int] = 1

    def regions(self, size: Size, needs: Needs) -> Regions:
        """Where the panes stand that have room; by default the one pane has it all."""
        return whole(size, needs.alone or self.focus)

    def framed(self, size: Size) -> bool:
        """Whether its panes have whole frames on a screen of that size, else a rule above each."""
        return has_frames(size)

    def columns_within(self, size: Size) -> Mapping[str, int]:
        """Tables by name whose columns are chosen as for so many cells, however many there are.

        A column must not go where the screen gets wider: one that the next arrangement has no room
        for is not shown in this one either.
        """
        return {}

    def in_tab_order(self, shown: Regions) -> list[str]:
        """The panes in the order of Tab; one without room is shown while it has the focus."""
        return [pane.name for pane in self.panes if pane.name in shown]

    def open(self, session: Session, panes: Panes, subject: str) -> None:
        """Show that one of what the view `opens`."""

    def subject(self, session: Session, panes: Panes) -> str:
        """That one of what the view `opens` which is shown."""
        return ""

    def title(self, session: Session, panes: Panes) -> str:
        """What the one that is shown is called, "" for a view of all there is."""
        return ""

    def targets(self, panes: Panes, scope: Scope) -> list[str]:
        """What an action of that scope is about where the pane in focus says nothing."""
        return []

    def has_targets(self, panes: Panes, scope: Scope) -> bool:
        """Whether there are any; asked at each drawing, so it costs the same however many."""
        return bool(self.targets(panes, scope))

    def current_task(self, panes: Panes) -> str | None:
        """The id of the task that keys are about where the pane in focus says nothing."""
        return None

    def go_to_task(self, panes: Panes, task_id: str) -> bool:
        """Go to a task that was sent from here; False where it is not in sight yet."""
        return True

    def ask_again(self, session: Session, panes: Panes) -> None:
        """Have what was asked of the workers, or for what it is about, asked for again."""
        session.answers.refresh()

    def back_to(self, panes: Panes) -> str | None:
        """The pane that a step back inside the view leads to, None where there is none."""
        return None
