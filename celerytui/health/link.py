"""What can be wrong between the cluster and us, and with what we keep."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.health.detector import Detector, Judgement, Known
from celerytui.model import LinkState
from celerytui.store import FAILED_WINDOW

BEHIND_SECONDS = 2.0
"""Lag from which on what is shown is no longer called live."""
BEHIND_STILL_SECONDS = 1.0

QUIET_SECONDS = 6.0
"""Without any event: a worker's heart beats every 2 s unless configured otherwise."""


def _behind(known: Known) -> Iterator[Judgement]:
    lag = known.summary.lag
    if known.link.state is LinkState.CONNECTED and lag is not None and lag > BEHIND_STILL_SECONDS:
        yield Judgement(
            "receiver",
            "warning",
            "More events arrive than can be read here: the display is behind",
            {"lag": lag},
            raises=lag > BEHIND_SECONDS,
        )


def _quiet(known: Known) -> Iterator[Judgement]:
    summary, last = known.summary, known.summary.last_event_at
    beating = summary.workers_online + summary.workers_late + summary.workers_lost
    if known.link.state is not LinkState.CONNECTED or last is None or not beating:
        return
    if known.blockage is not None and known.blockage.silences:
        return
    # Nothing could be heard while the connection was lost, or while we stood still.
    ends = (until for _, until in known.gaps[-1:] if until is not None)
    silent_since = max(last, known.link.since, *ends)
    if known.now - silent_since > QUIET_SECONDS:
        yield Judgement(
            "events",
            "warning",
            "No event arrives, not even a heartbeat, although the broker is connected",
            {"last_event_at": last, "workers": beating},
            since=silent_since,
        )


def _blocked(known: Known) -> Iterator[Judgement]:
    blockage = known.blockage
    if blockage is not None:
        silent = "; their events are delayed" if blockage.silences else ""
        yield Judgement("broker", "critical", f"{blockage.text}{silent}", blockage.evidence)


def _unasked(known: Known) -> Iterator[Judgement]:
    if known.unasked is not None and not known.blind and known.blockage is None:
        yield Judgement(
            "control",
            "warning",
            "Workers can't be asked; what ran before the start is unknown",
            {"error": known.unasked},
        )


def _missing(known: Known) -> Iterator[Judgement]:
    if not known.gaps:
        return
    since, until = known.gaps[-1]
    if until is None:
        yield Judgement(
            "events",
            "critical",
            "The connection to the broker is lost: no events arrive",
            {"since": since, "until": None, "reason": known.link.error},
            since=since,
            case=since,
        )
    elif known.now - until <= FAILED_WINDOW:
        # One that ended otherwise than with a connection was this process standing still.
        stood = until != known.link.since
        reason = "celerytui was stopped, or the machine slept" if stood else known.link.lost_for
        yield Judgement(
            "events",
            "warning",
            f"The events of {until - since:,.0f} s are missing: figures of that time are too low",
            {"since": since, "until": until, "reason": reason or "the connection was lost"},
            since=since,
            case=since,
        )


def _unrecorded(known: Known) -> Iterator[Judgement]:
    if known.unrecorded is not None:
        yield Judgement(
            "history",
            "warning",
            "The history cannot be written: what happens is not recorded",
            {"error": known.unrecorded},
        )


BLOCKED = Detector("broker.blocked", _blocked, clear_after=3.0)
UNASKED = Detector("control.failed", _unasked)
UNRECORDED = Detector("history.failed", _unrecorded, raise_after=2.0, always=True)
BEHIND = Detector("receiver.behind", _behind, always=True)
QUIET = Detector("events.quiet", _quiet, always=True)
MISSING = Detector("events.missing", _missing, always=True)
