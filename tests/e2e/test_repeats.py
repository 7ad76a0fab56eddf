"""A client that loses patience with a slow provider and asks again, through the installed program: one picture is
bought."""

from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests import emulators
from tests.answers import told
from tests.e2e._program import executable, fresh_account

pytestmark = [pytest.mark.long, pytest.mark.anyio]

ASKED = {"prompt": "a lighthouse in a storm", "model": "together/flux-schnell"}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("worker", ["inline", "detached"])
async def test_a_call_that_is_given_up_and_repeated_three_times_is_one_post(
    mode: str, worker: str, tmp_path: Path
) -> None:
    """The provider answers only after the third call was given up, as one that takes 12 s does a client of 4 s."""
    emulator = emulators.load("together")
    emulator.fault("hang", times=1)
    with emulator.serve():
        account = {**fresh_account(tmp_path), **emulator.environment(), "IMGFORGE_WORKER": worker}
        server = stdio_client(StdioServerParameters(command=executable(), args=[], env=account))
        async with Client(server, mode=mode) as client:
            for _ in range(3):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(client.call_tool, "generate_image", ASKED)
                    await anyio.to_thread.run_sync(partial(emulator.wait_for_submits, timeout=60))
                    tasks.cancel_scope.cancel()
            emulator.clear()
            job = told(await client.call_tool("generate_image", ASKED))
            if job["state"] != "completed":
                job = told(await client.call_tool("check_job", {"job_id": job["job_id"], "wait_seconds": 50}))
            jobs = told(await client.call_tool("check_job", {}))["jobs"]
    assert job["state"] == "completed"
    assert [line["job_id"] for line in jobs] == [job["job_id"]]
    assert len(emulator.submits) == 1
