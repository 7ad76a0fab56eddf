"""A process of its own over a forge: `python -m tests.faults._worker REQUESTS CALLERS SEED [--finish]`.

It says `ready`, waits for a line on stdin (or its end), submits the requests of a JSON file in a seeded order with that
many callers, and says what became of each submit, one JSON object a line. Then it lives on, or with --finish ends.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from imgforge_mcp import Forge, ImageRequest, open_forge
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.errors import ForgeError

PATIENCE = 2.0
"""How long a caller looks after one job before it submits the next."""


async def main(wanted: list[ImageRequest], callers: int, *, finish: bool) -> None:
    async with open_forge(load_config()) as forge:
        tell(ready=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)
        left = iter(wanted)
        async with anyio.create_task_group() as tasks:
            for _ in range(callers):
                tasks.start_soon(call, forge, left, None if finish else PATIENCE)
        if not finish:
            await anyio.sleep_forever()


async def call(forge: Forge, left: Iterator[ImageRequest], patience: float | None) -> None:
    """One caller: submits, looks after the job, takes the next request."""
    for request in left:
        try:
            job = await forge.submit(request, forge.caller())
            tell(prompt=request.prompt, job_id=job.job_id)
            job = await forge.job(job.job_id, forge.caller(), wait_seconds=patience or 60.0)
            if patience is None:
                tell(prompt=request.prompt, state=job.state.value, assets=[asset.asset_id for asset in job.assets])
        except ForgeError as error:
            tell(prompt=request.prompt, code=error.code, error=error.message)


def tell(**said: Any) -> None:
    """One whole line at once, so that a kill leaves no half of it."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def read_requests(path: Path, seed: int) -> list[ImageRequest]:
    wanted = [ImageRequest.model_validate(each) for each in json.loads(path.read_text("utf-8"))]
    random.Random(seed).shuffle(wanted)
    return wanted


if __name__ == "__main__":
    asked = read_requests(Path(sys.argv[1]), int(sys.argv[3]))
    anyio.run(lambda: main(asked, int(sys.argv[2]), finish="--finish" in sys.argv))
