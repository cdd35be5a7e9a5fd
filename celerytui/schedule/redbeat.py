"""The schedule that RedBeat keeps in Redis: plain JSON, read without RedBeat.

A sorted set has the entries by their next run, a hash of each its definition and its last run. Beat
holds a lock with a time to live, which it renews in each of its loops.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from celerytui.errors import UsageError
from celerytui.masking import mask_url, one_line
from celerytui.model import Interval, OtherTiming, PlannedEntry, Timing
from celerytui.schedule.due_now import refusal
from celerytui.schedule.redis_client import is_redis, redis_client
from celerytui.schedule.source import ASKED, BeatRules, Sign, Source, SourceReader, scheduler_of
from celerytui.schedule.timings import LATEST, crontab, stamp
from celerytui.schedule.zones import zone, zone_name

NAME = "RedBeat"
LOOP = 300.0
"""Seconds between two of its loops at the most, where nothing else is set."""
RENEWED_SECONDS = 0.5
SLACK = 10.0
"""Seconds that a renewal of the lock may be late."""
AT_ONCE = 500
UNREAD = "\N{REPLACEMENT CHARACTER}"
FOREVER, NO_KEY = -1, -2
"""What Redis says of a key that does not end, and of none, instead of how long it lasts."""
OF_SENTINEL = (
    *("sentinels", "service_name", "sentinel_kwargs", "cluster"),
    *("username", "password", "db", "credential_provider"),
)
"""The options of the broker that RedBeat takes for Redis Sentinel."""
MOST_KEYS = 5 * ASKED
"""Keys of the schedule that are looked at, whether they are still there or not."""
TRIES = 5
"""Beat writes an entry at each of its runs, which may come between."""


class RedBeatReader(SourceReader):
    """Reads the keys below `prefix`; `lock` is the key of its lock, None where it takes none.

    `lock_timeout` is how many seconds that lasts, None where nobody says; `loop` likewise.
    """

    name = NAME
    writable = True

    def __init__(
        self,
        url: str,
        options: Mapping[str, Any],
        *,
        prefix: str = "redbeat:",
        lock: str | None = "redbeat::lock",
        lock_timeout: float | None = None,
        loop: float | None = None,
        timezone: str = "UTC",
    ) -> None:
        self._url, self._options = url, dict(options)
        self._prefix = prefix
        self._schedule = prefix + ":schedule"
        self._lock = lock
        self._lock_timeout = lock_timeout or (None if loop is None else loop * 5)
        self.loop = self._loop = LOOP if loop is None else loop
        self._timezone = timezone
        self._client: Any = None
        self._ttl: float | None = None
        self._seen_at: float | None = None
        self._renewed_at: float | None = None
        self.where = mask_url(url)

    def read(self, now: float) -> list[PlannedEntry]:
        client = self._redis()
        found: dict[str, PlannedEntry] = {}
        start, self.cut = 0, False
        # Keys that are gone are still in the set, and must not hide that there are more entries.
        while len(found) < ASKED:
            if start >= MOST_KEYS:
                self.cut = True
                break
            due = client.zrange(self._schedule, start, start + ASKED - 1, withscores=True)
            if not start:
                self._look_at_lock(client, now)
            found |= self._entries_of(client, due)
            if len(due) < ASKED:
                break
            start += ASKED
        return list(found.values())[:ASKED]

    def _entries_of(self, client: Any, due: Sequence[tuple[str, float]]) -> dict[str, PlannedEntry]:
        """The entries of these keys, those left out that are gone."""
        found = {}
        for start in range(0, len(due), AT_ONCE):
            part = due[start : start + AT_ONCE]
            with client.pipeline(transaction=False) as pipe:
                for key, _ in part:
                    pipe.hmget(key, "definition", "meta")
                # What is no hash is the flaw of its entry alone.
                answers = pipe.execute(raise_on_error=False)
            for (key, score), answer in zip(part, answers, strict=True):
                if isinstance(answer, Exception) or answer[0]:
                    found[key] = self._planned(key, score, answer)
        return found

    def sign(self, now: float) -> Sign | None:
        if self._lock is None or self._seen_at is None:
            return None
        if self._ttl is None:
            return Sign(False, None, f"nobody holds its lock {self._lock}")
        if self._renewed_at is not None and now - self._renewed_at <= self._loop + SLACK:
            return Sign(True, self._renewed_at, "it renewed its lock")
        if self._lock_timeout is None:
            # Whoever started beat with other intervals has a lock that lasts as long as they say.
            return None
        renewed = self._seen_at - (self._lock_timeout - self._ttl)
        fresh = self._ttl > self._lock_timeout - self._loop - SLACK
        return Sign(fresh, min(renewed, self._seen_at), "it renewed its lock")

    def set_enabled(self, name: str, enabled: bool, now: float) -> str:
        def change(key: str, pipe: Any) -> str:
            text = pipe.hget(key, "definition")
            if UNREAD in text:
                raise UsageError(f"{key} is not UTF-8: it would not be written as it was")
            definition = json.loads(text)
            pipe.multi()
            pipe.hset(key, "definition", json.dumps(definition | {"enabled": enabled}))
            return f"{key} written"

        return self._change(name, change)

    def why_not_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        return refusal(plan, now, rules)

    def run_soon(self, plan: PlannedEntry, now: float, rules: BeatRules) -> str:
        def change(key: str, pipe: Any) -> str:
            meta = json.loads(pipe.hget(key, "meta") or "{}")
            pipe.multi()
            # What never ran is due at once; by its place alone a crontab would not be.
            pipe.hset(key, "meta", json.dumps(meta | {"last_run_at": None}))
            pipe.zadd(self._schedule, {key: 0}, xx=True)
            return f"its last run in {key} taken away, so that it is due now"

        return self._change(plan.name, change)

    def _change(self, name: str, change: Callable[[str, Any], str]) -> str:
        """Change an entry that nobody else changes meanwhile; what was written, in words."""
        from redis.exceptions import WatchError

        key = self._prefix + name
        for _ in range(TRIES):
            with self._redis().pipeline() as pipe:
                pipe.watch(key)
                if not pipe.hexists(key, "definition"):
                    raise UsageError(f"there is no entry {name!r} in {self._schedule}")
                text = change(key, pipe)
                with contextlib.suppress(WatchError):
                    pipe.execute()
                    return text
        raise UsageError(f"{key} is being changed by others; try again")

    def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def _redis(self) -> Any:
        if self._client is None:
            self._client = redis_client(self._url, self._options)
        return self._client

    def _look_at_lock(self, client: Any, now: float) -> None:
        """Note how long the lock will last; where that is longer than before, it was renewed."""
        left = NO_KEY if self._lock is None else client.pttl(self._lock)
        if left == FOREVER:
            # It is not RedBeat's, whose locks end.
            self._ttl = self._seen_at = None
            return
        ttl = left / 1000 if left >= 0 else None
        if ttl is not None and self._ttl is not None and self._seen_at is not None:
            before = self._ttl - (now - self._seen_at)
            self._renewed_at = now if ttl > before + RENEWED_SECONDS else self._renewed_at
        self._ttl, self._seen_at = ttl, now

    def _planned(self, key: str, score: float, answer: Any) -> PlannedEntry:
        """An entry by its key, whose name it has for RedBeat too: what is written goes there."""
        name = key.removeprefix(self._prefix)
        try:
            if isinstance(answer, Exception):
                raise answer
            text, meta = answer
            definition = json.loads(text)
            ran = json.loads(meta) if meta else {}
            count = ran.get("total_run_count")
            return PlannedEntry(
                name=name,
                task=str(definition.get("task") or ""),
                timing=_timing(definition.get("schedule")),
                source=NAME,
                timezone=self._timezone,
                args=tuple(definition.get("args") or ()),
                kwargs=dict(definition.get("kwargs") or {}),
                options=dict(definition.get("options") or {}),
                enabled=bool(definition.get("enabled", True)),
                # One that never ran has the time when it was made.
                last_run_at=_at(ran.get("last_run_at")) if count else None,
                changed_at=None if count else _at(ran.get("last_run_at")),
                next_by_source=score if 0 < score < LATEST else None,
                total_runs=count if isinstance(count, int) else None,
                record=key,
                lag=0.0,
            )
        except Exception as error:
            return PlannedEntry(
                name=name,
                task="",
                timing=OtherTiming("unreadable"),
                source=NAME,
                record=key,
                trouble=one_line(error),
            )


def _timing(value: Any) -> Timing:
    if not isinstance(value, dict):
        return OtherTiming("no schedule")
    kind = value.get("__type__")
    if kind == "interval":
        return Interval(float(value["every"]))
    if kind == "crontab":
        return crontab(value)
    # Its own rules of recurrence are computed by another library.
    return OtherTiming(f"{kind or 'unknown schedule'}")


def _at(value: Any) -> float | None:
    """A time as RedBeat writes it: its parts, and the name or the offset of its zone."""
    if not isinstance(value, dict):
        return None
    parts = {name: part for name, part in value.items() if name not in ("__type__", "timezone")}
    named = value.get("timezone", "UTC")
    tz = zone(named) if isinstance(named, str) else timezone(timedelta(seconds=float(named)))
    return stamp(datetime(**parts), tz)


def _for_app(app: Any) -> SourceReader | None:
    conf = app.conf
    chosen = _setting(conf, "redbeat_redis_url")
    if chosen is None and "redbeat" not in scheduler_of(app).lower():
        return None
    url = str(chosen or conf.broker_url or "")
    prefix = str(_setting(conf, "redbeat_key_prefix") or "redbeat:")
    named = _setting(conf, "redbeat_lock_key", prefix + ":lock")
    if named and not str(named).startswith(prefix):
        named = f"{prefix}{named}"
    lasts = _setting(conf, "redbeat_lock_timeout")
    return RedBeatReader(
        url,
        client_options(conf, url),
        prefix=prefix,
        lock=str(named) if named else None,
        lock_timeout=None if lasts is None else float(lasts),
        loop=float(conf.beat_max_loop_interval) if conf.beat_max_loop_interval else None,
        timezone=zone_name(app.timezone),
    )


def client_options(conf: Any, url: str) -> dict[str, Any]:
    """What RedBeat gives its client for a URL: its own options, else some of the broker's."""
    sentinel = url.startswith("redis-sentinel")
    own = _setting(conf, "redbeat_redis_options")
    if own is None:
        of_broker = conf.broker_transport_options or {}
        names = OF_SENTINEL if sentinel else ("cluster",)
        own = {name: value for name, value in of_broker.items() if name in names}
    options = dict(own)
    if not sentinel:
        # They may be those of a broker that is elsewhere.
        options.pop("sentinels", None)
    ssl = _setting(conf, "redbeat_redis_use_ssl", conf.broker_use_ssl)
    if isinstance(ssl, dict) and (sentinel or url.startswith("rediss")):
        options = {**({"ssl": True} if sentinel else {}), **ssl, **options}
    return options


def _setting(conf: Any, name: str, default: Any = None) -> Any:
    for spelling in (name, name.upper()):
        if spelling in conf:
            return conf[spelling]
    return default


def _for_url(url: str, app: Any) -> SourceReader | None:
    return RedBeatReader(url, {}) if is_redis(url) else None


SOURCE = Source(for_app=_for_app, for_url=_for_url)
