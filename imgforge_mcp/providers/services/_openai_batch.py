"""OpenAI's Batch API, one picture's request a batch: upload a file, make a batch of it, ask until it has ended, fetch
the file that it made (openai 3.57; half the price, within 24 hours)."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal

from imgforge_mcp.base.errors import BadReply, Rejected, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Call, Operation, Part, Reply, Request
from imgforge_mcp.providers.reading.wire import line, listed, quoted, state_word

FILES = "/v1/files"
BATCHES = "/v1/batches"
WINDOW = "24h"
WAIT = 60.0
"""Seconds between the questions."""
LOOK_WAIT = 10.0
LOOKS = 3
"""How often the list is looked at for a batch whose making was not answered."""
Step = Literal["make", "wait", "fetch"]


def upload(call: Call, request: Request) -> Request:
    """The file with the one request; it buys nothing yet."""
    entry = {"custom_id": call.reference or "picture", "method": "POST", "url": request.target, "body": request.json}
    data = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
    file = Part(value=data, filename="imgforge.jsonl", content_type="application/jsonl")
    return Request(target=FILES, form=(("purpose", Part(value="batch")), ("file", file)), buys=False)


def uploaded(reply: Reply, endpoint: str) -> Operation:
    """The file is there; what follows buys."""
    file = line(reply.json().get("id"), 200)
    if file is None:
        raise Unavailable("The provider did not take the batch's file; nothing was bought.")
    return Operation(
        operation_id=file,
        url=BATCHES,
        cancel_url=f"{FILES}/{file}",
        cancel_method="DELETE",
        wait=0.0,
        is_batch=True,
        data={"step": "make", "file": file, "endpoint": endpoint},
    )


def question(operation: Operation) -> Request:
    """What is asked next; where the making of the batch was not answered, whether it was made."""
    if operation.data.get("step") != "make":
        return Request(method="GET", target=operation.url)
    if operation.is_begun:
        return Request(method="GET", target=BATCHES, query={"limit": "100"})
    wanted = {"input_file_id": operation.data["file"], "endpoint": operation.data["endpoint"]}
    return Request(target=BATCHES, json={**wanted, "completion_window": WINDOW}, buys=True)


def answered(reply: Reply, operation: Operation) -> Operation | Json:
    """The next step, or the answer to the one request of the batch: `status_code` and `body`.

    Raises:
        Rejected, Unavailable: it ended without one; what was not done is not charged.
        BadReply: nobody knows whether there is a batch.
    """
    body = reply.json()
    match operation.data.get("step"):
        case "make" if operation.is_begun and isinstance(body.get("data"), list):
            return _looked(body, operation)
        case "make":
            return _asked(body, operation)
        case "wait":
            return _asked(body, operation)
        case _:
            return _fetched(body)


def _looked(body: Json, operation: Operation) -> Operation:
    file = operation.data.get("file")
    found = next((batch for batch in listed(body["data"]) if batch.get("input_file_id") == file), None)
    if found is not None:
        return _asked(found, operation)
    looks = int(operation.data.get("looks", 0)) + 1
    if looks > LOOKS:
        raise BadReply("The making of the batch was not answered, and no list has it.")
    return replace(operation, wait=LOOK_WAIT, data={**operation.data, "looks": looks})


def _asked(batch: Mapping[str, Any], operation: Operation) -> Operation:
    """A batch as it stands."""
    number = line(batch.get("id"), 200)
    if number is None:
        raise BadReply("The provider answered with a batch that has no id.")
    result = line(batch.get("output_file_id"), 200) or line(batch.get("error_file_id"), 200)
    waiting = replace(
        operation,
        operation_id=number,
        url=f"{BATCHES}/{number}",
        cancel_url=f"{BATCHES}/{number}/cancel",
        cancel_method="POST",
        wait=WAIT,
        message=f"batch {state_word(batch.get('status')) or 'accepted'}",
        data={"step": "wait"},
    )
    match batch.get("status"):
        case "completed" | "expired" | "cancelled" if result is not None:
            target = f"{FILES}/{result}/content"
            return replace(waiting, url=target, cancel_url=None, wait=0.0, data={"step": "fetch"})
        case "failed":
            raise Rejected("The provider refused the batch.", **quoted(_first_error(batch)))
        case "expired" | "cancelled" as status:
            raise Unavailable(f"The batch {'was ' if status == 'cancelled' else ''}{status}; nothing was charged.")
        case "completed":
            raise BadReply("The batch was completed without a result.")
    return waiting


def _fetched(body: Json) -> Json:
    """The one line of the result file."""
    response = body.get("response")
    if isinstance(response, dict):
        return response
    error = body.get("error")
    said = error.get("message") if isinstance(error, dict) else ""
    raise Unavailable("The provider did not do the batch's request.", **quoted(str(said or "")))


def _first_error(batch: Mapping[str, Any]) -> str:
    errors = batch.get("errors")
    found = listed(errors.get("data")) if isinstance(errors, dict) else []
    return str(found[0].get("message") or "") if found else ""
