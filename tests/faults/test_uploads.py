"""An edit whose pictures are uploaded before the graph is queued: cut off in between it goes on with all of them, and
what waits in a queue is called off there too."""

import base64
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from imgforge_mcp.base.errors import Rejected
from imgforge_mcp.providers.contract import Operation
from imgforge_mcp.providers.services.comfyui import PROVIDER
from tests.answers import ended, on_hang, pictures, told
from tests.conftest import OpenClient
from tests.emulators import Emulator
from tests.emulators._emulator import route
from tests.emulators._faults import Fault
from tests.emulators._picture import draw
from tests.emulators._wire import Answer, Call
from tests.emulators.comfyui import ComfyUI
from tests.providers._calls import INPUT, SECOND, call_for

pytestmark = pytest.mark.anyio


class Pausing(ComfyUI):
    """Hangs at the second upload, or at `hangs_at`, until it is cleared."""

    name = "comfyui"
    hangs_at = 2
    uploads = 0

    @route("POST", "/upload/image", phase="upload")
    def upload(self, call: Call) -> Answer:
        self.uploads += 1
        if self.uploads == self.hangs_at - 1:
            self._faults.set(Fault(kind="hang", phase="upload"))
        answer: Answer = super().upload(call)
        return answer


@pytest.fixture
def pausing() -> Iterator[Pausing]:
    emulator = Pausing()
    with emulator.serve():
        yield emulator
        emulator.clear()


def picture(about: str) -> str:
    return f"data:image/png;base64,{base64.b64encode(draw(about, 96, 64).data).decode()}"


async def test_a_masked_edit_that_was_cut_off_after_its_first_upload_keeps_its_mask(
    pausing: Pausing, client_on: OpenClient
) -> None:
    hangs = anyio.Event()
    on_hang(pausing, hangs.set)
    asked = {"prompt": "a green sky", "image": picture("a"), "mask": picture("b"), "provider": "comfyui", "sync": False}
    async with client_on(pausing) as client:
        job_id = told(await client.call_tool("edit_image", asked))["job_id"]
        await hangs.wait()
    pausing.clear()
    async with client_on(pausing) as client:
        job = await ended(client, job_id)
    assert job["state"] == "completed", job
    assert len(pictures(job)) == len(pausing.submits) == 1
    assert "LoadImageMask" in str(pausing.submits[0].json)
    assert pausing.surprises == []


async def test_of_several_pictures_each_keeps_its_own_seed_though_it_was_cut_off_after_its_first_upload(
    pausing: Pausing, client_on: OpenClient
) -> None:
    hangs = anyio.Event()
    on_hang(pausing, hangs.set)
    pausing.hangs_at = 4
    asked = {"prompt": "a green sky", "image": picture("a"), "mask": picture("b"), "provider": "comfyui", "sync": False}
    async with client_on(pausing) as client:
        job_id = told(await client.call_tool("edit_image", {**asked, "n": 2, "seed": 7}))["job_id"]
        await hangs.wait()
    pausing.clear()
    async with client_on(pausing) as client:
        job = await ended(client, job_id)
    assert job["state"] == "completed", job
    assert [order.seed for order in pausing.orders] == [7, 8]
    assert len({asset["asset_id"] for asset in job["assets"]}) == 2


async def test_an_edit_whose_picture_is_gone_when_it_is_taken_up_again_ends_and_leaves_no_call_open(
    pausing: Pausing, client_on: OpenClient, home: Path
) -> None:
    hangs = anyio.Event()
    on_hang(pausing, hangs.set)
    asked = {"prompt": "a green sky", "image": picture("a"), "mask": picture("b"), "provider": "comfyui", "sync": False}
    async with client_on(pausing) as client:
        job_id = told(await client.call_tool("edit_image", asked))["job_id"]
        await hangs.wait()
    pausing.clear()
    with sqlite3.connect(home / "registry.db") as registry:
        registry.execute("DELETE FROM assets")
    registry.close()
    async with client_on(pausing) as client:
        job = await ended(client, job_id)
    assert (job["state"], job["error"]["code"]) == ("failed", "interrupted")
    assert "no longer in the store" in job["error"]["error"]
    assert [attempt["error_code"] for attempt in job["attempts"]] == ["interrupted"]
    assert pausing.submits == []


def test_without_its_mask_it_does_not_go_on() -> None:
    call = call_for("comfyui/comfyui", inputs=(INPUT,))
    uploaded = {"uploaded": ["image.png"], "is_masked": True}
    with pytest.raises(Rejected):
        PROVIDER.poll(Operation(operation_id="image.png", url="/prompt", data=uploaded), call)
    masked = call_for("comfyui/comfyui", inputs=(INPUT,), mask=SECOND)
    assert PROVIDER.poll(Operation(operation_id="image.png", url="/prompt", data=uploaded), masked).target == (
        "/upload/image"
    )


async def test_calling_off_takes_the_prompt_out_of_the_queue_too(
    emulate: Callable[[str], Emulator], client_on: OpenClient
) -> None:
    emulator = emulate("comfyui")
    hangs = anyio.Event()
    on_hang(emulator, hangs.set)
    emulator.fault("hang", "poll")
    async with client_on(emulator) as client:
        job_id = told(await client.call_tool("generate_image", {"prompt": "a fox", "sync": False}))["job_id"]
        await hangs.wait()
        await client.call_tool("cancel_job", {"job_id": job_id})
        emulator.clear()
        job = await ended(client, job_id)
    assert job["state"] == "canceled"
    told_off = [call for call in emulator.calls if call.method == "POST" and call.path in ("/queue", "/interrupt")]
    assert [call.path for call in told_off] == ["/queue", "/interrupt"]
    assert told_off[0].json["delete"] == [told_off[1].json["prompt_id"]]


async def test_a_task_that_is_not_found_any_more_ends_long_before_the_deadline(
    emulate: Callable[[str], Emulator], client_on: OpenClient
) -> None:
    emulator = emulate("bfl")
    async with client_on(emulator) as client:
        emulator.fault("never")
        asked = {"prompt": "a red fox", "sync": False}
        job_id = told(await client.call_tool("generate_image", asked))["job_id"]
        while not any(call.path == "/v1/get_result" for call in emulator.calls):
            await anyio.lowlevel.checkpoint()
        emulator.work.clear()  # type: ignore[attr-defined]
        job = await ended(client, job_id)
    assert job["state"] == "failed"
    (attempt,) = job["attempts"]
    assert (attempt["error_code"], attempt["maybe_billed"]) == ("bad_reply", True)
    assert sum(call.path == "/v1/get_result" for call in emulator.calls) < 12
