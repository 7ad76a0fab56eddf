"""Keys of the HTTP door."""

import argparse
import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from imgforge_mcp.base.errors import InvalidRequest
from imgforge_mcp.base.types import Allowance, Json
from imgforge_mcp.cli import lists
from imgforge_mcp.cli.output import show
from imgforge_mcp.cli.running import DONE
from imgforge_mcp.forge import Forge
from imgforge_mcp.storage.registry.access import ApiKey

DAYS = re.compile(r"([0-9]{1,5})d")


async def keys(forge: Forge, options: argparse.Namespace) -> int:
    """Keys of the HTTP door. A new key is shown once and never again."""
    if options.action == "list":
        found = await forge.keys()
        lines = lists.of_keys(found) if found else ["There are no keys yet."]
        show([_key_json(key) for key in found], options, lines)
        return DONE
    if not options.name:
        raise InvalidRequest(f"Name the key: imgforge-mcp keys {options.action} NAME.", field="name")
    match options.action:
        case "create":
            allowance = Allowance(
                per_minute=options.per_minute,
                per_day=options.per_day,
                per_month=options.per_month,
                concurrency=options.concurrency,
                budget_usd_month=options.budget_usd_month,
            )
            expires = _expiry(options.expires)
            key, record = await forge.create_key(
                options.name, allowance, project_id=options.project, expires_at=expires
            )
            shown = {**_key_json(record), "key": key, "webhook_secret": record.webhook_secret}
            told = "The key is not shown again; 'imgforge-mcp webhooks secret' shows what signs its webhooks."
            show(shown, options, [key, f"webhook secret: {record.webhook_secret}", told])
        case "rotate":
            key = await forge.rotate_key(options.name)
            show({"name": options.name, "key": key}, options, [key, "The old key has ended; this one is shown once."])
        case _:
            await forge.revoke_key(options.name)
            show({"name": options.name, "state": "revoked"}, options, [f"The key {options.name} has ended."])
    return DONE


def _expiry(text: str | None) -> datetime | None:
    """A moment from `30d` or an ISO date. Raises InvalidRequest."""
    if text is None:
        return None
    if match := DAYS.fullmatch(text):
        return datetime.now(UTC) + timedelta(days=int(match[1]))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest("--expires is days (30d) or an ISO date (2027-01-31).", field="--expires") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _key_json(key: ApiKey) -> Json:
    limits = {name: value for name, value in asdict(key.allowance).items() if value is not None}
    times = {"created_at": key.created_at, "expires_at": key.expires_at, "last_used_at": key.last_used_at}
    return {
        "name": key.name,
        "start": key.start,
        "state": key.state(datetime.now(UTC)),
        "project_id": key.project_id,
        "limits": limits,
        **{name: moment.isoformat(timespec="seconds") if moment else None for name, moment in times.items()},
    }
