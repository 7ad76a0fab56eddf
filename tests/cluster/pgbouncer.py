"""PgBouncer in transaction mode before a PostgreSQL of the tests' own: each transaction may meet another session."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from tests.cluster.required import skip
from tests.cluster.scratch import scratch

PORT = 6432
START_SECONDS = 30.0


@contextmanager
def pooled(address: str) -> Iterator[str]:
    """The address of that database behind a pooler, on a socket; skips where there is none."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        skip("PgBouncer is not installed (Debian: pgbouncer)")
    parts = urlsplit(address)
    [host] = parse_qs(parts.query)["host"]
    with scratch("pgb-") as folder:
        user = "postgres" if os.geteuid() == 0 else None
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={host} user=forge\n[pgbouncer]\nlisten_addr =\nlisten_port = {PORT}\n"
            f"unix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\nserver_round_robin = 1\n"
            f"logfile = {folder / 'log'}\nmin_pool_size = 3\n",
            "utf-8",
        )
        if user:
            shutil.chown(folder, user)
        process = subprocess.Popen(
            [program, settings],
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            until = time.monotonic() + START_SECONDS
            while not (folder / f".s.PGSQL.{PORT}").exists():
                assert process.poll() is None, "PgBouncer ended"
                assert time.monotonic() < until, "PgBouncer did not start"
                time.sleep(0.02)
            yield f"postgresql://forge@{parts.path}?host={folder}&port={PORT}"
        finally:
            process.kill()
            process.wait()
