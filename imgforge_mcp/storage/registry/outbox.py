"""What the delivery of webhooks needs of a registry: an outbox that is written with the job's end, taken from under a
hold, and emptied by whoever delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class WebhookState(StrEnum):
    """Where a webhook stands."""

    WAITING = "waiting"
    """Its job has not ended."""
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up: its receiver said no for good, or was not there for a day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One telling of a job's end: `tries` counts deliveries that were begun, `base_url` is where our own addresses
    began for whoever asked for the job ("" for a caller on this machine)."""

    job_id: str
    tenant: str
    url: str
    base_url: str
    state: WebhookState
    tries: int = 0
    due_at: datetime | None = None
    last_status: int | None = None
    last_error: str | None = None
    ended_at: datetime | None = None

    @property
    def webhook_id(self) -> str:
        """What stands in `webhook-id`: the same at every try, so that a receiver knows one it has had."""
        return f"msg_{self.job_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How a delivery went: `again_at` is None when nothing is left to do."""

    state: WebhookState
    status: int | None = None
    error: str | None = None
    again_at: datetime | None = None


class OutboxRegistry(Protocol):
    """Webhooks, each under its job's id. They are written by `JobRegistry.open` and become due in the transaction of
    `JobRegistry.finish`."""

    async def next_due(self, busy: Sequence[str]) -> datetime | None:
        """When there will be something to deliver of any tenant but the `busy`, as far as is known now."""

    async def take(self, hold_seconds: float, busy: Sequence[str]) -> list[Webhook]:
        """Some that are due, none of a `busy` tenant and few of each, held for `hold_seconds`; then they are due again,
        should their holder be gone. Lock: the webhook's row."""

    async def take_one(self, job_id: str, hold_seconds: float) -> Webhook | None:
        """The same with one of them, if it is due."""

    async def settle(self, webhook: Webhook, tried: Tried) -> None:
        """Note how the try went that `webhook` was taken for; one that somebody has taken since stays as it is."""

    async def replay(self, job_id: str) -> bool:
        """Make it due now, as if for the first time; False when there is none, or its job has not ended."""

    async def find(self, job_id: str) -> Webhook | None: ...

    async def recent(self, limit: int) -> list[Webhook]:
        """The newest jobs' first."""

    async def secret(self, tenant: str, otherwise: str) -> str:
        """What signs a tenant's webhooks: its key's own secret, else one that is kept for it, which is `otherwise` from
        now on if there was none."""
