"""What the workers of the sample cluster report."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from celerytui.demo.sample import NOW, sample_survey
from celerytui.demo.traffic import GPU, NODES
from celerytui.model import Section

_LIMITS = {
    "billing.charge": (None, 10, 15),
    "billing.dunning": ("10/m", 60, 90),
    "billing.invoice": (None, 30, 45),
    "billing.refund": ("2/s", 10, 15),
}
_NAMES = (
    *_LIMITS,
    "fraud.score",
    "inventory.sync",
    "mail.send_receipt",
    "media.transcode",
    "orders.checkout",
    "orders.cancel",
    "reports.daily",
    "search.index",
    "webhooks.deliver",
)


def sample_section(hostname: str, name: str, now: float = NOW) -> Section:
    """Build what a worker of the sample answers when it is asked for a section at `now`."""
    node = next((one for one in NODES if one.hostname == hostname), None)
    if node is None or hostname == GPU:
        return Section(hostname, name, now, error="no reply within 1 s")
    survey = sample_survey(now)
    data: Any = {
        "stats": {
            **survey.stats[hostname],
            "total": {one: node.processed // (at + 2) for at, one in enumerate(_NAMES[:6])},
            "rusage": {"maxrss": 118_784, "utime": 41.2, "stime": 3.8, "nvcsw": 91_204},
            "broker": {
                "transport": "redis", "hostname": "10.0.0.7", "port": 6379, "virtual_host": "0",
            },
        },
        "active": [],
        "reserved": [],
        "active_queues": survey.active_queues[hostname],
        "scheduled": [
            _held("77abf031-5d2c-4b88-9e40-a6c1f27d302e", "billing.invoice", now + 14.4),
            _held("c40de2b7-1f3a-4e95-8d07-b92a6e15f003", "billing.dunning", now + 3347.6),
        ],
        "registered": [_registered(one) for one in _NAMES],
        "revoked": ["3be8c510-96f7-4a2d-b1e4-08d35fc6a77f"],
        "conf": {
            "accept_content": ["json"],
            "broker_url": "redis://10.0.0.7:6379/0",
            "task_acks_late": True,
            "task_track_started": True,
            "worker_prefetch_multiplier": 4,
            "worker_send_task_events": True,
        },
    }.get(name, {})  # fmt: skip
    return Section(hostname, name, now, data=data)


def _held(task_id: str, name: str, at: float) -> dict[str, Any]:
    eta = datetime.fromtimestamp(at, timezone.utc).isoformat()
    return {"eta": eta, "priority": 6, "request": {"id": task_id, "name": name, "args": []}}


def _registered(name: str) -> str:
    limits = zip(
        ("rate_limit", "soft_time_limit", "time_limit"), _LIMITS.get(name, ()), strict=False
    )
    facts = " ".join(f"{key}={value}" for key, value in limits if value is not None)
    return f"{name} [{facts}]" if facts else name
