"""What may happen to a monitor's connection to its broker, and how it is done to a real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.integration.servers import wait_until
from tests.integration.stages import PASSWORD, RabbitStage, RedisStage, SentinelStage, Stage

REDIS, RABBITMQ, SENTINEL = "Redis", "RabbitMQ", "Redis Sentinel"
BOTH = (REDIS, RABBITMQ)
LOSS = 0.05
KILLS = 30
LOST = r"disconnected.*Broker connection lost"
MISSING = r"events of [\d,]+ s are missing"

Doing = AbstractContextManager[None]


@dataclass(frozen=True)
class Fault:
    """One kind of fault: `prepare` gives, for a stage, what does it on entry and undoes it on exit.

    It stays for `lasts` seconds; the screen has to say `says`, a regular expression, meanwhile or,
    where it is over at once, until all is well again.
    """

    name: str
    prepare: Callable[[Any], Callable[[], Doing]]
    says: str
    brokers: tuple[str, ...] = BOTH
    lasts: float = 4.0
    at_once: bool = False


def _drop(stage: Stage) -> Callable[[], Doing]:
    return lambda: _done(stage.link.cut, stage.link.heal)


def _delay(stage: Stage) -> Callable[[], Doing]:
    return lambda: _set(stage, delay=0.5)


def _loss(stage: Stage) -> Callable[[], Doing]:
    return lambda: _set(stage, loss=LOSS)


def _half_open(stage: Stage) -> Callable[[], Doing]:
    return lambda: _done(stage.link.go_silent)


def _reset(stage: Stage) -> Callable[[], Doing]:
    return lambda: _done(stage.link.reset_inside_a_frame)


def _killed(times: int) -> Callable[[Stage], Callable[[], Doing]]:
    def kill(stage: Stage) -> None:
        for _ in range(times):
            stage.server.kill()
            stage.link.cut()  # a proxy whose broker is gone would take connections
            time.sleep(0.5)  # how long it is away, and then there
            stage.server.start()
            stage.link.heal()
            time.sleep(1.0)

    return lambda stage: lambda: _done(lambda: kill(stage))


def _memory(stage: Stage) -> Callable[[], Doing]:
    return stage.memory_alarm


def _buffer(stage: RedisStage) -> Callable[[], Doing]:
    def fill() -> None:
        with stage.small_buffers(), stage.cluster.app.events.default_dispatcher() as dispatcher:
            stage.link.hold_up(True)

            def ended() -> bool:
                dispatcher.send("ballast", ballast="x" * 100_000)
                return not stage.listeners()

            wait_until(ended, 30.0, "Redis to end the subscription")
            stage.link.hold_up(False)

    return lambda: _done(fill)


def _client_kill(stage: Stage) -> Callable[[], Doing]:
    return lambda: _done(stage.kill_clients)


def _fail_over(stage: SentinelStage) -> Callable[[], Doing]:
    return lambda: _done(stage.kill_master)


def _password(stage: Stage) -> Callable[[], Doing]:
    stage.as_user()
    return lambda: _done(
        lambda: stage.set_password("another"), lambda: stage.set_password(PASSWORD)
    )


def _tls(stage: Stage) -> Callable[[], Doing]:
    certificates = stage.over_tls()

    def expire() -> None:
        certificates.expire()
        stage.link.end_connections()

    return lambda: _done(expire, certificates.renew)


def _name(stage: Stage) -> Callable[[], Doing]:
    names = stage.by_name()

    def go() -> None:
        names.gone = True
        stage.link.end_connections()

    def come_back() -> None:
        names.gone = False

    return lambda: _done(go, come_back)


def _nothing() -> None:
    pass


@contextmanager
def _done(do: Callable[[], None], undo: Callable[[], None] = _nothing) -> Iterator[None]:
    do()
    try:
        yield
    finally:
        undo()


@contextmanager
def _set(stage: Stage, *, delay: float = 0.0, loss: float = 0.0) -> Iterator[None]:
    stage.link.delay, stage.link.loss = delay, loss
    try:
        yield
    finally:
        stage.link.delay = stage.link.loss = 0.0


FAULTS = (
    Fault("connections dropped, new ones refused for 4 s", _drop, LOST),
    Fault("every byte delayed by 500 ms", _delay, r"\blive\b", lasts=15.0),
    Fault(
        "5 % of the pieces stalled for 200 ms, as TCP does with loss",
        _loss,
        r"\blive\b",
        lasts=20.0,
    ),
    Fault("half-open: nothing comes through, nothing is closed", _half_open, LOST, lasts=12.0),
    Fault("reset inside a frame", _reset, MISSING, at_once=True),
    Fault("broker killed once", _killed(1), MISSING, at_once=True),
    Fault(f"broker killed {KILLS} times", _killed(KILLS), MISSING, at_once=True),
    Fault("memory alarm", _memory, r"blocks publishers|refuses writes|maxmemory", lasts=10.0),
    Fault("client-output-buffer-limit", _buffer, MISSING, brokers=(REDIS,), at_once=True),
    Fault(
        "connections ended by CLIENT KILL", _client_kill, MISSING, brokers=(REDIS,), at_once=True
    ),
    Fault(
        "connections ended by rabbitmqctl",
        _client_kill,
        r"disconnected.*CONNECTION_FORCED - on demand",
        brokers=(RABBITMQ,),
        at_once=True,
    ),
    Fault("fail-over by a sentinel", _fail_over, MISSING, brokers=(SENTINEL,), at_once=True),
    Fault("password changed", _password, r"refused.*Broker connection lost", lasts=6.0),
    Fault("certificate expired", _tls, r"cannot connect.*certificate has exp", lasts=6.0),
    Fault("name gone from DNS", _name, r"disconnected.*(?:Name|broker\.test)", lasts=6.0),
)
"""In the order of the table."""

SHORT = tuple(fault for fault in FAULTS if fault.prepare is _drop or "once" in fault.name)
"""The quickest and most telling, for every run of the tests."""

STAGES: dict[str, type[Stage]] = {REDIS: RedisStage, RABBITMQ: RabbitStage}
