"""A client for partners' servers that are not there."""

from __future__ import annotations

from celerytui.demo.shop.pretend import happens, work
from celerytui.demo.shop.webhooks.errors import ReadTimeout


def post(host: str, payload: dict[str, object], timeout: float) -> int:
    """Send one payload and return the HTTP status."""
    work(0.1, spread=0.5)
    try:
        return _read(host, timeout)
    except TimeoutError as error:
        raise ReadTimeout(f"{host} did not answer within {timeout:g} s") from error


def _read(host: str, timeout: float) -> int:
    if happens(0.04):
        work(timeout, spread=0.0)
        raise TimeoutError("timed out")
    return 200
