"""Server-sent events: each card that changes, as the registry has it, whichever process works on the job."""

import json
from collections.abc import AsyncGenerator, Callable

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.types import Caller, Job
from imgforge_mcp.forge import Forge
from imgforge_mcp.http.pages.showing import mark

WATCHED = 24
"""How many of the newest jobs are looked at."""
LOOK_SECONDS = 1.0
QUIET_LOOKS = 15
"""After so many looks without news a comment is sent, so that nobody takes the connection for dead."""
MOST_LOOKS = 1800
"""Then the browser connects anew: a caller whose key has ended does not go on watching."""


async def events(
    forge: Forge, caller: Caller, clock: Clock, render: Callable[[Job], str], since: str
) -> AsyncGenerator[str, None]:
    """What happened to the newest jobs since the page was made, then every change. `since` is the newest job on it."""
    known: dict[str, tuple[object, ...]] | None = None
    quiet = 0
    for _ in range(MOST_LOOKS):
        jobs = await forge.recent_jobs(WATCHED, caller)
        changed = [job for job in jobs if known is None or known.get(job.job_id) != mark(job)]
        if known is None:
            changed = [job for job in changed if job.job_id > since or not job.state.is_final]
        known = {job.job_id: mark(job) for job in jobs}
        for job in reversed(changed):
            yield _event(job, render)
        quiet = 0 if changed else quiet + 1
        if quiet >= QUIET_LOOKS:
            quiet = 0
            yield ": still here\n\n"
        await clock.sleep(LOOK_SECONDS)


def _event(job: Job, render: Callable[[Job], str]) -> str:
    data = {"job_id": job.job_id, "state": job.state.value, "html": render(job)}
    return f"event: card\ndata: {json.dumps(data)}\n\n"
