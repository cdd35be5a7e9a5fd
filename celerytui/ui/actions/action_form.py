"""The form of an action: which, to what, and what is known before it is filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from celerytui.columns import clean, format_id
from celerytui.control import Action, CurrentValues
from celerytui.ui.actions.form import Form
from celerytui.ui.draw.spans import Spans
from celerytui.ui.session import Session

NAMES = 6
"""As many targets are named."""


def action_note(session: Session, action: Action) -> Spans:
    """The key and the id of an action, as they stand in a dialog's frame."""
    key = session.key_of(action.id)
    return [(key, "key"), (" " if key else "", "muted"), (action.id, "muted")]


def action_form(
    session: Session,
    action: Action,
    targets: Sequence[str],
    values: Mapping[str, str],
    notes: Sequence[Spans] = (),
) -> Form:
    """The form for the parameters of an action; `notes` are lines above its fields."""
    return Form(
        session,
        [(action.label, "strong"), *_about(action, targets)],
        action_note(session, action),
        action.params,
        values=values,
        intro=[*_intro(action, targets), *notes],
        go="Go on" if action.destructive else action.button or action.label,
    )


def current_note(hostname: str, error: str | None, current: CurrentValues | None) -> Spans:
    """What a worker answered when it was asked what holds now."""
    name = clean(hostname, limit=60)
    if error is not None:
        return [(f"{name}: {clean(error, limit=120)}", "warning")]
    if current is None:
        return [(f"{name} does not list this task", "muted")]
    return [(f"on {name} now  ", "muted"), (clean(current.text, limit=120) or "no limit", "text")]


def _about(action: Action, targets: Sequence[str]) -> Spans:
    if not targets:
        return []
    if len(targets) == 1:
        return [("  " + clean(format_id(targets[0], 40), limit=60), "text")]
    return [(f"  {len(targets):,} {action.scope.noun}s", "text")]


def _intro(action: Action, targets: Sequence[str]) -> list[Spans]:
    lines: list[Spans] = [[(action.help, "muted")]] if action.help else []
    if len(targets) > 1:
        names = ", ".join(clean(one, limit=60) for one in targets[:NAMES])
        more = f" and {len(targets) - NAMES} more" if len(targets) > NAMES else ""
        lines.append([("on ", "muted"), (names + more, "text")])
    return lines
