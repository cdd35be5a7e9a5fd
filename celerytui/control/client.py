"""What the rest of the program does to workers, all through one gate."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from celerytui.control.action import Action, Call, Result
from celerytui.control.registry import action
from celerytui.control.survey import take_survey
from celerytui.control.talk import Talk, one_line
from celerytui.control.workers import DISABLE_EVENTS, ENABLE_EVENTS
from celerytui.errors import BrokerUnavailable, ReadOnly, UsageError
from celerytui.model import Outcome, Survey

logger = logging.getLogger(__name__)


def _never() -> bool:
    return False


class Control:
    """Asks workers and changes them; for one thread, every wait bounded.

    Each call has a connection of its own to the broker, so one that was lost meanwhile, or that
    the broker closed for its silence, is never met. `timeout` is how many seconds without any
    reply count as no answer.
    """

    def __init__(
        self,
        app: Any,
        *,
        read_only: bool,
        timeout: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._app = app
        self._read_only = read_only
        self._timeout = timeout
        self._clock = clock
        self._stopped = threading.Event()

    def perform(
        self,
        action_id: str,
        targets: Sequence[str],
        params: Mapping[str, str],
        workers: Sequence[str],
        *,
        cancelled: Callable[[], bool] = _never,
    ) -> Outcome:
        """Do an action to its targets; `workers` are the hostnames that should answer.

        What goes wrong on the way stands in the outcome. Raises ReadOnly, and UsageError for an
        action or a parameter that does not exist. `cancelled` is asked between steps.
        """
        return self._do(action(action_id), targets, params, workers, cancelled)

    def survey(self, workers: Sequence[str] = (), *, expected: Sequence[str] = ()) -> Survey:
        """Ask `workers` (returns once all have answered), else everybody, what they do.

        `expected` are hostnames that should be among everybody. Raises BrokerUnavailable.
        """
        with self._talk() as talk:
            return take_survey(talk, workers, expected, self._clock())

    def enable_events(self, workers: Sequence[str]) -> dict[str, bool | None]:
        """Turn task events on: True where that was needed, False where they were on already.

        None is a worker that did not answer or could not. Raises ReadOnly.
        """
        return self._switch(ENABLE_EVENTS, workers)

    def disable_events(self, workers: Sequence[str]) -> dict[str, bool | None]:
        """Turn task events off, with the same meanings as `enable_events`."""
        return self._switch(DISABLE_EVENTS, workers)

    def close(self) -> None:
        """End a call that is in progress; may come from another thread, returns at once."""
        self._stopped.set()

    def _switch(self, switch: Action, workers: Sequence[str]) -> dict[str, bool | None]:
        outcome = self._do(switch, workers, {}, workers, _never)
        needed: dict[str, bool | None] = dict.fromkeys(workers)
        for reply in outcome.replies:
            if reply.ok:
                needed[reply.worker] = "already" not in reply.text
        return needed

    def _do(
        self,
        chosen: Action,
        targets: Sequence[str],
        params: Mapping[str, str],
        workers: Sequence[str],
        cancelled: Callable[[], bool],
    ) -> Outcome:
        """The one gate that every change of the cluster goes through."""
        if self._read_only and chosen.changes:
            raise ReadOnly(f"{chosen.label}: not in read-only mode")
        values = _values(chosen, params)
        started_at = self._clock()
        result = Result((), "nothing was chosen")
        if targets or not chosen.targeted:
            with self._talk() as talk:
                result = self._run(
                    chosen,
                    Call(
                        app=self._app,
                        talk=talk,
                        targets=tuple(dict.fromkeys(targets)),
                        params=values,
                        workers=tuple(dict.fromkeys(workers)),
                        cancelled=lambda: cancelled() or self._stopped.is_set(),
                    ),
                )
        return Outcome(
            chosen.id, tuple(targets), result.replies, started_at, self._clock(), result.error
        )

    def _run(self, chosen: Action, call: Call) -> Result:
        try:
            return chosen.run(call)
        except BrokerUnavailable as exc:
            return Result((), str(exc))
        except Exception as exc:
            logger.exception("%s failed", chosen.id)
            return Result((), one_line(exc))

    @contextlib.contextmanager
    def _talk(self) -> Iterator[Talk]:
        talk = Talk(self._app, self._timeout, self._stopped)
        try:
            yield talk
        finally:
            talk.close()


def _values(chosen: Action, params: Mapping[str, str]) -> dict[str, str]:
    """The parameters with the defaults filled in; UsageError names the one that is wrong."""
    unknown = sorted(set(params).difference(param.name for param in chosen.params))
    if unknown:
        raise UsageError(f"{chosen.id} has no parameter {unknown[0]!r}")
    values = {param.name: params.get(param.name, param.default) for param in chosen.params}
    for param in chosen.params:
        if param.choices and values[param.name] not in param.choices:
            raise UsageError(
                f"{chosen.id}: {param.name} is {values[param.name]!r},"
                f" not one of {', '.join(param.choices)}"
            )
    return values
