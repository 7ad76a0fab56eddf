"""Tells whoever asked for it that a job has ended: signed, again and again for a day, from an outbox that outlives us.

Source: the Standard Webhooks specification 1.0 (github.com/standard-webhooks): what is signed, the headers, 410.
"""

import base64
import hashlib
import hmac
import json
import logging
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import anyio
import anyio.abc

from imgforge_mcp.base.clock import Clock
from imgforge_mcp.base.errors import Forbidden, ForgeError, InvalidRequest, NotFound, ProviderError
from imgforge_mcp.base.keys import new_webhook_secret, webhook_key
from imgforge_mcp.base.types import Asset, Caller
from imgforge_mcp.net.exchange import Outgoing
from imgforge_mcp.net.proxies import is_address, is_among, may_be_asked
from imgforge_mcp.net.retry_after import retry_after
from imgforge_mcp.presentation import job_json
from imgforge_mcp.storage.registry.contract import Registry
from imgforge_mcp.storage.registry.outbox import Tried, Webhook, WebhookState

if TYPE_CHECKING:
    from imgforge_mcp.net.transport import Transport

WAITS = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 3 * 3600.0, 6 * 3600.0, 12 * 3600.0)
"""Seconds between the tries; together a day."""
SEND_SECONDS = 20.0
HOLD_SECONDS = 60.0
"""How long a webhook is nobody else's; whoever took it has ended by then, one way or the other."""
LOOK_SECONDS = 30.0
"""How often it is looked for what another process has left in the outbox."""
WHOLE = 8000
"""Characters of a prompt: all there may be."""
GONE = 410
AT_ONCE, OF_EACH_TENANT = 32, 4
REPLY_CAP = 8 * 1024 * 1024

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _House:
    """Jobs as a receiver sees them: addresses, never paths of this machine."""

    draws_alone: bool

    def place(self, asset: Asset) -> str:
        raise AssertionError("a webhook names no path")


