"""Who wants to is told that a job has ended: signed, from an outbox that outlives processes, and never twice."""

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from imgforge_mcp import open_forge
from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.config import load_config
from imgforge_mcp.base.types import Caller, ImageRequest
from imgforge_mcp.forge import Forge
from imgforge_mcp.jobs.webhooks import HOLD_SECONDS, WAITS
from imgforge_mcp.storage.registry.outbox import Webhook, WebhookState
from tests.conftest import OpenClient, OpenForge
from tests.e2e._program import fresh_account, run, serve
from tests.emulators import Emulator
from tests.faults._processes import PATIENCE
from tests.http._receiver import Receiver, receiving
from tests.http.conftest import OpenSite
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
NEAR = {"IMGFORGE_PRIVATE_HOSTS": "127.0.0.1"}
DAY = 24 * 3600.0


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as each:
        yield each


async def ended(forge: Forge) -> list[Webhook]:
    """The webhooks once none is on its way."""
    with anyio.fail_after(PATIENCE):
        while True:
            found = await forge.webhooks(50)
            if found and all(w.state in (WebhookState.DELIVERED, WebhookState.FAILED) for w in found):
                return found
            await anyio.sleep(0.01)


async def tried(forge: Forge, clock: VirtualClock, tries: int) -> Webhook:
    """The one webhook after so many tries, when nobody holds it any more."""
    held = clock.now() + timedelta(seconds=HOLD_SECONDS)
    with anyio.fail_after(PATIENCE):
        while True:
            [found] = await forge.webhooks(5)
            if found.tries >= tries and found.due_at != held:
                return found
            await anyio.sleep(0.01)


async def came(receiver: Receiver, count: int) -> None:
    with anyio.fail_after(PATIENCE):
        while True:
            if len(receiver.came) >= count:
                return
            await anyio.sleep(0.01)


async def test_the_end_of_a_job_is_told_and_the_signature_is_that_of_the_specification(
    emulate: Emulate, site_on: OpenSite, receiver: Receiver, clock: VirtualClock
) -> None:
    async with site_on(emulate("together"), **NEAR) as site:
        key = await site.key("team")
        asked = {"prompt": "a fox", "sync": True, "webhook_url": receiver.url, "metadata": {"order": "7"}}
        job = (await site.http.post("/v2/generate", json=asked, headers=key)).json()
        [webhook] = await ended(site.forge)
        secret = await site.forge.webhook_secret("team")
    [(headers, body)] = receiver.came
    told = json.loads(body)
    assert webhook.state is WebhookState.DELIVERED
    assert (told["job_id"], told["state"], told["metadata"]) == (job["job_id"], "completed", {"order": "7"})
    assert told["assets"][0]["url"] == f"http://127.0.0.1:8765{job['asset_url']}"
    assert "path" not in told["assets"][0]
    assert headers["webhook-id"] == f"msg_{job['job_id']}"
    assert int(headers["webhook-timestamp"]) == int(clock.now().timestamp())
    assert Verifier(secret).sign(headers["webhook-id"], clock.now(), body.decode()) == headers["webhook-signature"]


async def test_the_standardwebhooks_package_verifies_ours(emulate: Emulate, environment: dict[str, str]) -> None:
    with receiving() as receiver:
        config = load_config({**environment, **emulate("together").environment(), **NEAR})
        async with open_forge(config) as forge:
            await forge.generate(ImageRequest(prompt="a fox", webhook_url=receiver.url), forge.caller())
            await ended(forge)
            secret = await forge.webhook_secret(None)
    [(headers, body)] = receiver.came
    assert Verifier(secret).verify(body, headers)["state"] == "completed"
    with pytest.raises(WebhookVerificationError):
        Verifier(secret).verify(body + b" ", headers)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/generate", {"prompt": "a fox"}),
        ("/api/generate", {"prompt": "a fox", "model": "flux-schnell"}),
        ("/v1/images/generations", {"prompt": "a fox"}),
        ("/api/v1/generate", {"prompt": "a fox"}),
        ("/api/v1/generate/logo", {"prompt": "a fox"}),
        ("/api/v1/image/generate", {"prompt": "a fox", "model": "flux-schnell"}),
    ],
)
async def test_every_service_takes_a_webhook(
    path: str, body: dict[str, Any], emulate: Emulate, site_on: OpenSite, receiver: Receiver
) -> None:
    async with site_on(emulate("together"), **NEAR) as site:
        reply = await site.http.post(path, json={**body, "webhook_url": receiver.url})
        assert "warning" not in reply.headers
        await ended(site.forge)
    assert reply.status_code < 300, reply.text
    assert len(receiver.came) == 1


