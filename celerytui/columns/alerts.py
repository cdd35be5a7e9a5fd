"""The columns of the table of alerts, and the colour of what has some."""

from __future__ import annotations

from collections.abc import Iterable

from celerytui.columns.column import CellContext, Column
from celerytui.columns.formats import format_clock, natural
from celerytui.columns.glyphs import signs
from celerytui.columns.text import clean, cut
from celerytui.model import Alert

_ROLES = {"critical": "failure", "warning": "warning", "info": "text"}
_SIGNS = {"critical": "failure", "warning": "growing", "info": "dot"}
_ORDER = tuple(_ROLES)


def worst_role(alerts: Iterable[Alert]) -> str | None:
    """The colour role of the gravest of these alerts, None where there is none."""
    worst = min((_ORDER.index(alert.severity) for alert in alerts), default=None)
    return None if worst is None else _ROLES[_ORDER[worst]]


def _role(alert: Alert) -> str:
    return _ROLES[alert.severity]


def _severity_text(alert: Alert, context: CellContext, width: int) -> str:
    glyph = signs(context.ascii)[_SIGNS[alert.severity]]
    return glyph if width < 4 else f"{glyph} {alert.severity}"


def _subject_text(alert: Alert, context: CellContext, width: int) -> str:
    ellipsis = signs(context.ascii).ellipsis
    return cut(clean(alert.subject, limit=512), width, where="middle", ellipsis=ellipsis)


ALERT_COLUMNS: tuple[Column[Alert], ...] = (
    Column(
        id="severity",
        header="SEVERITY",
        help="critical, warning or info",
        width=10,
        narrow_under=70,
        narrow_width=1,
        text=_severity_text,
        key=lambda alert, now: _ORDER.index(alert.severity),
        role=_role,
    ),
    Column(
        id="since",
        header="SINCE",
        help="when it began",
        width=8,
        min_table_width=60,
        align="right",
        text=lambda alert, context, width: format_clock(
            alert.since, context.utc, now=context.now, ascii=context.ascii
        ),
        key=lambda alert, now: alert.since,
    ),
    Column(
        id="alert",
        header="ALERT",
        help="id of the alert",
        width=16,
        min_table_width=72,
        text=lambda alert, context, width: clean(alert.id, limit=64),
        key=lambda alert, now: alert.id,
        role=_role,
    ),
    Column(
        id="subject",
        header="SUBJECT",
        help="worker, queue or connection",
        width=18,
        stretch=1,
        text=_subject_text,
        key=lambda alert, now: natural(alert.subject),
    ),
    Column(
        id="text",
        header="DETAILS",
        help="what is wrong",
        width=16,
        max_width=96,
        text=lambda alert, context, width: clean(alert.text, limit=512),
        key=lambda alert, now: alert.text,
    ),
)
