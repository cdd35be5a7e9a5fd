"""From a list to a file: its name and format, and what came of it."""

from __future__ import annotations

import os
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import App

from celerytui.columns import clean
from celerytui.control import Param
from celerytui.counts import counted
from celerytui.engine import Export, Exported
from celerytui.export import FORMATS
from celerytui.files import STARTED_IN
from celerytui.ui.actions.form import Form
from celerytui.ui.actions.inputs import FieldChanged, TextField
from celerytui.ui.actions.toasts import Severity
from celerytui.ui.session import Session

if TYPE_CHECKING:
    from celerytui.ui.panes.narrowed import Listed

FILE, FORMAT = "file", "format"
SAID_SECONDS = 12.0


class ExportForm(Form):
    """Asks for a file and a format; the ending of the name follows the format."""

    @on(FieldChanged)
    def _format_changed(self, event: FieldChanged) -> None:
        if event.field_name != FORMAT:
            return
        field, chosen = self.fields[FILE], FORMATS[self.fields[FORMAT].value].suffix
        stem, suffix = os.path.splitext(field.value)
        known = {one.suffix for one in FORMATS.values()}
        if isinstance(field, TextField) and suffix in known - {chosen}:
            field.value = stem + chosen


def ask_export(app: App[Any], session: Session, listed: Listed | None) -> None:
    """Ask where to, and have the engine write the rows there."""
    if listed is None or not listed.total:
        app.notify("nothing to export here", markup=False, timeout=3)
        return
    names = tuple(FORMATS)
    what = counted(listed.total, listed.noun)
    params = (
        Param(FORMAT, "Format", "choice", choices=names, default=names[0], required=True,
              help="for spreadsheets, or one JSON object on each line"),
        Param(FILE, "File", required=True, default=_name(session, listed.noun),
              help=f"relative to {clean(STARTED_IN, limit=200)}"),
    )  # fmt: skip
    form = ExportForm(session, [(f"Export {what}", "strong")], [], params, go="Export", ready=True)
    app.push_screen(form, partial(_begin, app, session, listed))


def _begin(app: App[Any], session: Session, listed: Listed, values: dict[str, str] | None) -> None:
    if values is None:
        return
    path = os.path.join(STARTED_IN, os.path.expanduser(values[FILE].strip()))
    label = f"Export {counted(listed.total, listed.noun)}"
    engine = session.engine
    export = Export(label, path, values[FORMAT], listed.rows, listed.total, engine.clock())
    engine.exporter.start(export, partial(app.call_later, _say, app, session))


def _say(app: App[Any], session: Session, done: Exported) -> None:
    """Say where the rows are, or why they are not there."""
    path = clean(done.path, limit=300)
    severity: Severity = "information"
    if done.error is not None:
        severity = "warning" if done.cancelled else "error"
        text = clean(done.error, limit=400)
    else:
        text = f"{counted(done.rows, 'row')} written to {path}"
        if done.gone:
            text += f"; evicted before their turn: {done.gone:,}"
    app.notify(text, title=done.label, severity=severity, timeout=SAID_SECONDS, markup=False)


def _name(session: Session, noun: str) -> str:
    """A name that nothing has yet: the app, what it is of, and when."""
    zone = time.gmtime if session.utc else time.localtime
    at = time.strftime("%Y%m%d-%H%M%S", zone(session.engine.clock()))
    app = "".join(char for char in session.engine.app_name if char.isalnum() or char in "-_")
    first = next(iter(FORMATS.values()))
    return "-".join(part for part in (app[:40], f"{noun}s", at) if part) + first.suffix
