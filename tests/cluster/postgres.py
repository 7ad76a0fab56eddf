"""A PostgreSQL of the tests' own, in a temporary directory, on a socket: nobody's network, nobody's data."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Literal

from tests.cluster.required import skip
from tests.cluster.scratch import scratch

try:
    import psycopg
    import psycopg_pool
except ImportError:
    psycopg_pool = None  # type: ignore[assignment]

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "log_min_messages": "fatal",
}
"""For data that nobody wants tomorrow."""
TEMPLATE = "registry"
"""A database whose tables are made already."""


def programs() -> Path | None:
    """The folder of initdb and pg_ctl; Debian keeps them out of the path."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in reversed(folders) if (folder / "pg_ctl").exists()), None)


class Postgres:
    """One server; each `database` is a new one. Its superuser is called as the process is."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self._folder = folder
        self._binaries = binaries
        self._user = "postgres" if os.geteuid() == 0 else None
        """PostgreSQL refuses to run as root."""
        self._numbers = count(1)
        self._has_template = False
        self._databases: list[str] = []

    def make(self) -> None:
        if self._user:
            shutil.chown(self._folder, self._user)
        self._call("initdb", "-D", str(self._data), "-U", "forge", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        with (self._data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in SETTINGS.items())
            file.write(f"unix_socket_directories = '{self._folder}'\n")

    def start(self) -> None:
        self._call("pg_ctl", "-D", str(self._data), "-w", "-l", str(self._folder / "log"), "start")

    def stop(self, how: Literal["fast", "immediate"] = "immediate") -> None:
        self._call("pg_ctl", "-D", str(self._data), "-w", "-m", how, "stop")

    def database(self) -> str:
        """The address of a new, empty database."""
        return self._created("template1")

    def registry(self) -> str:
        """The address of a new database with the registry's tables, in a tenth of the time."""
        from imgforge_mcp.storage.registry.postgres.connecting import connected
        from imgforge_mcp.storage.registry.postgres.schema import migrate

        if not self._has_template:
            with connected(self._created("template1", TEMPLATE)) as connection:
                migrate(connection)
            self._has_template = True
        return self._created(TEMPLATE)

    def _created(self, template: str, name: str = "") -> str:
        if not name:
            name = f"forge{next(self._numbers)}"
            self._databases.append(name)
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.address(name)

    def forget(self) -> None:
        """Give back the room of what a test has had: 7 MB each."""
        while self._databases:
            self._execute(f"DROP DATABASE {self._databases.pop()} WITH (FORCE)")

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self.address("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def address(self, name: str) -> str:
        return f"postgresql://forge@/{name}?host={self._folder}"

    @property
    def _data(self) -> Path:
        return self._folder / "data"

    def _call(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [self._binaries / program, *arguments],
            check=True,
            user=self._user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def served() -> Iterator[Postgres]:
    """Skips where there is no PostgreSQL, or no client for it."""
    if psycopg_pool is None:
        skip("the extra cluster is not installed")
    binaries = programs()
    if binaries is None:
        skip("PostgreSQL's programs are not installed (Debian: postgresql)")
    with scratch("pg-") as folder:
        server = Postgres(folder, binaries)
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()
