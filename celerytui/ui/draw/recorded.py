"""What happened in a recording, as rows of one cell for each of its parts."""

from __future__ import annotations

from collections.abc import Sequence

from celerytui.columns import sparkline
from celerytui.model import Bucket
from celerytui.ui.draw.glyphs import Glyphs
from celerytui.ui.draw.spans import Span, Spans, merge_spans

BURST = 3.0
"""So many times what usually fails in a part is a burst."""
LEAST_BURST = 2

Buckets = Sequence[Bucket]


def bursts(buckets: Buckets) -> list[bool]:
    """For each part whether unusually many tasks failed in it, for a recording of this kind."""
    recorded = [one.failures for one in buckets if one.events is not None]
    usual = sum(recorded) / max(1, len(recorded))
    return [one.failures >= max(LEAST_BURST, BURST * usual) for one in buckets]


def burst_count(buckets: Buckets) -> int:
    """How many bursts there are: parts side by side are one."""
    found = bursts(buckets)
    return sum(here and not before for before, here in zip([False, *found], found, strict=False))


def throughput(buckets: Buckets, glyphs: Glyphs, *, failures: bool = False) -> Spans:
    """How many events there were, with dots where nothing was recorded.

    With `failures` the parts with a burst have the colour of failures.
    """
    ascii = glyphs.area == "ascii"
    signs = sparkline([one.events for one in buckets], len(buckets), ascii=ascii)
    spans: list[Span] = []
    for sign, bucket, burst in zip(signs, buckets, bursts(buckets), strict=True):
        if bucket.events is None:
            spans.append((glyphs.nothing, "faint"))
        elif failures and burst:
            spans.append((sign, "failure"))
        else:
            spans.append((sign, "success" if bucket.events else "faint"))
    return merge_spans(spans)


def failed(buckets: Buckets, glyphs: Glyphs) -> Spans:
    """Where tasks failed, and where in bursts."""
    signs = [
        glyphs.marked if burst else glyphs.nothing if bucket.failures else " "
        for bucket, burst in zip(buckets, bursts(buckets), strict=True)
    ]
    return merge_spans((sign, "text" if sign == " " else "failure") for sign in signs)
