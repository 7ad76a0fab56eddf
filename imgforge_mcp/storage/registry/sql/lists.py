"""Many jobs at once, with their attempts and images: three statements, however many there are."""

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from imgforge_mcp.base.clock import first_id
from imgforge_mcp.base.types import Job, Json
from imgforge_mcp.storage.registry.contract import Wanted
from imgforge_mcp.storage.registry.sql.rows import from_text, to_job, to_text
from imgforge_mcp.storage.registry.sql.statements import Row, Statements

WORD = re.compile(r"\w+")
WRITTEN_WITHOUT_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Scripts whose words nothing parts: each of their letters is looked up by itself."""
GONE = {"error": "This job is no longer kept.", "code": "not_found", "status": 404}


def page(sql: Statements, limit: int, tenant: str | None, wanted: Wanted, before: str | None) -> list[Job]:
    """The newest jobs first that are wanted, older than `before`."""
    words = None if wanted.text is None else _query(wanted.text)
    if words == "":
        return []
    values: dict[str, Any] = {
        "tenant": tenant,
        "state": None if wanted.state is None else wanted.state.value,
        "project_id": wanted.project_id,
        "model": wanted.model,
        "provider": wanted.provider,
        "input_id": wanted.input_id,
        **_day(wanted.day),
        ("before" if words is None else "row_before"): before,
    }
    conditions = [f"where_{name}" for name, value in values.items() if value is not None]
    name = "jobs_page" if words is None else "jobs_page_of_text"
    return with_parts(sql, sql.under(name, conditions or ["where_any"], limit=limit, text=words, **values))


def _day(day: date | None) -> dict[str, str]:
    """The ids that were made on a day."""
    if day is None:
        return {}
    midnight = datetime.combine(day, time(), UTC)
    return {"from": first_id(midnight), "until": first_id(midnight + timedelta(days=1))}


def batch(sql: Statements, batch_id: str, tenant: str | None) -> list[Job | Json]:
    """What became of each item of a batch, in their order."""
    items = [row for row in sql.all("batch_items", batch_id=batch_id) if tenant in (None, row["tenant"])]
    jobs = {job.job_id: job for job in with_parts(sql, sql.all("jobs_of_batch", batch_id=batch_id))}
    return [
        jobs.get(row["job_id"], GONE) if row["job_id"] is not None else from_text(row["error"]) or GONE for row in items
    ]


def searchable(text: str) -> str:
    """A text as it goes into the index of words, and what is searched for as well."""
    return WRITTEN_WITHOUT_SPACES.sub(r" \g<0> ", text).lower()


def _query(text: str) -> str:
    """Every word; "" when there is none to look for."""
    return " ".join(f'"{word}"' for word in WORD.findall(searchable(text)))


def with_parts(sql: Statements, rows: Sequence[Row]) -> list[Job]:
    """The jobs of these rows, with their attempts and images, which only those that were started have."""
    ids = [row["job_id"] for row in rows if row["started_at"] is not None]
    attempts, assets = defaultdict[str, list[Row]](list), defaultdict[str, list[Row]](list)
    for found, name in ((attempts, "attempts_of_jobs"), (assets, "assets_of_jobs")):
        for row in sql.all(name, ids=to_text(ids)) if ids else ():
            found[row["job_id"]].append(row)
    return [to_job(row, attempts[row["job_id"]], assets[row["job_id"]]) for row in rows]
