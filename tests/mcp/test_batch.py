"""Several pictures in one call: a job per item under one batch id, each with an end of its own."""

from collections.abc import Callable, Sequence
from typing import Any

import anyio
import pytest
from mcp.client import Client

from tests.answers import on_hang, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.virtual_clock import VirtualClock

pytestmark = pytest.mark.anyio

Emulate = Callable[..., Emulator]
SYNC_WAIT = 40.0
"""How long a call waits by default."""
TRIO = [{"prompt": f"picture {number}"} for number in range(3)]


async def batch(client: Client, items: Sequence[Any], **more: Any) -> dict[str, Any]:
    """An accepted batch."""
    result = await client.call_tool("generate_batch", {"items": items, **more})
    assert not result.is_error, result
    return told(result)


async def test_every_item_is_a_job_in_the_order_of_the_items(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        answer = await batch(client, TRIO)
        jobs = [told(await client.call_tool("check_job", {"job_id": item["job_id"]})) for item in answer["items"]]
    assert [job["original_prompt"] for job in jobs] == [item["prompt"] for item in TRIO]
    assert [item["item"] for item in answer["items"]] == [0, 1, 2]
    assert {item["state"] for item in answer["items"]} == {"completed"}
    assert [item["assets"] for item in answer["items"]] == [job["assets"] for job in jobs]
    assert answer["cost_usd"] == pytest.approx(sum(job["cost_usd"] for job in jobs))
    assert answer["cost_usd"] > 0
    assert "3 of 3" in answer["message"]
    assert len(emulator.submits) == 3


async def test_an_item_that_cannot_be_made_stops_no_other(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    items = [TRIO[0], {**TRIO[1], "model": "paint-by-numbers"}, TRIO[2]]
    async with client_on(emulator) as client:
        answer = await batch(client, items)
    first, second, third = answer["items"]
    assert first["state"] == third["state"] == "completed"
    assert (second["item"], second["state"], second["error"]["code"]) == (1, "failed", "invalid_model")
    assert second["error"]["request_id"].startswith("req_")
    assert "2 of 3 items done" in answer["message"]
    assert len(emulator.submits) == 2


async def test_a_batch_is_looked_up_as_it_was_answered_with_its_refused_items_too(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    items = [{**TRIO[0], "model": "paint-by-numbers"}, {**TRIO[1], "idempotency_key": "once"}]
    async with client_on(emulator) as client:
        first = await batch(client, items)
        again = await batch(client, items[::-1])
        looked_up = [told(await client.call_tool("check_job", {"job_id": each["batch_id"]})) for each in (first, again)]
    assert looked_up == [first, again]
    assert [item["item"] for item in looked_up[1]["items"]] == [0, 1]
    assert again["items"][0]["job_id"] == first["items"][1]["job_id"]
    assert len(emulator.submits) == 1


async def test_an_item_that_fails_upstream_says_why(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    emulator.fault("refusal" if emulator.refusals else "400", times=1)
    async with client_on(emulator) as client:
        answer = await batch(client, TRIO)
    failed = [item for item in answer["items"] if item["state"] == "failed"]
    assert len(failed) == 1
    assert failed[0]["error"]["error"]
    assert failed[0]["job_id"]
    assert sum(bool(item["assets"]) for item in answer["items"]) == 2


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param({"prompt": "x", "steps": 99}, "steps", id="value"),
        pytest.param({"prompt": "x", "colour": "red"}, "colour", id="unknown argument"),
        pytest.param({"model": "flux-schnell"}, "prompt", id="no prompt"),
        pytest.param({"prompt": "x", "is_edit": True}, "is_edit", id="an argument of our own"),
        pytest.param(7, "items", id="no object"),
        pytest.param([], "items", id="a list"),
    ],
)
async def test_a_malformed_item_says_what_is_wrong_with_it_and_stops_no_other(
    wrong: Any, field: str, emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        answer = await batch(client, [TRIO[0], wrong, TRIO[2]])
        later = told(await client.call_tool("check_job", {"job_id": answer["batch_id"]}))
    assert [item["state"] for item in answer["items"]] == ["completed", "failed", "completed"]
    refused = answer["items"][1]["error"]
    assert (refused["code"], refused["status"]) == ("invalid_request", 400)
    assert refused["error"].startswith("items[1]: ")
    assert (refused["details"]["item"], refused["details"]["field"]) == (1, field)
    assert later == answer
    assert len(emulator.submits) == 2


async def test_every_malformed_item_is_told_at_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        answer = await batch(client, [{"prompt": ""}, {"prompt": "x", "n": 9}, {"promt": "x"}])
    assert [item["error"]["details"]["field"] for item in answer["items"]] == ["prompt", "n", "promt"]
    assert emulator.calls == []


@pytest.mark.parametrize(
    "items",
    [
        pytest.param('[{"prompt": "a"}, {"prompt": "b"}]', id="a list as its JSON"),
        pytest.param(["a", "b"], id="prompts alone"),
        pytest.param(['{"prompt": "a"}', {"prompt": "b", "n": "1", "seed": ""}], id="an item as its JSON"),
    ],
)
async def test_items_are_read_kindly(items: Any, emulate: Emulate, client_on: OpenClient) -> None:
    async with client_on(emulate("together")) as client:
        answer = await batch(client, items)
    assert [(item["prompt"], item["state"]) for item in answer["items"]] == [("a", "completed"), ("b", "completed")]


@pytest.mark.parametrize("number", [0, 51])
async def test_a_batch_has_one_to_fifty_items(number: int, emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        result = await client.call_tool("generate_batch", {"items": [TRIO[0]] * number})
    assert result.is_error
    assert told(result)["details"]["field"] == "items"
    assert emulator.calls == []


async def test_a_batch_is_looked_up_by_its_id_and_waited_for(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        early = await batch(client, TRIO, wait_seconds=0)
        asked = {"job_id": early["batch_id"], "wait_seconds": 50}
        late = told(await client.call_tool("check_job", asked))
    async with client_on(emulator) as client:
        after_restart = told(await client.call_tool("check_job", {"job_id": early["batch_id"]}))
    assert early["batch_id"] in early["message"]
    assert [item["job_id"] for item in late["items"]] == [item["job_id"] for item in early["items"]]
    assert {item["state"] for item in late["items"]} == {"completed"}
    assert after_restart == late
    assert late["cost_usd"] > 0


async def test_the_answer_comes_in_time_and_says_how_to_get_the_rest(
    emulate: Emulate, client_on: OpenClient, clock: VirtualClock
) -> None:
    emulator = emulate("together")
    emulator.fault("hang", times=1)
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)

    async def pass_time() -> None:
        await hangs.wait()
        await clock.run_out(SYNC_WAIT)

    async with client_on(emulator) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(pass_time)
            early = await batch(client, TRIO)
        emulator.clear()
        late = told(await client.call_tool("check_job", {"job_id": early["batch_id"], "wait_seconds": 50}))
    assert {item["state"] for item in early["items"]} & {"queued", "processing"}
    assert f"check_job with job_id {early['batch_id']}" in early["message"]
    assert {item["state"] for item in late["items"]} == {"completed"}
    assert len(emulator.submits) == 3


async def test_a_batch_is_canceled_as_a_whole(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("fal")
    hanging, hangs = [0], anyio.Event()

    def count() -> None:
        hanging[0] += 1
        if hanging[0] == len(TRIO):
            hangs.set()

    emulator.fault("hang", "poll")
    on_hang(emulator, count)
    async with client_on(emulator) as client:
        begun = await batch(client, TRIO, wait_seconds=0)
        await hangs.wait()
        answer = told(await client.call_tool("cancel_job", {"job_id": begun["batch_id"]}))
        after = told(await client.call_tool("check_job", {"job_id": begun["batch_id"]}))
        again = told(await client.call_tool("cancel_job", {"job_id": begun["batch_id"]}))
    assert answer["state"] == again["state"] == "canceled"
    assert [item["state"] for item in after["items"]] == ["canceled"] * 3
    assert sum("cancel" in call.path for call in emulator.calls) == 3
    assert after["cost_usd"] == 0


@pytest.mark.parametrize("tool", ["check_job", "cancel_job"])
async def test_an_unknown_batch_is_not_found(tool: str, client_on: OpenClient) -> None:
    async with client_on() as client:
        result = await client.call_tool(tool, {"job_id": "batch_01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    assert result.is_error
    assert told(result)["code"] == "not_found"


async def test_a_budget_stops_the_items_that_it_cannot_pay_and_says_so_for_each(
    emulate: Emulate, client_on: OpenClient
) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        price = (await batch(client, [TRIO[0]]))["cost_usd"]
        emulator.log.forget()
    async with client_on(emulator, IMGFORGE_DAILY_BUDGET_USD=f"{3.5 * price:.6f}") as client:
        answer = await batch(client, [*TRIO, {"prompt": "picture 3"}])
    states = [item["state"] for item in answer["items"]]
    assert states == ["completed", "completed", "failed", "failed"]
    assert [item["error"]["code"] for item in answer["items"][2:]] == ["budget_exceeded"] * 2
    assert "IMGFORGE_DAILY_BUDGET_USD" in answer["items"][2]["error"]["error"]
    assert answer["cost_usd"] == pytest.approx(2 * price)
    assert len(emulator.submits) == 2


async def test_the_same_batch_under_the_same_keys_pays_once(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    items = [{**item, "idempotency_key": f"key {number}"} for number, item in enumerate(TRIO)]
    async with client_on(emulator) as client:
        first = await batch(client, items)
        second = await batch(client, items)
    assert [item["job_id"] for item in second["items"]] == [item["job_id"] for item in first["items"]]
    assert len(emulator.submits) == 3


async def test_two_items_under_one_key_are_one_job(emulate: Emulate, client_on: OpenClient) -> None:
    emulator = emulate("together")
    async with client_on(emulator) as client:
        answer = await batch(client, [{**TRIO[0], "idempotency_key": "k"}] * 2)
    assert answer["items"][0]["job_id"] == answer["items"][1]["job_id"]
    assert answer["cost_usd"] == pytest.approx(answer["items"][0]["cost_usd"])
    assert len(emulator.submits) == 1
