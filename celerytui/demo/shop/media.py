"""Pictures and films."""

from __future__ import annotations

from celery import shared_task

from celerytui.demo.shop.pretend import happens, work


class EncoderError(RuntimeError):
    """The encoder gave up on a film."""


@shared_task(name="media.transcode")
def transcode(path: str, preset: str = "1080p") -> dict[str, int]:
    """Encode one film, slowly."""
    work(9.0, spread=0.4)
    if happens(0.08):
        raise EncoderError(f"{path}: moov atom not found")
    return {"frames": 4320}


@shared_task(name="media.resize")
def resize(path: str, width: int = 1280) -> tuple[int, int]:
    """Make one picture smaller."""
    work(0.12)
    return width, width * 9 // 16
