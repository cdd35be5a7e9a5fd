"""PostgreSQL and MariaDB as child processes, on free loopback ports; see `servers`."""

from __future__ import annotations

import atexit
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.servers import Process, Server

POSTGRES_FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/bin")


def postgres_folder() -> Path | None:
    """The folder of PostgreSQL's programs, None where there are none."""
    found = shutil.which("initdb")
    folders = [Path(found).parent] if found else []
    for pattern in POSTGRES_FOLDERS:
        folders += sorted(Path("/").glob(pattern.lstrip("/")), reverse=True)
    return next((one for one in folders if (one / "initdb").exists()), None)


def mariadb_binary() -> str | None:
    """The path of MariaDB's server, None where there is none."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    found = shutil.which("mariadbd", path=path)
    return found if shutil.which("mariadb-install-db") else None


class PostgresServer(Server):
    """PostgreSQL without durability; each url is another database of the role `owner`."""

    scheme = "postgresql"
    boot_seconds = 20.0

    def __init__(self, folder: Path) -> None:
        # It runs as another user, who does not get into pytest's folders.
        self._data = Path(tempfile.mkdtemp(prefix="celerytui-postgres-"))
        atexit.register(shutil.rmtree, self._data, ignore_errors=True)
        super().__init__(folder)
        programs = postgres_folder()
        assert programs is not None
        self._programs = programs
        self._as_user = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._data, user.pw_uid, user.pw_gid)
            self._as_user = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}"]
            self._as_user += ["--clear-groups", "--pdeathsig", "KILL"]
        subprocess.run(
            [
                *(*self._as_user, str(programs / "initdb"), "-D", f"{self._data}/db", "--no-sync"),
                *("-A", "trust", "-U", "owner", "-E", "UTF8", "--locale=C"),
            ],
            check=True,
            capture_output=True,
            cwd=self._data,
        )

    def _fresh_urls(self) -> Iterator[str]:
        for number in itertools.count(1):
            self.execute(f"CREATE DATABASE test{number}")
            yield self.url(f"test{number}")

    def url(self, database: str, user: str = "owner") -> str:
        """The address of a database, for SQLAlchemy."""
        return f"postgresql+psycopg://{user}@127.0.0.1:{self.port}/{database}"

    def _launch(self) -> Process:
        args = [*self._as_user, str(self._programs / "postgres"), "-D", f"{self._data}/db"]
        args += ["-p", str(self.port), "-h", "127.0.0.1", "-k", ""]
        for setting in ("fsync=off", "full_page_writes=off", "shared_buffers=64MB"):
            args += ["-c", setting]
        return Process(args, self.folder / "postgres.log", cwd=self._data)

    def execute(self, statement: str, database: str = "postgres") -> list[Any]:
        """The rows of a statement, outside a transaction."""
        import psycopg

        address = f"host=127.0.0.1 port={self.port} user=owner dbname={database}"
        with psycopg.connect(address, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor) if cursor.description else []

    def answers(self) -> bool:
        import psycopg

        try:
            return self.execute("SELECT 1") == [(1,)]
        except psycopg.Error:
            return False

    def stop(self) -> None:
        if self.process is not None and self.process.running:
            # TERM would wait for its clients.
            self.process.send(signal.SIGINT)
        super().stop()


class MariaServer(Server):
    """MariaDB without durability; each url is another database of its root."""

    scheme = "mysql"
    boot_seconds = 30.0

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        subprocess.run(
            [
                *("mariadb-install-db", "--no-defaults", f"--datadir={folder}/db"),
                *("--auth-root-authentication-method=normal", "--skip-test-db"),
                f"--user={pwd.getpwuid(os.geteuid()).pw_name}",
            ],
            check=True,
            capture_output=True,
        )

    def _fresh_urls(self) -> Iterator[str]:
        for number in itertools.count(1):
            self.execute(f"CREATE DATABASE test{number} CHARACTER SET utf8mb4")
            yield f"mysql+pymysql://root@127.0.0.1:{self.port}/test{number}?charset=utf8mb4"

    def _launch(self) -> Process:
        args = [mariadb_binary() or "", "--no-defaults", f"--datadir={self.folder}/db"]
        args += [f"--port={self.port}", "--bind-address=127.0.0.1"]
        args += [f"--socket={self.folder}/s", "--skip-name-resolve", "--skip-networking=0"]
        args += ["--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M"]
        args += [f"--user={pwd.getpwuid(os.geteuid()).pw_name}"]
        return Process(args, self.folder / "mariadb.log")

    def execute(self, statement: str) -> list[Any]:
        """The rows of a statement."""
        import pymysql

        connection = pymysql.connect(host="127.0.0.1", port=self.port, user="root")
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def answers(self) -> bool:
        import pymysql

        try:
            return bool(self.execute("SELECT 1"))
        except pymysql.Error:
            return False
