"""What each type of task takes: runs, run times and waits by name, over several windows."""

from celerytui.store.statistics.places import PlaceRuns
from celerytui.store.statistics.record import SLICE_SECONDS, WATCHED, WINDOWS
from celerytui.store.statistics.reports import NamedRuns, TypeReports
from celerytui.store.statistics.types import INTERNAL, TypeStatistics
from celerytui.store.statistics.whole import WholeTimes

__all__ = [
    "INTERNAL",
    "SLICE_SECONDS",
    "WATCHED",
    "WINDOWS",
    "NamedRuns",
    "PlaceRuns",
    "TypeReports",
    "TypeStatistics",
    "WholeTimes",
]
