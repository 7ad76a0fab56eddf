"""Two tenants on one server, at every tool and resource: neither sees a byte, a count or an id of the other's."""

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from imgforge_mcp import Job
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.http.conftest import OpenSite, Site

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
ACCEPT = {"Accept": "application/json, text/event-stream"}
GREETING = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}


class Speaker:
    """An MCP client of one key, as plain as can be: what it is answered, as text."""

    def __init__(self, site: Site, key: dict[str, str]) -> None:
        self._site = site
        self._headers = {**ACCEPT, **key}

    async def ask(self, method: str, **params: Any) -> str:
        if "Mcp-Session-Id" not in self._headers and method != "initialize":
            await self.ask("initialize", **GREETING)
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        reply = await self._site.http.post("/mcp", json=asked, headers=self._headers)
        assert reply.status_code == 200, reply.text
        if session := reply.headers.get("mcp-session-id"):
            self._headers["Mcp-Session-Id"] = session
        return reply.text

    async def call(self, name: str, **arguments: Any) -> str:
        return await self.ask("tools/call", name=name, arguments=arguments)


async def test_no_tool_and_no_resource_shows_anything_of_another_tenant(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    settings = {"IMGFORGE_DAILY_BUDGET_USD": "9", "IMGFORGE_MONTHLY_BUDGET_USD": "90"}
    async with site_on(together, **settings) as site:
        mine, theirs = await site.key("mine"), await site.key("theirs", budget_usd_month=5.0)
        async with site.running():
            asked = {"prompt": "secret fox", "sync": True, "idempotency_key": "k", "project_id": "secret-project"}
            job = (await site.http.post("/v2/generate", json=asked, headers=mine)).json()
            batch = (
                await site.http.post(
                    "/api/batch/generate", json={"prompts": ["secret owl"], "model": "flux-schnell"}, headers=mine
                )
            ).json()["batch_id"]
            [item] = await site.forge.batch(batch, site.forge.caller(), 3600.0)
            assert isinstance(item, Job)
            assert item.state.is_final
            sent = len(together.submits)
            other = Speaker(site, theirs)
            job_id, asset = job["job_id"], job["asset_url"].rpartition("/")[2]
            unasked = [
                await other.call("check_job"),
                await other.call("list_models"),
                await other.ask("resources/read", uri="imgforge://usage"),
                await other.ask(
                    "completion/complete",
                    ref={"type": "ref/resource", "uri": "imgforge://jobs/{job_id}"},
                    argument={"name": "job_id", "value": ""},
                ),
            ]
            named = [
                await other.call("check_job", job_id=job_id),
                await other.call("check_job", job_id=batch),
                await other.call("cancel_job", job_id=job_id),
                await other.call("cancel_job", job_id=batch),
                *[
                    await other.call("edit_image", prompt="make it winter", image=image)
                    for image in (job_id, asset, asset[:12], f"imgforge://assets/{asset}")
                ],
                await other.call("generate_image", prompt="a dog", input_images=[asset]),
            ]
            for answered in unasked:
                assert job_id not in answered
                assert asset[:12] not in answered
            for answered in named:
                assert "not_found" in answered
            for answered in (*unasked, *named, await other.ask("resources/read", uri=f"imgforge://jobs/{job_id}")):
                assert "secret" not in answered
                assert "together/" not in answered or answered is unasked[1]
            assert len(together.submits) == sent
            usage = json.loads(_text(await other.call("get_usage")))
            again = await site.http.post("/v2/generate", json={**asked, "prompt": "a dog"}, headers=theirs)
    assert (usage["images"], usage["cost_usd"]) == (0, 0)
    assert usage["budgets"] == {"monthly": {"cap_usd": 5.0, "committed_usd": 0, "left_usd": 5.0}}
    assert usage["quotas"] == {}
    assert again.status_code == 201  # the same idempotency key is another's, and no conflict


def _text(answer: str) -> str:
    """The text block of a tool's answer, out of its event."""
    data = next((line[5:] for line in answer.splitlines() if line.startswith("data:") and "result" in line), answer)
    text: str = json.loads(data)["result"]["content"][0]["text"]
    return text


async def test_sixty_a_minute_are_sixty_over_two_processes_and_two_hundred_callers(
    emulate: Emulate, tmp_path: Path
) -> None:
    together = emulate("together")
    account = fresh_account(tmp_path, IMGFORGE_HOME=str(tmp_path / "home"), **together.environment())
    made: subprocess.CompletedProcess[str] = run(account, "keys", "create", "team", "--per-minute", "60", "--json")
    key = {"Authorization": f"Bearer {json.loads(made.stdout)['key']}"}
    replies: list[httpx.Response] = []
    with ExitStack() as stack:
        servers = [stack.enter_context(serve(account)) for _ in range(2)]
        async with httpx.AsyncClient(headers=key, timeout=60, limits=httpx.Limits(max_connections=200)) as http:

            async def ask(number: int) -> None:
                url = f"{servers[number % 2].base_url}/v2/generate"
                replies.append(await http.post(url, json={"prompt": f"fox {number}"}))

            async with anyio.create_task_group() as tasks:
                for number in range(200):
                    tasks.start_soon(ask, number)
    assert Counter(reply.status_code for reply in replies) == {202: 60, 429: 140}
    for reply in replies:
        if reply.status_code == 429:
            assert 1 <= int(reply.headers["retry-after"]) <= 60
            assert reply.json()["code"] == "rate_limited"
