"""What each type of task takes: runs, run times and waits by name, over three windows."""

from celerytui.store.statistics.record import WINDOWS
from celerytui.store.statistics.reports import TypeReports
from celerytui.store.statistics.types import INTERNAL, TypeStatistics
from celerytui.store.statistics.whole import WholeTimes

__all__ = ["INTERNAL", "WINDOWS", "TypeReports", "TypeStatistics", "WholeTimes"]
