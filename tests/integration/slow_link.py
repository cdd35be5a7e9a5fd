"""A TCP proxy on the loopback that delivers every byte so much later, in both directions."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit

from tests.integration.servers import free_port

PIECE = 65536


@contextlib.contextmanager
def slow_link(url: str, seconds: float) -> Iterator[str]:
    """A URL that leads to the same broker over a link with a round trip of so many seconds."""
    parts, port = urlsplit(url), free_port()
    loop, over, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        writers: list[asyncio.StreamWriter] = []

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writers.append(writer)
            with contextlib.suppress(OSError, asyncio.CancelledError):
                there = await asyncio.open_connection(parts.hostname, parts.port)
                writers.append(there[1])
                await asyncio.gather(
                    _deliver(reader, there[1], seconds / 2),
                    _deliver(there[0], writer, seconds / 2),
                )

        async with await asyncio.start_server(take, "127.0.0.1", port):
            ready.set()
            await over.wait()
        for writer in writers:
            writer.transport.abort()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run() -> None:
        with contextlib.closing(loop):
            loop.run_until_complete(serve())

    thread = threading.Thread(target=run, name="slow-link", daemon=True)
    thread.start()
    assert ready.wait(10)
    login = parts.netloc.rpartition("@")[0]
    try:
        yield urlunsplit(parts._replace(netloc=f"{login and login + '@'}127.0.0.1:{port}"))
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)


async def _deliver(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seconds: float
) -> None:
    """Every piece after its delay, however many are under way."""
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def hand_on() -> None:
        while True:
            due, piece = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)

    task = asyncio.create_task(hand_on())
    with contextlib.suppress(OSError):
        while piece := await reader.read(PIECE):
            under_way.put_nowait((loop.time() + seconds, piece))
    under_way.put_nowait((loop.time() + seconds, b""))
    with contextlib.suppress(OSError):
        await task