class Webhooks:
    """One per process. Any process that runs jobs may deliver, for the outbox is everybody's; `serve` works whenever
    something is due, and sleeps otherwise."""

    def __init__(
        self,
        registry: Registry,
        transport: "Callable[[], Transport]",
        clock: Clock,
        *,
        private_hosts: tuple[str, ...],
        draws_alone: bool,
    ) -> None:
        self._registry = registry
        self._transport = transport
        self._clock = clock
        self._private_hosts = private_hosts
        self._house = _House(draws_alone=draws_alone)
        self._wanted = anyio.Event()
        self._out = Counter[str]()

    def check(self, url: str, caller: Caller) -> None:
        """Refuse an address that will never be asked, before anything is recorded.

        Raises:
            Forbidden: the caller has no key to sign with.
            InvalidRequest: it is no https URL, or one of this network that the configuration does not name.
        """
        if caller.is_anonymous:
            raise Forbidden("Callers without a key are told nothing by webhook; ask for a key.", field="webhook_url")
        try:
            self._transport().check(url)
            host = urlsplit(url).hostname or ""
        except (InvalidRequest, ValueError):
            raise InvalidRequest(
                "webhook_url is an https URL on the standard port, without a user name, such as https://example.org/hook.",
                field="webhook_url",
            ) from None
        may_be_own = is_among(host, self._private_hosts) if is_address(host) else bool(self._private_hosts)
        if not (may_be_own or may_be_asked(host)):
            raise InvalidRequest(
                "webhook_url leads to an address that is not public; IMGFORGE_PRIVATE_HOSTS names those that may be "
                "asked all the same.",
                field="webhook_url",
            )

    def poke(self) -> None:
        """A job has ended that somebody is to be told of."""
        self._wanted.set()

    async def serve(self, *, is_idle_asleep: bool = False) -> None:
        """Deliver until cancelled. What is on its way then is due again a minute later, for the next process. Asleep
        while there is nothing it knows of, it does not look for what others leave in the outbox meanwhile."""
        most = math.inf if is_idle_asleep else LOOK_SECONDS
        async with anyio.create_task_group() as tasks:
            while True:
                self._wanted = anyio.Event()
                try:
                    seconds = await self._begin_due(tasks, most)
                except ForgeError as error:
                    logger.warning("%s", error.message)
                    seconds = LOOK_SECONDS
                with self._clock.move_on_after(seconds):
                    await self._wanted.wait()

    async def recent(self, limit: int) -> list[Webhook]:
        return await self._registry.outbox.recent(limit)

    async def replay(self, webhook_id: str) -> Webhook:
        """Deliver one now, whatever became of it before. Raises NotFound: there is none, or its job has not ended."""
        job_id = webhook_id.removeprefix("msg_").upper()
        if not await self._registry.outbox.replay(job_id):
            raise NotFound("There is no such webhook, or its job has not ended; 'imgforge-mcp webhooks list'.")
        if (webhook := await self._registry.outbox.take_one(job_id, HOLD_SECONDS)) is not None:
            await self._deliver(webhook)
        found = await self._registry.outbox.find(job_id)
        assert found is not None
        return found

    async def secret(self, tenant: str) -> str:
        """What signs a tenant's webhooks."""
        return await self._registry.outbox.secret(tenant, new_webhook_secret())

    async def _begin_due(self, tasks: anyio.abc.TaskGroup, most: float) -> float:
        """Begin what is due, a few of each tenant at once, so that silent receivers hold up nobody but their own
        tenant; seconds until there may be more, `most` where that is not known."""
        while self._out.total() < AT_ONCE:
            busy = [tenant for tenant, count in self._out.items() if count >= OF_EACH_TENANT]
            due = await self._registry.outbox.next_due(busy)
            left = most if due is None else (due - self._clock.now()).total_seconds()
            if left > 0:
                return min(left, most)
            for webhook in await self._registry.outbox.take(HOLD_SECONDS, busy):
                self._out[webhook.tenant] += 1
                tasks.start_soon(self._deliver_one, webhook)
        return LOOK_SECONDS

    async def _deliver_one(self, webhook: Webhook) -> None:
        try:
            await self._deliver(webhook)
        except ForgeError as error:  # the registry: it is due again when its hold has run out
            logger.warning("%s", error.message)
        finally:
            self._out[webhook.tenant] -= 1
            self.poke()

    async def _deliver(self, webhook: Webhook) -> None:
        """Try once, and note how it went. Raises StorageError."""
        try:
            tried = await self._sent(webhook)
        except NotFound:
            tried = Tried(state=WebhookState.FAILED, error="The job is not kept any more.")
        except InvalidRequest as error:
            tried = Tried(state=WebhookState.FAILED, error=error.message)
        except ProviderError as error:
            tried = self._again(webhook, None, error.message)
        await self._registry.outbox.settle(webhook, tried)
        if tried.state is WebhookState.FAILED:
            logger.warning("the webhook of job %s was given up after %s tries", webhook.job_id, webhook.tries)

    async def _sent(self, webhook: Webhook) -> Tried:
        """Raises NotFound, InvalidRequest, ProviderError."""
        job = await self._registry.jobs.get(webhook.job_id)
        shown = job_json(self._house, webhook.base_url, job, shown=WHOLE)
        body = json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        moment = str(int(self._clock.now().timestamp()))
        signature = signed(await self.secret(webhook.tenant), webhook.webhook_id, moment, body)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": webhook.webhook_id,
            "webhook-timestamp": moment,
            "webhook-signature": signature,
        }
        transport = self._transport()
        transport.check(webhook.url)
        answer = await transport.send(
            Outgoing(method="POST", url=webhook.url, seconds=SEND_SECONDS, headers=headers, content=body, cap=REPLY_CAP)
        )
        if 200 <= answer.status < 300:
            return Tried(state=WebhookState.DELIVERED, status=answer.status)
        if answer.status == GONE:
            return Tried(state=WebhookState.FAILED, status=GONE, error="The receiver wants no more of them.")
        asked = retry_after(answer.headers.get("retry-after"), self._clock.now())
        return self._again(webhook, answer.status, f"The receiver answered {answer.status}.", asked)

    def _again(self, webhook: Webhook, status: int | None, error: str, asked: float | None = None) -> Tried:
        if webhook.tries > len(WAITS):
            return Tried(state=WebhookState.FAILED, status=status, error=error)
        seconds = max(WAITS[webhook.tries - 1], min(asked or 0.0, WAITS[-1]))
        again = self._clock.now() + timedelta(seconds=seconds)
        return Tried(state=WebhookState.PENDING, status=status, error=error, again_at=again)


def signed(secret: str, webhook_id: str, moment: str, body: bytes) -> str:
    """The `webhook-signature` of a body, with a secret that begins with `whsec_`."""
    content = f"{webhook_id}.{moment}.".encode() + body
    digest = hmac.new(webhook_key(secret), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode("ascii")
