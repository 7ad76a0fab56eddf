"""ComfyUI: a graph is queued, its history asked for until it is there, and its picture fetched by name.

A row's `workflow` option is a graph of the user's own, in API form, in which the texts "%prompt%", "%negative_prompt%",
"%seed%", "%width%", "%height%" and "%steps%" are filled in.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from imgforge_mcp.errors import BadReply, ForgeError, ModelGone, Unavailable
from imgforge_mcp.providers._body import line
from imgforge_mcp.spec import (
    Call,
    Images,
    Manifest,
    Operation,
    Picture,
    Provider,
    Reply,
    Request,
    error_text,
    failure_by_status,
    listed,
    quoted,
)
from imgforge_mcp.types import Json


class ComfyUI(Provider):
    manifest = Manifest(
        name="comfyui",
        title="ComfyUI",
        base_url="http://127.0.0.1:8188",
        needs_key=False,
        aliases=("comfy",),
        concurrency=1,
        source="ComfyUI's server source",
    )

    def submit(self, call: Call) -> Request:
        values = {
            "%prompt%": call.prompt,
            "%negative_prompt%": call.negative_prompt or "",
            "%seed%": call.seed if call.seed is not None else secrets.randbelow(2**31),
            "%width%": call.width,
            "%height%": call.height,
            "%steps%": call.steps if call.steps is not None else call.model.steps[2],
            "%checkpoint%": call.model.model_id,
        }
        graph = call.model.options.get("workflow", TEXT_TO_IMAGE)
        return Request(target="/prompt", json={"prompt": _filled(graph, values)})

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        operation = reply.operation
        if operation is None:
            return _queued(reply.json())
        if operation.data.get("is_file"):
            if not reply.body:
                raise BadReply("ComfyUI sent an empty picture.")
            return Images(pictures=(Picture(data=reply.body),))
        entry = reply.json().get(operation.operation_id)
        if not isinstance(entry, dict):
            return operation
        match entry.get("status"):
            case {"status_str": "error", **rest}:
                raise Unavailable("ComfyUI reports that the graph failed.", **quoted(_exception(rest.get("messages"))))
        return replace(operation, url=_view(entry.get("outputs")), wait=0.0, data={"is_file": True})

    def cancel(self, operation: Operation, call: Call) -> Request:
        """An interrupt with an id stops that prompt if it is the one at work, and no other."""
        return Request(target="/interrupt", json={"prompt_id": operation.operation_id})

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        said = error_text(reply.error_json())
        if reply.status == 400 and b"value_not_in_list" in reply.body:
            return ModelGone("The graph names a file that this ComfyUI does not have.", **quoted(said))
        return failure_by_status(reply, said)


TEXT_TO_IMAGE: Json = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "%checkpoint%"}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "%prompt%"}},
    "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["1", 1], "text": "%negative_prompt%"}},
    "4": {"class_type": "EmptyLatentImage", "inputs": {"width": "%width%", "height": "%height%", "batch_size": 1}},
    "5": {
        "class_type": "KSampler",
        "inputs": {
            **{"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0]},
            **{"seed": "%seed%", "steps": "%steps%", "cfg": 7.0, "denoise": 1.0},
            **{"sampler_name": "euler", "scheduler": "normal"},
        },
    },
    "6": {"class_type": "VAEDecode", "inputs": {"samples": ["5", 0], "vae": ["1", 2]}},
    "7": {"class_type": "SaveImage", "inputs": {"images": ["6", 0], "filename_prefix": "imgforge"}},
}


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    """The graph with its placeholders filled: one that is the whole text keeps its value's type."""
    match part:
        case dict():
            return {name: _filled(each, values) for name, each in part.items()}
        case list() | tuple():
            return [_filled(each, values) for each in part]
        case str() if part in values:
            return values[part]
        case str() if "%prompt%" in part:
            return part.replace("%prompt%", str(values["%prompt%"]))
    return part


def _queued(body: Json) -> Operation:
    number = line(body.get("prompt_id"), 200)
    if number is None:
        raise BadReply("ComfyUI accepted the graph without naming it.")
    return Operation(
        operation_id=number, url=f"/history/{quote(number, safe='')}", cancel_url="/interrupt", message="queued"
    )


def _view(outputs: object) -> str:
    """Where the last saved picture of a finished graph is."""
    nodes = outputs.values() if isinstance(outputs, dict) else []
    images = [image for node in nodes if isinstance(node, dict) for image in listed(node.get("images"))]
    saved = [image for image in images if image.get("type") == "output"] or images
    if not saved or line(saved[-1].get("filename")) is None:
        raise BadReply("ComfyUI says the graph is done and names no picture.")
    names = {name: line(saved[-1].get(name)) or "" for name in ("filename", "subfolder", "type")}
    return f"/view?{urlencode(names)}"


def _exception(messages: object) -> str:
    for message in messages if isinstance(messages, list) else []:
        match message:
            case ["execution_error", {"exception_message": str(text)}]:
                return text
    return ""


PROVIDER = ComfyUI()
