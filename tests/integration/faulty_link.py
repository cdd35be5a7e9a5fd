"""A TCP proxy on the loopback, before a broker, that can be made to fail as networks do."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Coroutine
from urllib.parse import urlsplit, urlunsplit

from tests.integration.servers import free_port

PIECE = 65536
LOST_SECONDS = 0.2
"""TCP sends again what was lost after so long, and holds back all that came after it."""


class FaultyLink:
    """A link to the broker at a URL; `url` leads over it. Everything here is for any thread.

    Each byte takes `delay` seconds one way, and one piece in `1 / loss` as long as TCP takes to
    send again what was lost. With `tls` the way to the proxy, and it alone, is encrypted.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host, self._broker, self.port = parts.hostname, parts.port, free_port()
        login = parts.netloc.rpartition("@")[0]
        self.url = urlunsplit(
            parts._replace(netloc=f"{login and login + '@'}127.0.0.1:{self.port}")
        )
        self.delay = 0.0
        self.loss = 0.0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._ways: list[_Way] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="faulty-link", daemon=True)
        self._thread.start()
        self.heal()

    def cut(self) -> None:
        """End every connection; new ones are refused until `heal`."""
        self._do(self._cut())

    def heal(self) -> None:
        """Take connections."""
        self._do(self._listen())

    def end_connections(self) -> None:
        """End every connection; new ones are taken."""
        self._each(_Way.abort)

    def go_silent(self) -> None:
        """Half-open: what is connected stays so, and no byte comes through any more."""
        self._each(_Way.go_silent)

    def reset_inside_a_frame(self) -> None:
        """Every connection's next piece from the broker is cut in its middle, by a reset."""
        self._each(_Way.reset_in_the_middle)

    def hold_up(self, held: bool) -> None:
        """Leave in the broker's buffers what it sends, until this is called with False."""
        self._each(lambda way: way.hold_up(held))

    def close(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        with contextlib.closing(self._loop):
            self._loop.run_forever()
            self._loop.run_until_complete(_end_others())

    def _do(self, work: Coroutine[object, object, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    def _each(self, do: Callable[[_Way], None]) -> None:
        async def work() -> None:
            for way in self._ways:
                do(way)

        self._do(work())

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(
                self._take, "127.0.0.1", self.port, ssl=self._tls
            )

    async def _cut(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            for listener in server.sockets:
                self._loop.remove_reader(listener)
            # What it has just accepted would be left half made by its end.
            for _ in range(5):
                await asyncio.sleep(0)
            server.close()
        for way in self._ways:
            way.abort()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there = await asyncio.open_connection(self._host, self._broker)
        except OSError:
            writer.transport.abort()
            return
        except asyncio.CancelledError:
            writer.transport.abort()
            raise
        down = _Way(self, there[0], writer, from_broker=True)
        up = _Way(self, reader, there[1], from_broker=False)
        down.back, up.back = up, down
        self._ways += [down, up]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(down.carry(), up.carry(), return_exceptions=True)
        for way in (down, up):
            way.abort()
            self._ways.remove(way)


async def _end_others() -> None:
    # What was just taken begins: a task that is cancelled before that closes nothing.
    for _ in range(5):
        await asyncio.sleep(0)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # What was aborted is closed by the loop's next turn.
    await asyncio.sleep(0)


class _Way:
    """One direction of one connection."""

    def __init__(
        self,
        link: FaultyLink,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        from_broker: bool,
    ) -> None:
        self.back: _Way | None = None
        self._link, self._reader, self._writer = link, reader, writer
        self._from_broker = from_broker
        self._silent = self._resets = False
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    def abort(self) -> None:
        self._writer.transport.abort()

    def go_silent(self) -> None:
        self._silent = True

    def reset_in_the_middle(self) -> None:
        self._resets = self._from_broker

    def hold_up(self, held: bool) -> None:
        # What comes from the broker is read by the transport that the other way writes to.
        if self._from_broker and self.back is not None:
            transport = self.back._writer.transport
            assert isinstance(transport, asyncio.Transport)
            (transport.pause_reading if held else transport.resume_reading)()

    async def carry(self) -> None:
        """Hand on every piece after its delay, however many are under way."""
        task = asyncio.create_task(self._hand_on())
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while piece := await self._reader.read(PIECE):
                self._under_way.put_nowait((loop.time() + self._link.delay, piece))
        self._under_way.put_nowait((loop.time() + self._link.delay, b""))
        with contextlib.suppress(OSError):
            await task

    async def _hand_on(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, piece = await self._under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if random.random() < self._link.loss:
                await asyncio.sleep(LOST_SECONDS)
            if self._silent:
                if not piece:
                    # Nobody on the other side learns of the end.
                    await loop.create_future()
            elif self._resets and piece:
                self._reset(piece)
                return
            elif not piece:
                self._writer.close()
                return
            else:
                self._writer.write(piece)

    def _reset(self, piece: bytes) -> None:
        self._writer.write(piece[: len(piece) // 2])
        sock = self._writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.abort()
