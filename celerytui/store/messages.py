"""What a task's message says of itself: its name, arguments, family and address."""

from __future__ import annotations

from celerytui.iso_time import epoch
from celerytui.model import OWN_ROOT, Event, Lineage, Task, TaskExtra, TaskState
from celerytui.store.extras import SharedExtra, SharedExtras, own
from celerytui.store.families import Families
from celerytui.store.interning import CommonTexts, InternTable
from celerytui.store.queues import MAX_QUEUES
from celerytui.store.skew import UNKNOWN, ClientClocks, Skew

SENT = TaskState.SENT

MAX_NAMES = 5000

MAX_DEPTH = 100
"""Parents above a task among which it is looked for before it gets one."""


class Messages:
    """Copies the fields of a task-sent or task-received into the task, sharing equal texts.

    `queue_names` are the queues that events or workers named, the first `MAX_QUEUES`, and
    `task_names` the names of tasks, the first `MAX_NAMES`. `client_clocks` take the stamps of each
    task-sent, from the caller, which knows when it came.
    """

    def __init__(self, tasks: dict[str, Task], families: Families, intern: InternTable) -> None:
        self.queue_names: dict[str, str] = {}
        self.task_names: dict[str, str] = {}
        self.common = CommonTexts()
        self.intern = intern
        self.client_clocks = ClientClocks()
        self._tasks = tasks
        self._families = families
        self._extras = SharedExtras()

    def begin(self, event: Event, task_id: str, state: TaskState) -> Task:
        """A task that was not known, with all that its task-sent or task-received says."""
        name, args, kwargs = event.name, event.args, event.kwargs
        at, root_id, parent_id = event.timestamp, event.root_id, event.parent_id
        own_root = parent_id is None and root_id == task_id
        task = Task(
            task_id,
            0,
            state,
            name=None if name is None else self.task_name(name),
            args=None if args is None else self.common(args),
            kwargs=None if kwargs is None else self.common(kwargs),
            retries=event.retries,
            sent=at if state is SENT else None,
            received=None if state is SENT else at,
            seen=at,
            lineage=OWN_ROOT if own_root else None,
        )
        if not own_root:
            self.relate(task, root_id, parent_id)
        if event.eta is not None or event.expires is not None:
            task.extra = TaskExtra(eta=epoch(event.eta), expires=epoch(event.expires))
        return task

    def describe(self, task: Task, event: Event) -> None:
        """Take all that the event says of the message; it may leave fields out."""
        # It mostly says what the task-sent said.
        name, args, kwargs = event.name, event.args, event.kwargs
        if name is not None and name != task.name:
            task.name = self.task_name(name)
        if args is not None and args != task.args:
            task.args = self.common(args)
        if kwargs is not None and kwargs != task.kwargs:
            task.kwargs = self.common(kwargs)
        if task.lineage is not OWN_ROOT or event.root_id not in (None, task.id):
            self.relate(task, event.root_id, event.parent_id)

    def fill(self, task: Task, event: Event) -> None:
        """Take what the event says where nothing is known yet."""
        if task.name is None and event.name is not None:
            task.name = self.task_name(event.name)
        if task.args is None and event.args is not None:
            task.args = self.common(event.args)
        if task.kwargs is None and event.kwargs is not None:
            task.kwargs = self.common(event.kwargs)
        if task.root_id is None or task.parent_id is None:
            self.relate(task, task.root_id or event.root_id, event.parent_id)

    def address(self, task: Task, event: Event) -> None:
        """Take from a task-sent who sent it and where to."""
        if event.queue is not None:
            task.queue = self.queue_name(event.queue)
        extra, shift = task.extra, self.client_clocks.shift(event.hostname)
        if extra is None or type(extra) is SharedExtra:
            worker_shift = None if extra is None else extra.worker_shift
            task.extra = self._extras.get(
                event.hostname, event.exchange, event.routing_key, shift, worker_shift
            )
        else:
            extra.client = self.intern(event.hostname)
            extra.exchange = event.exchange
            extra.routing_key = event.routing_key
            extra.client_shift = shift

    def set_worker_clock(self, task: Task, skew: Skew) -> None:
        """Note how the clock of the task's worker differs from ours."""
        extra, shift = task.extra, skew.shift
        if skew.ahead is None and extra is not None and extra.client_shift:
            shift = UNKNOWN
        if shift == (None if extra is None else extra.worker_shift):
            return
        if extra is None or type(extra) is SharedExtra:
            task.extra = self._extras.with_worker_shift(extra, shift)
        else:
            extra.worker_shift = shift

    def queue_name(self, name: str) -> str:
        """The one object for a queue's name, remembered as a queue that there is."""
        known = self.queue_names.get(name)
        if known is not None:
            return known
        if len(self.queue_names) < MAX_QUEUES:
            self.queue_names[name] = name
        return name

    def task_name(self, name: str) -> str:
        """The one object for a task's name, remembered for who looks for it."""
        known = self.task_names.get(name)
        if known is not None:
            return known
        name = self.intern(name)
        if len(self.task_names) < MAX_NAMES:
            self.task_names[name] = name
        return name

    def relate(self, task: Task, root_id: str | None, parent_id: str | None) -> None:
        """Take what is said of the task's family.

        The parent that was reported first stays while the root does: a task that is replaced or
        retried is sent again, by what it called or by itself. No task is its own ancestor.
        """
        known = task.lineage
        same = known is not None and root_id in (None, task.root_id)
        if same and (known is OWN_ROOT or task.parent_id is not None):
            return
        if root_id is None:
            root_id = task.root_id
        if parent_id is not None and self._descends(parent_id, task.id):
            parent_id = None
        if parent_id is None and root_id == task.id:
            self._families.leave(task)
            task.lineage = OWN_ROOT
        elif parent_id is not None or root_id is not None:
            self._families.leave(task)
            task.lineage = Lineage(self._same_id(root_id), self._same_id(parent_id))
            self._families.join(task)

    def _descends(self, task_id: str, ancestor: str) -> bool:
        """Whether a task is another one, or was called by it, however far up."""
        for _ in range(MAX_DEPTH):
            if task_id == ancestor:
                return True
            task = self._tasks.get(task_id)
            parent_id = None if task is None else task.parent_id
            if parent_id is None:
                return False
            task_id = parent_id
        return False

    def _same_id(self, task_id: str | None) -> str | None:
        known = self._tasks.get(task_id or "")
        return task_id if known is None else known.id


def take_try(task: Task, event: Event) -> None:
    """Take which try the message is, and its ETA and expiry."""
    if event.retries is not None:
        task.retries = event.retries
    if event.eta is not None or event.expires is not None:
        extra = own(task)
        extra.eta = epoch(event.eta)
        extra.expires = epoch(event.expires)
    elif task.extra is not None and type(task.extra) is not SharedExtra:
        # A retry without a countdown has no ETA, though the try before it had one.
        task.extra.eta = task.extra.expires = None
