"""The installed program as other processes run it: a newcomer's account, the example file, `imgforge-mcp serve`."""

import json
import os
import re
import shutil
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).parents[2] / "examples" / "claude_desktop_config.json"
SCRIPTS = sysconfig.get_path("scripts")
SYSTEM = ("PYTHONPATH", "SYSTEMROOT", "COMSPEC", "PATHEXT", "TEMP", "TMP", "LANG", "TERM")
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running `imgforge-mcp serve`; `log` grows with what it says on stderr."""

    process: subprocess.Popen[str]
    base_url: str
    log: list[str]

    @property
    def port(self) -> int:
        return int(self.base_url.rpartition(":")[2])


def fresh_account(home: Path, **variables: str) -> dict[str, str]:
    """The environment of somebody who has just made an account: no keys, no settings, nothing drawn yet."""
    home.mkdir(parents=True, exist_ok=True)
    folders = dict.fromkeys(("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA"), str(home))
    system = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    path = os.pathsep.join([SCRIPTS, os.environ.get("PATH", os.defpath)])
    return {**system, **folders, "PATH": path, "PYTHONIOENCODING": "utf-8", **variables}


def example_entry() -> dict[str, Any]:
    """What the example file tells a client to start."""
    servers: dict[str, dict[str, Any]] = json.loads(EXAMPLE.read_text("utf-8"))["mcpServers"]
    [entry] = servers.values()
    return entry


def executable() -> str:
    """The example's command, as installed beside the running interpreter."""
    found = shutil.which(str(example_entry()["command"]), path=SCRIPTS)
    assert found is not None, "the example's command is not installed"
    return found


def run(environment: dict[str, str], *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """A command to its end."""
    return subprocess.run(
        [executable(), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
        **options,
    )


@contextmanager
def serve(environment: dict[str, str], *arguments: str) -> Iterator[Server]:
    """`imgforge-mcp serve` on a free port, up when this yields."""
    process = subprocess.Popen(
        [executable(), "serve", "--port", "0", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    assert process.stderr is not None
    log: list[str] = []
    drain = threading.Thread(target=log.extend, args=(process.stderr,), daemon=True)
    try:
        announced = None
        while announced is None:
            line = process.stderr.readline()
            assert line, f"the server ended: {log}"
            log.append(line)
            announced = re.search(r"(https?://\S+)/mcp", line)
        drain.start()
        yield Server(process=process, base_url=announced[1], log=log)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(STOP_SECONDS)
        if drain.ident is not None:
            drain.join(STOP_SECONDS)
        process.stderr.close()
