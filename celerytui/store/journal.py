"""What a store is told, for whoever records it to tell it to another one later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celerytui.store.store import Store

Listener = Callable[[str, tuple[Any, ...]], None]


class Journal:
    """Passes on what a store is told before the store takes it.

    `listener` is called in the thread that tells, and must not wait; None while nobody listens.
    """

    __slots__ = ("listener",)

    def __init__(self) -> None:
        self.listener: Listener | None = None

    def note(self, what: str, *args: Any) -> None:
        """Pass on that something was told: one of the names in `tellers`, and its arguments."""
        if self.listener is not None:
            self.listener(what, args)


def tellers(store: Store) -> dict[str, Callable[..., object]]:
    """What can be told to a store, by the names in its journal.

    The annotations of each say what its arguments are.
    """
    settling = store.settling
    return {
        "apply": store.apply,
        "seed": store.seed,
        "mark_gap": store.mark_gap,
        "sweep": store.sweep,
        "take_pings": store.take_pings,
        "hold_judgement": store.hold_judgement,
        "set_task_events": store.set_task_events,
        "record_queues": store.record_queues,
        "expect_queues": store.expect_queues,
        "answered": settling.answered,
        "not_held": settling.not_held,
        "held_back": settling.held_back,
        "resolve": settling.resolve,
        "lost": store.lost.set,
        "inspected": store.inspections.take,
        "counted": store.counts.take,
    }
