"""What a connection to a broker needs beside the broker: a certificate, and a name."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from pathlib import Path
from typing import Any
from unittest import mock

from tests.integration.servers import missing

NAME = "broker.test"


class Certificates:
    """Those of 127.0.0.1, by an authority of its own; `context` is the broker's end."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            missing("openssl")
        self._folder = folder
        self.authority = folder / "authority.pem"
        self._key = folder / "key.pem"
        signs = ("-addext", "keyUsage=critical,keyCertSign")
        made = ("req", "-x509", *self._new("authority.key"), *signs)
        self._make(*made, "-out", str(self.authority))
        self._make("req", *self._new(self._key.name), "-out", str(folder / "request.pem"))
        # All that Python 3.13 wants to see.
        (folder / "names").write_text("subjectAltName=IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n")
        self._valid, self._expired = self._sign("valid.pem", 2), self._sign("expired.pem", -1)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.renew()

    def expire(self) -> None:
        """New connections get a certificate of yesterday."""
        self.context.load_cert_chain(self._expired, self._key)

    def renew(self) -> None:
        self.context.load_cert_chain(self._valid, self._key)

    def _make(self, *args: str) -> None:
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self._folder)

    @staticmethod
    def _new(key: str) -> list[str]:
        return ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={key}"]

    def _sign(self, name: str, days: int) -> Path:
        signer = ("-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial")
        signed = ("-days", str(days), "-extfile", "names", "-out", name)
        self._make("x509", "-req", "-in", "request.pem", *signer, *signed)
        return self._folder / name


class Names:
    """Inside, the resolver of this process knows `NAME`, unless it is `gone`."""

    gone = False

    def __enter__(self) -> Names:
        self._real: Any = socket.getaddrinfo
        self._patch = mock.patch("socket.getaddrinfo", self._look_up)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()

    def _look_up(self, host: Any, *args: Any, **more: Any) -> Any:
        if host != NAME:
            return self._real(host, *args, **more)
        if self.gone:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return self._real("127.0.0.1", *args, **more)
