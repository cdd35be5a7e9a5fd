"""Bounded state of the cluster: tasks, workers, queues, rates; how events merge is known here."""

from celerytui.store.failures.group import FailureDetail, FailureRow, VariantRow, variant_rows
from celerytui.store.failures.slices import DAY, WINDOWS, Window, in_cells
from celerytui.store.families import MAX_FAMILY
from celerytui.store.following import Following
from celerytui.store.glance import Glance
from celerytui.store.journal import Journal, tellers
from celerytui.store.past import FROM_HISTORY, Taken, from_history
from celerytui.store.pruning import Pruning
from celerytui.store.queues import SAMPLES as QUEUE_SAMPLES
from celerytui.store.retelling import retell
from celerytui.store.seed import SETTLED
from celerytui.store.settling import FROM_RESULTS, TaskOutcome
from celerytui.store.standing import standing
from celerytui.store.store import Store
from celerytui.store.summary import FAILED_WINDOW, Summary
from celerytui.store.verdicts import PING_SECONDS

__all__ = [
    "DAY",
    "FAILED_WINDOW",
    "FROM_HISTORY",
    "FROM_RESULTS",
    "MAX_FAMILY",
    "PING_SECONDS",
    "QUEUE_SAMPLES",
    "SETTLED",
    "WINDOWS",
    "FailureDetail",
    "FailureRow",
    "Following",
    "Glance",
    "Journal",
    "Pruning",
    "Store",
    "Summary",
    "Taken",
    "TaskOutcome",
    "VariantRow",
    "Window",
    "from_history",
    "in_cells",
    "retell",
    "standing",
    "tellers",
    "variant_rows",
]
