"""The keys that the footer names, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from celerytui.control import Scope
from celerytui.ui.actions.offers import Offers
from celerytui.ui.bars.footer import KeyHint
from celerytui.ui.keys.registry import Key
from celerytui.ui.session import Session, something_wrong

_ACTIONS_FROM = 40
"""The place of the first action in the footer, and its rank: after the keys that only look."""


def typing_hints(session: Session, keys: Iterable[Key]) -> list[KeyHint]:
    """What there is while something is typed that has these keys: key, label, rank."""
    raw = session.keys.raw
    shown = (key for key in keys if key.shown)
    return [(raw(key.id)[0], key.label, 0 if key.stays else key.rank) for key in shown]


def key_hints(
    session: Session, offers: Offers, bound: Iterable[str], labels: Mapping[str, str], *, back: bool
) -> Sequence[KeyHint]:
    """First what belongs to the pane in focus, then the actions: key, label, rank.

    `bound` are the ids of the keys that work, `labels` what they do here where that is special,
    and `back` says that a step back leads elsewhere. Keys of one label are one hint.
    """
    hints: list[tuple[int, KeyHint]] = []
    raw = session.keys.raw
    for id in bound:
        known = session.keys.by_id.get(id)
        if known is None or not known.shown or not raw(id):
            continue
        if known.about is Scope.TASK and offers.at.current_task is None:
            continue
        if known.if_wrong and not something_wrong(session):
            continue
        rank = 0 if known.stays else known.rank or known.shown
        hints.append((known.shown, (raw(id)[0], labels.get(id, known.label), rank)))
    if back:
        hints.append((5, (raw("back")[0], "back", 5)))
    for order, (key, label) in enumerate(offers.hints(), _ACTIONS_FROM):
        hints.append((order, (key, label, order)))
    # Of one order the actions come first.
    hints.reverse()
    return _joined(sorted(hints, key=lambda one: one[0]))


def _joined(hints: Sequence[tuple[int, KeyHint]]) -> list[KeyHint]:
    """One hint for each label, with both keys of two of the program's that stand side by side."""
    joined: dict[str, tuple[int, KeyHint]] = {}
    for order, (key, label, rank) in hints:
        place, before = joined.setdefault(label, (order, (key, label, rank)))
        if order == place + 1 < _ACTIONS_FROM:
            joined[label] = place, (f"{before[0]} {key}", label, rank)
    return [hint for _, hint in joined.values()]
