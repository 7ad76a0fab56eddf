"""A client that goes in the midst of a call, in its own library's way of ending the processes it started."""

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e import _program
from tests.e2e._node import Node
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE, Child, end_workers, until
from tests.faults.test_detached import only_job

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform == "win32", reason="the worker's end is a POSIX signal"),
]

LEAVE = """
import { existsSync } from "node:fs";
const [line, target, sign] = process.argv.slice(2);
const [main, stdio] = line === "1"
  ? ["@modelcontextprotocol/sdk/client/index.js", "@modelcontextprotocol/sdk/client/stdio.js"]
  : ["@modelcontextprotocol/client", "@modelcontextprotocol/client/stdio"];
const { Client } = await import(main);
const { StdioClientTransport } = await import(stdio);
const client = new Client({ name: "leaver", version: "1.0.0" });
await client.connect(new StdioClientTransport(JSON.parse(target)));
client.callTool({ name: "generate_image", arguments: { prompt: "a fox" } }).catch(() => {});
while (!existsSync(sign)) await new Promise((resolve) => setTimeout(resolve, 20));
await client.close();
"""


@pytest.mark.parametrize("line", [pytest.param("1", id="sdk-1.x"), pytest.param("2", id="client-2.x")])
def test_the_picture_is_made_when_the_typescript_sdk_ends_the_server(
    line: str, node: Node, emulate: Callable[[str], Emulator], environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    together = emulate("together")
    together.fault("hang")
    account = _program.fresh_account(tmp_path / "account", **environment, **together.environment())
    del account["IMGFORGE_WORKER"]
    entry = {"command": _program.executable(), "args": [], "env": account}
    sign = tmp_path / "leave"
    try:
        with ThreadPoolExecutor(1) as threads:
            client = threads.submit(
                node.run,
                *("--input-type=module", "-", line, json.dumps(entry), str(sign)),
                environment=account,
                script=LEAVE,
            )
            try:
                assert together.wait_for_submits(timeout=4 * PATIENCE), "three programs have to start for it"
            finally:
                sign.touch()
            assert client.result().returncode == 0, client.result().stderr
        together.clear()
        with Child(account) as child:
            result = child.greet().call("check_job", job_id=only_job(home), wait_seconds=30)
        assert json.loads(result["content"][0]["text"])["state"] == "completed"
        assert len(together.submits) == 1
    finally:
        together.clear()
        end_workers(home)


def test_a_command_that_has_a_day_leaves_its_picture_to_the_worker(
    emulate: Callable[[str], Emulator], environment: dict[str, str], home: Path, tmp_path: Path
) -> None:
    openai = emulate("openai")
    openai.polls = 10**6
    account = _program.fresh_account(tmp_path / "account", **environment, **openai.environment())
    del account["IMGFORGE_WORKER"]
    wanted = ("a", "red", "fox", "--model", "gpt-image-2", "--urgency", "day", "--json")
    try:
        left = _program.run(account, "generate", *wanted)
        job = json.loads(left.stdout)
        assert left.returncode == 0, left.stderr
        assert f"imgforge-mcp jobs {job['job_id']}" in job["message"]
        until(lambda: bool(openai.lane), "the worker makes a batch of it")  # type: ignore[attr-defined]
        assert json.loads(_program.run(account, "jobs", job["job_id"], "--json").stdout)["state"] == "processing"
    finally:
        end_workers(home)
