"""Who was to be told of a job's end."""

import argparse

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Json
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE, FAILED
from imgforge_mcp.forge import Forge
from imgforge_mcp.presentation import iso
from imgforge_mcp.storage.registry.outbox import Webhook, WebhookState


async def webhooks(forge: Forge, options: argparse.Namespace) -> int:
    """Who was to be told of a job's end, and how it went; telling again; what signs."""
    match options.action:
        case "list":
            found = await forge.webhooks(max(1, options.limit))
            rows = [_webhook_row(webhook) for webhook in found]
            show([_webhook_json(webhook) for webhook in found], options, rows or ["There are no webhooks yet."])
        case "replay":
            if not options.name:
                raise InvalidRequest("Say which: imgforge-mcp webhooks replay ID.", field="name")
            webhook = await forge.replay_webhook(options.name)
            show(_webhook_json(webhook), options, [_webhook_row(webhook)])
            return DONE if webhook.state is WebhookState.DELIVERED else FAILED
        case _:
            secret = await forge.webhook_secret(options.name)
            show({"name": options.name, "webhook_secret": secret}, options, [secret])
    return DONE


def _webhook_json(webhook: Webhook) -> Json:
    """Without the query of its address, where receivers put tokens."""
    return {
        "webhook_id": webhook.webhook_id,
        "job_id": webhook.job_id,
        "url": webhook.url.partition("?")[0],
        "state": webhook.state.value,
        "tries": webhook.tries,
        "last_status": webhook.last_status,
        "last_error": webhook.last_error,
        "due_at": iso(webhook.due_at),
        "ended_at": iso(webhook.ended_at),
    }


def _webhook_row(webhook: Webhook) -> str:
    told = webhook.last_status or webhook.last_error or "-"
    return (
        f"{webhook.webhook_id}  {webhook.state.value:<9}  {webhook.tries:>2}  {told}\n  {webhook.url.partition('?')[0]}"
    )
