"""What can be wrong with the schedule and with its beat."""

from __future__ import annotations

from collections.abc import Iterator

from celerytui.health.detector import Detector, Judgement, Known
from celerytui.model import BeatState, ScheduleEntry

BEAT = "beat"
"""The subject of what is wrong with beat."""


def _silent(known: Known) -> Iterator[Judgement]:
    beat = known.schedule.beat
    if beat.state == "silent":
        yield Judgement(
            BEAT,
            "critical",
            f"No sign of life: {beat.why}",
            {"since": beat.since},
            since=beat.since,
        )


def _two(known: Known) -> Iterator[Judgement]:
    beat = known.schedule.beat
    if beat.state == "two":
        yield Judgement(
            BEAT,
            "critical",
            f"Every entry is sent twice: {beat.why}",
            {"since": beat.since},
            since=beat.since,
        )


def _missed(known: Known) -> Iterator[Judgement]:
    for entry in known.schedule.entries:
        if entry.standing == "missed":
            yield Judgement(
                entry.name,
                "warning",
                f"Its run was due at {entry.due_words} and was not seen{_why(known.schedule.beat)}",
                {"due": entry.due_at, "task": entry.plan.task},
                since=entry.due_at,
                case=entry.due_at,
            )


def _why(beat: BeatState) -> str:
    return "; beat is silent" if beat.state == "silent" else ""


def is_missed(entry: ScheduleEntry) -> bool:
    """Whether a run of the entry is missing."""
    return entry.standing == "missed"


SILENT = Detector("beat.silent", _silent)
TWO = Detector("beat.two", _two)
MISSED = Detector("entry.missed", _missed)
