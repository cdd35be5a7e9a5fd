"""The ISO 8601 times that Celery writes into events, replies and results."""

from __future__ import annotations

from datetime import datetime, timezone

LONGEST = 64


def epoch(text: str | None) -> float | None:
    """Unix seconds of an ISO 8601 time; UTC where no zone is named, as a worker takes it.

    None where the text is no such time: it may be anything.
    """
    if not text or len(text) > LONGEST:
        return None
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            # celery.utils.time.maybe_make_aware, whatever the app's timezone is.
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None