async def test_a_batch_tells_of_each_of_its_jobs(emulate: Emulate, site_on: OpenSite, receiver: Receiver) -> None:
    asked = {"prompts": ["a red fox", "a grey owl"], "model": "flux-schnell", "webhook_url": receiver.url}
    items = {"items": [{"prompt": "a fox", "webhook_url": receiver.url}, {"prompt": "an owl"}]}
    async with site_on(emulate("together"), **NEAR) as site:
        assert (await site.http.post("/api/batch/generate", json=asked)).status_code == 202
        assert (await site.http.post("/api/v1/generate", json=items)).status_code == 200
        await ended(site.forge)
        await came(receiver, 3)
    assert len(set(receiver.ids)) == 3


async def test_a_tool_takes_a_webhook_and_a_failed_job_is_told_too(
    emulate: Emulate, client_on: OpenClient, receiver: Receiver
) -> None:
    together = emulate("together")
    together.fault("500")
    async with client_on(together, **NEAR) as client:
        await client.call_tool("generate_image", {"prompt": "a fox", "webhook_url": receiver.url})
        await came(receiver, 1)
    [(_, body)] = receiver.came
    assert (json.loads(body)["state"], json.loads(body)["error"]["code"]) == ("failed", "provider_error")


async def test_a_receiver_that_is_down_for_an_hour_is_told_once_it_is_back(
    emulate: Emulate, forge_on: OpenForge, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.status = 503
    async with forge_on(emulate("together"), **NEAR) as forge:
        await forge.generate(ImageRequest(prompt="a fox", webhook_url=receiver.url), forge.caller())
        began, tries = clock.now(), 0
        while clock.now() - began < timedelta(hours=1):
            tries += 1
            webhook = await tried(forge, clock, tries)
            assert webhook.due_at is not None
            assert webhook.due_at - clock.now() == timedelta(seconds=WAITS[tries - 1])
            clock.advance(WAITS[tries - 1])
        receiver.status = 200
        await ended(forge)
        clock.advance(2 * DAY)
        await forge.generate(ImageRequest(prompt="a dog", webhook_url=receiver.url), forge.caller())
        await came(receiver, 8)
    assert tries == 6
    assert len(set(receiver.ids[:7])) == 1
    assert receiver.ids[7] != receiver.ids[0]


async def test_after_a_day_of_silence_it_is_given_up_and_can_be_told_again(
    emulate: Emulate, forge_on: OpenForge, receiver: Receiver, clock: VirtualClock
) -> None:
    receiver.status = 500
    async with forge_on(emulate("together"), **NEAR) as forge:
        await forge.generate(ImageRequest(prompt="a fox", webhook_url=receiver.url), forge.caller())
        began = clock.now()
        for number, seconds in enumerate(WAITS):
            await tried(forge, clock, number + 1)
            clock.advance(seconds)
        [webhook] = await ended(forge)
        assert (webhook.state, webhook.tries) == (WebhookState.FAILED, len(WAITS) + 1)
        assert timedelta(hours=22) < clock.now() - began < timedelta(hours=24)
        receiver.status = 200
        assert (await forge.replay_webhook(webhook.webhook_id)).state is WebhookState.DELIVERED
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(
    ("status", "headers", "state"),
    [
        pytest.param(410, {}, WebhookState.FAILED, id="gone for good"),
        pytest.param(302, {"Location": "http://127.0.0.1:1/"}, WebhookState.PENDING, id="a redirect is not followed"),
        pytest.param(429, {"Retry-After": "600"}, WebhookState.PENDING, id="asked to wait"),
    ],
)
async def test_what_the_receiver_answers_decides(
    status: int,
    headers: dict[str, str],
    state: WebhookState,
    emulate: Emulate,
    forge_on: OpenForge,
    receiver: Receiver,
    clock: VirtualClock,
) -> None:
    receiver.status, receiver.headers = status, headers
    async with forge_on(emulate("together"), **NEAR) as forge:
        await forge.generate(ImageRequest(prompt="a fox", webhook_url=receiver.url), forge.caller())
        webhook = await tried(forge, clock, 1)
    assert (webhook.state, webhook.last_status) == (state, status)
    if "Retry-After" in headers:
        assert webhook.due_at == clock.now() + timedelta(seconds=600)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/hook",
        "ftp://example.org/hook",
        "https://user:secret@example.org/hook",
        "https://example.org:8443/hook",
        "https://10.0.0.1/hook",
        "https://[::1]/hook",
        "https://169.254.169.254/latest",
        "https://localhost/hook",
        "https://metadata.internal/",
        "no url",
        "https://",
    ],
)
async def test_an_address_that_may_not_be_asked_is_refused_before_anything_is_paid(
    url: str, emulate: Emulate, site_on: OpenSite
) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        reply = await site.http.post("/v2/generate", json={"prompt": "a fox", "webhook_url": url})
        assert await site.forge.webhooks(5) == []
    assert (reply.status_code, reply.json()["details"]["field"]) == (400, "webhook_url")
    assert together.submits == []


