"""What goes over a Redis server, as its MONITOR tells, and the commands to workers in it."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
import uuid
from collections import Counter

from tests.waiting import wait_until

COMMAND = re.compile(rb'^\+([\d.]+) \[\d+ [^\]]*\] "PUBLISH" "[^"]*celery\.pidbox" "(.*)"\r?$')
Sent = tuple[str, tuple[str, ...] | None]
"""A command, and the workers that it is for; None is all of them."""


class Wire:
    """All that goes over a Redis server from now on, or the lines that have `only` in them.

    What was done before a question is in its answer: MONITOR tells a moment later, so a word of our
    own is sent and waited for.
    """

    def __init__(self, port: int, only: bytes = b"") -> None:
        self.lines: list[bytes] = []
        self._only = only
        self._port = port
        self._word = f"wire-{uuid.uuid4()}".encode()
        self._said = self._heard = 0
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.sendall(b"MONITOR\r\n")
        self._file = self._socket.makefile("rb")
        assert self._file.readline() == b"+OK\r\n"
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            for line in self._file:
                if self._word in line:
                    self._heard += 1
                elif self._only in line:
                    self.lines.append(line)
        except OSError:
            pass

    def _catch_up(self) -> None:
        """Until all is heard that went over the server before."""
        self._said += 1
        with socket.create_connection(("127.0.0.1", self._port)) as asking:
            asking.sendall(b"ECHO %s\r\n" % self._word)
            with asking.makefile("rb") as answer:
                assert self._word in answer.readline() + answer.readline()
        wait_until(lambda: self._heard >= self._said, 10, "MONITOR to tell")

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._file.close()
        self._socket.close()

    def sent(self) -> list[Sent]:
        """The commands to workers since the last `forget`, in order."""
        return [command for _, command in self.timed()]

    def timed(self) -> list[tuple[float, Sent]]:
        """The same, each with when it was sent."""
        self._catch_up()
        found = []
        for line in list(self.lines):
            matched = COMMAND.match(line)
            if matched is not None:
                envelope = json.loads(_unquoted(matched[2]))
                body = json.loads(base64.b64decode(envelope["body"]))
                whom = body["destination"]
                command = (body["method"], None if whom is None else tuple(sorted(whom)))
                found.append((float(matched[1]), command))
        return found

    def verbs(self) -> Counter[str]:
        """How often each command of Redis was sent, by anybody."""
        self._catch_up()
        found = (re.match(rb'^\+[\d.]+ \[[^\]]*\] "(\w+)"', line) for line in list(self.lines))
        return Counter(one[1].decode().upper() for one in found if one is not None)

    def forget(self) -> None:
        """From here on."""
        self._catch_up()
        self.lines.clear()


def _unquoted(text: bytes) -> str:
    """What MONITOR put into quotes."""
    return re.sub(
        rb"\\(x[0-9a-f]{2}|.)",
        lambda found: bytes([int(found[1][1:], 16)]) if found[1][:1] == b"x" else found[1],
        text,
    ).decode()
