"""ComfyUI: a graph with its placeholders filled, a history that is empty until the end, a picture fetched by name."""

from typing import Any

import pytest

from imgforge_mcp.base.errors import BadReply, ForgeError, ModelGone, Rejected, Unavailable
from imgforge_mcp.catalog import load_catalog
from imgforge_mcp.providers.contract import Call, Images, Operation, Picture, Request
from imgforge_mcp.providers.services.comfyui import PROVIDER
from tests.providers._calls import INPUT, ODD_BODIES, PICTURE, SECOND, call_for, reply

COMFY = call_for("comfyui/comfyui")
SAVED = {"filename": "a.png", "subfolder": "", "type": "output"}
JOB = Operation(operation_id="p1", url="/history/p1", cancel_url="/interrupt", message="queued")


def graph_of(call: Call) -> dict[str, Any]:
    request = PROVIDER.submit(call)
    assert isinstance(request, Request)
    assert request.target == "/prompt"
    assert request.json is not None
    graph: dict[str, Any] = request.json["prompt"]
    return graph


def test_the_default_graph_is_filled_with_values_of_the_right_type() -> None:
    graph = graph_of(call_for("comfyui/comfyui", seed=0, steps=9, negative_prompt="blur", width=512, height=768))
    inputs = {node["class_type"]: node["inputs"] for node in graph.values()}
    assert inputs["CheckpointLoaderSimple"] == {"ckpt_name": "v1-5-pruned-emaonly-fp16.safetensors"}
    assert inputs["EmptyLatentImage"] == {"width": 512, "height": 768, "batch_size": 1}
    assert (inputs["KSampler"]["seed"], inputs["KSampler"]["steps"]) == (0, 9)
    assert [graph["2"]["inputs"]["text"], graph["3"]["inputs"]["text"]] == ["a red fox", "blur"]


def test_without_a_seed_each_call_takes_another() -> None:
    assert graph_of(COMFY)["5"]["inputs"]["seed"] != graph_of(COMFY)["5"]["inputs"]["seed"]


def test_a_workflow_of_the_users_own_is_filled_and_words_of_the_prompt_are_left_alone() -> None:
    workflow = {"9": {"class_type": "X", "inputs": {"text": "photo of %prompt%, 8k", "seed": "%seed%", "on": True}}}
    (model,) = load_catalog({"models": {"comfyui/comfyui": {"options": {"workflow": workflow}}}}).find(
        "comfyui/comfyui"
    )
    graph = graph_of(Call(model=model, prompt="a %seed% fox", seed=3))
    assert graph["9"]["inputs"] == {"text": "photo of a %seed% fox, 8k", "seed": 3, "on": True}


def test_an_edit_uploads_first_and_is_then_queued() -> None:
    call = call_for("comfyui/comfyui", inputs=(INPUT,), strength=0.3)
    upload = PROVIDER.submit(call)
    assert isinstance(upload, Request)
    assert upload.form is not None
    assert (upload.target, [name for name, _ in upload.form]) == ("/upload/image", ["image", "overwrite"])
    taken = PROVIDER.parse(reply({"name": "a.png", "subfolder": "", "type": "input"}), call)
    assert isinstance(taken, Operation)
    queue = PROVIDER.poll(taken, call)
    assert queue.json is not None
    inputs = {node["class_type"]: node["inputs"] for node in queue.json["prompt"].values()}
    assert (queue.target, inputs["LoadImage"], inputs["KSampler"]["denoise"]) == ("/prompt", {"image": "a.png"}, 0.3)
    queued = PROVIDER.parse(reply({"prompt_id": "p1"}, operation=taken), call)
    assert queued == JOB
    assert PROVIDER.poll(JOB, call) == Request(method="GET", target="/history/p1")