async def test_a_providers_own_host_is_not_a_callers_to_ask(emulate: Emulate, site_on: OpenSite) -> None:
    together = emulate("together")
    async with site_on(together) as site:
        asked = {"prompt": "a fox", "webhook_url": f"{together.base_url}/v1/images/generations"}
        reply = await site.http.post("/v2/generate", json=asked)
    assert reply.status_code == 400
    assert together.calls == []


async def test_a_name_that_leads_into_this_network_is_not_asked(
    forge_on: OpenForge, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def private(*arguments: Any, **options: Any) -> list[Any]:
        return [(2, 1, 6, "", ("10.1.2.3", 443))]

    monkeypatch.setattr("imgforge_mcp.net.pool.anyio.getaddrinfo", private)
    async with forge_on() as forge:
        await forge.generate(ImageRequest(prompt="a fox", webhook_url="https://hook.example.org/"), forge.caller())
        webhook = await tried(forge, clock, 1)
    assert webhook.state is WebhookState.PENDING
    assert "No connection" in (webhook.last_error or "")


async def test_callers_without_a_key_are_told_nothing(forge_on: OpenForge) -> None:
    from imgforge_mcp.base.errors import Forbidden

    async with forge_on() as forge:
        with pytest.raises(Forbidden):
            await forge.submit(
                ImageRequest(prompt="a fox", webhook_url="https://example.org/"), Caller(tenant="a", is_anonymous=True)
            )


async def test_one_tenants_silent_receivers_do_not_hold_up_anothers(
    emulate: Emulate, site_on: OpenSite, receiver: Receiver
) -> None:
    with receiving() as silent:
        silent.status = None
        async with site_on(emulate("together"), **NEAR) as site:
            one, other = await site.key("one"), await site.key("other")
            for number in range(6):
                asked = {"prompt": f"fox {number}", "sync": True, "webhook_url": silent.url}
                assert (await site.http.post("/v2/generate", json=asked, headers=one)).status_code == 201
            asked = {"prompt": "an owl", "sync": True, "webhook_url": receiver.url}
            assert (await site.http.post("/v2/generate", json=asked, headers=other)).status_code == 201
            assert await anyio.to_thread.run_sync(receiver.some.wait, 20)


class Later(Clock):
    """The machine's clock, after whatever a killed process held has run out."""

    def now(self) -> Any:
        return super().now() + timedelta(minutes=10)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
async def test_a_kill_between_the_end_and_its_telling_loses_nothing(
    emulate: Emulate, tmp_path: Path, receiver: Receiver
) -> None:
    receiver.status = None
    account = fresh_account(tmp_path, IMGFORGE_HOME=str(tmp_path / "home"), **emulate("together").environment(), **NEAR)
    with serve(account) as server:
        asked = {"prompt": "a fox", "sync": True, "webhook_url": receiver.url}
        async with httpx.AsyncClient(base_url=server.base_url, timeout=60) as http:
            assert (await http.post("/v2/generate", json=asked)).status_code == 201
        assert await anyio.to_thread.run_sync(receiver.some.wait, 30)
        os.kill(server.process.pid, signal.SIGKILL)
    receiver.status = 200
    async with open_forge(load_config(account), Later()) as forge:
        [webhook] = await ended(forge)
    assert webhook.state is WebhookState.DELIVERED
    assert len(set(receiver.ids)) == 1


def test_the_command_line_lists_replays_and_tells_the_secret(tmp_path: Path, receiver: Receiver) -> None:
    account = fresh_account(tmp_path, IMGFORGE_HOME=str(tmp_path / "home"), **NEAR)
    assert run(account, "keys", "create", "team").returncode == 0

    async def draw() -> str:
        async with open_forge(load_config(account)) as forge:
            job = await forge.generate(ImageRequest(prompt="a fox", webhook_url=receiver.url), forge.caller())
            await ended(forge)
            return job.job_id

    job_id = anyio.run(draw)
    listed = run(account, "webhooks", "list", "--json")
    [entry] = json.loads(listed.stdout)
    assert (entry["job_id"], entry["state"], entry["last_status"]) == (job_id, "delivered", 204)
    assert "of-the-receiver" not in listed.stdout
    again = run(account, "webhooks", "replay", f"msg_{job_id}")
    assert again.returncode == 0, again.stderr
    assert receiver.ids == [f"msg_{job_id}"] * 2
    assert run(account, "webhooks", "secret", "team").stdout.startswith("whsec_")
    assert run(account, "webhooks", "secret").stdout.startswith("whsec_")
    assert run(account, "webhooks", "secret", "nobody").returncode == 1
    assert run(account, "webhooks", "replay", "nothing").returncode == 1
