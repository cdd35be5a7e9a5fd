"""Named filters: those of the config file, and those that were saved from the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from celerytui.columns import clean
from celerytui.control import Param
from celerytui.control.choices import LONGEST_FILTER, LONGEST_NAME
from celerytui.ui.actions.form import Form
from celerytui.ui.dialogs.choice import NotedChoice
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session


class FilterChoice(NotedChoice):
    """The named filters; the result is the text of the one that was chosen."""

    KEYS: ClassVar[tuple[str, ...]] = ("filters",)
    HINTS: ClassVar[Sequence[tuple[str, str]]] = (
        ("choice.take", "apply"),
        ("filters.save", "save the current one"),
        ("filters.remove", "remove"),
    )
    NONE = "No named filters yet."

    def __init__(self, session: Session) -> None:
        super().__init__(session, "Filters", [], [])
        self._texts: list[str] = []
        self._read()

    def _read(self) -> None:
        """Take the filters as they are now, the config file's first."""
        own, saved = self.session.settings.filters, self.session.engine.choices.filters
        found = {**own, **{name: text for name, text in saved.items() if name not in own}}
        self.options = [(name, clean(name, limit=LONGEST_NAME), "") for name in found]
        self._texts = list(found.values())
        self.notes = [
            clean(text, limit=200) + ("   config file" if name in own else "")
            for name, text in found.items()
        ]

    def update(self) -> None:
        super().update()
        if trouble := self.session.engine.choices.trouble:
            note: Spans = [(clean(trouble, limit=60), "warning"), ("  ", "text"), *self.closing]
            self.box.fill(self.box.title, note, self.box.lines)

    def action_take(self) -> None:
        if self.options:
            self.dismiss(self._texts[self.at])

    def choose(self, option: str) -> None:
        self.action_take()

    def action_remove(self) -> None:
        if not self.options:
            return
        name = self.options[self.at][0]
        if name in self.session.settings.filters:
            self._say(f"{clean(name)} is in the config file; remove it there")
            return
        self.session.engine.choices.remove_filter(name)
        self._read()
        self.update()

    def action_save(self) -> None:
        """Ask for a name for the filter of the tasks."""
        text = self.session.filter_text
        if not text:
            key = self.session.key_of("filter.edit")
            self._say(f"no filter to save; {key} types one")
        elif len(text) > LONGEST_FILTER:
            self._say(f"a filter of more than {LONGEST_FILTER:,} characters cannot be saved")
        else:
            name = Param("name", "Name", required=True, help=f"for {clean(text, limit=200)}")
            form = Form(self.session, [("Save this filter", "strong")], [], [name], go="Save")
            self.app.push_screen(form, self._save)

    def _save(self, values: dict[str, str] | None) -> None:
        name = "" if values is None else values["name"].strip()[:LONGEST_NAME]
        if not name:
            return
        if name in self.session.settings.filters:
            self._say(f"{clean(name)} is in the config file; choose another name")
            return
        choices = self.session.engine.choices
        replaced = name in choices.filters
        choices.keep_filter(name, self.session.filter_text)
        self._read()
        self.at = [one for one, _, _ in self.options].index(name)
        self.update()
        self._say(f"{clean(name)} {'replaced' if replaced else 'saved'}")

    def _say(self, text: str) -> None:
        self.app.notify(text, markup=False, timeout=4)