def test_a_mask_is_uploaded_second_and_bounds_the_noise() -> None:
    call = call_for("comfyui/comfyui", inputs=(INPUT,), mask=SECOND)
    first = PROVIDER.parse(reply({"name": "a.png"}), call)
    assert isinstance(first, Operation)
    assert PROVIDER.poll(first, call).target == "/upload/image"
    both = PROVIDER.parse(reply({"name": "m.png"}, operation=first), call)
    assert isinstance(both, Operation)
    queue = PROVIDER.poll(both, call)
    assert queue.json is not None
    graph = queue.json["prompt"]
    masked = next(name for name, node in graph.items() if node["class_type"] == "SetLatentNoiseMask")
    assert graph["5"]["inputs"]["latent_image"] == [masked, 0]
    assert {node["inputs"]["image"] for node in graph.values() if "LoadImage" in node["class_type"]} == {
        "a.png",
        "m.png",
    }


def test_the_seed_is_read_from_the_history() -> None:
    entry = {"prompt": [1, "p1", {"5": {"inputs": {"seed": 77}}}, {}, ["7"]], "outputs": {"7": {"images": [SAVED]}}}
    operation = PROVIDER.parse(reply({"p1": entry}, operation=JOB), COMFY)
    assert isinstance(operation, Operation)
    assert PROVIDER.parse(reply(PICTURE, operation=operation), COMFY) == Images(
        pictures=(Picture(data=PICTURE, seed=77),)
    )


def test_a_queued_graph_is_asked_for_in_the_history_and_interrupted_by_its_id() -> None:
    assert PROVIDER.parse(reply({"prompt_id": "p1", "number": 3, "node_errors": {}}), COMFY) == JOB
    assert PROVIDER.cancel(JOB, COMFY) == (
        Request(target="/queue", json={"delete": ["p1"]}),
        Request(target="/interrupt", json={"prompt_id": "p1"}),
    )


@pytest.mark.parametrize("body", [{}, {"p2": {}}, {"p1": None}])
def test_an_empty_history_means_still_running(body: object) -> None:
    assert PROVIDER.parse(reply(body, operation=JOB), COMFY) == JOB


def test_a_finished_graph_leads_to_its_saved_picture() -> None:
    preview = {"filename": "t.png", "subfolder": "", "type": "temp"}
    saved = {"filename": "a b.png", "subfolder": "s/x", "type": "output"}
    outputs = {"7": {"images": [saved]}, "8": {"images": [preview]}, "9": {"text": ["x"]}}
    entry = {"status": {"status_str": "success", "completed": True}, "outputs": outputs}
    operation = PROVIDER.parse(reply({"p1": entry}, operation=JOB), COMFY)
    assert isinstance(operation, Operation)
    assert (operation.url, operation.wait) == ("/view?filename=a+b.png&subfolder=s%2Fx&type=output", 0.0)
    answer = reply(PICTURE, operation=operation)
    assert PROVIDER.parse(answer, COMFY) == Images(pictures=(Picture(data=PICTURE),))


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        pytest.param(
            {"status": {"status_str": "error", "messages": [["execution_error", {"exception_message": "OOM"}]]}},
            Unavailable,
            id="failed",
        ),
        pytest.param({"status": {"status_str": "error", "messages": 3}}, Unavailable, id="failed silently"),
        pytest.param({"status": {"status_str": "success"}, "outputs": {}}, BadReply, id="no picture"),
        pytest.param({"outputs": {"7": {"images": [{"filename": 3}]}}}, BadReply, id="a picture without a name"),
        pytest.param({"outputs": [1]}, BadReply, id="odd outputs"),
    ],
)
def test_an_end_without_a_picture_means(entry: object, kind: type[ForgeError]) -> None:
    with pytest.raises(kind):
        PROVIDER.parse(reply({"p1": entry}, operation=JOB), COMFY)


@pytest.mark.parametrize("body", ODD_BODIES)
def test_an_odd_answer_to_a_submit_is_a_bad_reply(body: object) -> None:
    with pytest.raises(BadReply):
        PROVIDER.parse(reply(body), COMFY)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        pytest.param({"error": {"type": "prompt_no_outputs", "message": "x"}}, Rejected, id="an unsound graph"),
        pytest.param(
            {"error": {"message": "x"}, "node_errors": {"1": {"errors": [{"type": "value_not_in_list"}]}}},
            ModelGone,
            id="no such checkpoint",
        ),
    ],
)
def test_an_error_means(body: object, kind: type[ForgeError]) -> None:
    assert type(PROVIDER.failure(reply(body, 400), COMFY)) is kind
