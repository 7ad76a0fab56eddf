"""An S3 service of the tests' own: SeaweedFS, on loopback, over a temporary directory."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.cluster.required import skip
from tests.cluster.scratch import scratch

START_SECONDS = 60.0
STARTS = 3
"""It ends at once where a port that was free a moment ago is another's by now."""
KEYS = {"AWS_ACCESS_KEY_ID": "forge", "AWS_SECRET_ACCESS_KEY": "canary-of-the-bucket"}
PARTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket; each `place` is a prefix of its own."""

    endpoint: str
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def place(self) -> str:
        return f"s3://pictures/of/{next(self.numbers)}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **KEYS,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
        }


@contextmanager
def served() -> Iterator[Bucket]:
    """Skips where there is no SeaweedFS, or no client for it."""
    try:
        import obstore  # noqa: F401
    except ImportError:
        skip("the extra cluster is not installed")
    beside = Path(sys.executable).parent / "weed"
    program = str(beside) if beside.exists() else shutil.which("weed")
    if program is None:
        skip("SeaweedFS is not installed (the extra servers)")
    with scratch("s3-") as folder:
        for number in range(STARTS):
            with _started(program, folder / str(number)) as (process, bucket):
                if _answers(bucket, process):
                    yield bucket
                    return
        raise AssertionError(f"SeaweedFS did not start: {(folder / f'{number}/log').read_text('utf-8', 'replace')}")


@contextmanager
def _started(program: str, folder: Path) -> "Iterator[tuple[subprocess.Popen[bytes], Bucket]]":
    ports = _free_ports(2 * len(PARTS))
    folder.mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *_arguments(folder, ports)],
            env={**os.environ, **KEYS},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield process, Bucket(endpoint=f"http://127.0.0.1:{ports[6]}")
    finally:
        process.kill()
        process.wait()


def _arguments(folder: Path, ports: list[int]) -> list[str]:
    named = [
        f"-{part}.port{kind}={ports[2 * number + place]}"
        for number, part in enumerate(PARTS)
        for place, kind in enumerate(("", ".grpc"))
    ]
    return [
        *("server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", *named),
        *("-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=0"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        f"-filer.localSocket={folder / 'filer.sock'}",
    ]


def _answers(bucket: Bucket, process: "subprocess.Popen[bytes]") -> bool:
    from imgforge_mcp.base.errors import StorageError
    from imgforge_mcp.storage.images.s3 import S3Images

    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            S3Images("s3://pictures", bucket.environment).prepare()
            return True
        except StorageError:
            time.sleep(0.1)
    return False


def _free_ports(number: int) -> list[int]:
    sockets = [socket.socket() for _ in range(number)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [int(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports
