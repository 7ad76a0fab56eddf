"""One picture's life in a process that can be killed at any storage call: `python -m tests.faults._life`.

It forks a child for each line on stdin (`first`, `open`, `live`, `look`) and says its process id. `first` is a life
that says what it imported on its way; `load` imports that, for reading our own program is no storage call of a picture.
A child waits for the next line (a tracer may be attached by then), asks a forge for the one picture, says its job id as
soon as it is acknowledged and then how it ended, and is gone. `look` is the next start after an accident: it sets its
clock forward until every lease of the dead has run out.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

import anyio
import anyio.to_thread

from imgforge_mcp import ImageRequest, open_forge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ForgeError
from imgforge_mcp.storage.registry.contract import LEASE_SECONDS

THE_ONE = ImageRequest(
    prompt="a red fox", model="together/flux-schnell", width=64, height=64, enhance=False, idempotency_key="the one"
)


LOADED = frozenset(sys.modules)


class LaterClock(Clock):
    def now(self) -> datetime:
        return super().now() + timedelta(seconds=LEASE_SECONDS + 1)


async def live(what: str) -> None:
    clock = LaterClock() if what == "look" else Clock()
    anyio.to_thread.current_default_thread_limiter().total_tokens = 1
    try:
        async with open_forge(load_config(), clock) as forge:
            if what == "open":
                await forge.recent_jobs(1, forge.caller())
                return
            caller = forge.caller()
            job = await forge.submit(THE_ONE, caller)
            tell(job_id=job.job_id)
            job = await forge.job(job.job_id, caller, wait_seconds=60.0)
            pictures = [len((await forge.asset(each.asset_id))[1]) for each in job.assets]
            imported = [name for name in sys.modules if name not in LOADED] if what == "first" else []
            tell(state=job.state.value, code=(job.error or {}).get("code"), pictures=pictures, imported=imported)
    except ForgeError as error:
        tell(code=error.code)


def tell(**said: object) -> None:
    """By another system call than those of storage: what is told of a life is no part of it."""
    os.writev(1, [json.dumps(said).encode() + b"\n"])


def lines() -> Iterator[str]:
    """Read without a buffer: a child must not find its parent's lines in its own."""
    line = b""
    while byte := os.read(0, 1):
        line += byte
        if byte == b"\n":
            yield line.decode().strip()
            line = b""


def main() -> None:
    tell(ready=True)
    commands = lines()
    for command, *names in map(str.split, commands):
        if command == "load":
            for name in names:
                importlib.import_module(name)
            tell(loaded=len(names))
            continue
        child = os.fork()
        if child == 0:
            next(commands)
            anyio.run(live, command)
            os._exit(0)
        tell(pid=child)
        _, status = os.waitpid(child, 0)
        tell(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
