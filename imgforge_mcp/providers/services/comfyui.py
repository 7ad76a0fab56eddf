"""ComfyUI: a graph is queued, its history asked for until it is there, and its picture fetched by name. Pictures to
edit are uploaded before.

A row's `workflow` option is a graph of the user's own, in API form, in which the texts "%prompt%", "%negative_prompt%",
"%seed%", "%width%", "%height%", "%steps%" and "%checkpoint%" are filled in; its `edit_workflow` option one for edits,
with "%image%", "%mask%" and "%strength%" beside them.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from imgforge_mcp.base.errors import BadReply, ForgeError, ModelGone, Rejected, Unavailable
from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import (
    Call,
    Images,
    InputImage,
    Manifest,
    Operation,
    Part,
    Provider,
    Reply,
    Request,
)
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.wire import line, listed, quoted, whole
from imgforge_mcp.providers.services._body import image_part


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
        return _upload(call.inputs[0]) if call.inputs else _queue(call, ())

    def poll(self, operation: Operation, call: Call) -> Request:
        """What follows an upload: that of the mask, then the graph."""
        names = operation.data.get("uploaded")
        if names is None:
            return super().poll(operation, call)
        if call.mask is not None and len(names) == 1:
            return _upload(call.mask)
        if operation.data.get("is_masked") and len(names) == 1:
            raise Rejected("The mask is gone; without it the whole picture would be changed.")
        return _queue(call, names)

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        operation = reply.operation
        if operation is None or "uploaded" in operation.data:
            return _taken(reply.json(), operation, call)
        if operation.data.get("is_file"):
            images, seed = self.images(reply, call), operation.data.get("seed")
            return replace(images, pictures=tuple(replace(picture, seed=seed) for picture in images.pictures))
        entry = reply.json().get(operation.operation_id)
        if not isinstance(entry, dict):
            return operation
        match entry.get("status"):
            case {"status_str": "error", **rest}:
                raise Unavailable("ComfyUI reports that the graph failed.", **quoted(_exception(rest.get("messages"))))
        done = {"is_file": True, "seed": _seed(entry.get("prompt"))}
        return replace(operation, url=_view(entry.get("outputs")), wait=0.0, data=done)

    def cancel(self, operation: Operation, call: Call) -> tuple[Request, ...]:
        """Out of the queue, where it waits; and an interrupt with its id stops that prompt if it is the one at work,
        and no other."""
        if "uploaded" in operation.data:
            return ()
        delete = Request(target="/queue", json={"delete": [operation.operation_id]})
        return delete, Request(target="/interrupt", json={"prompt_id": operation.operation_id})

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        cause = cause_of(reply)
        if cause.status == 400 and cause.has("value_not_in_list"):
            said = quoted(cause.sentence)
            return ModelGone("The graph names a file that this ComfyUI does not have.", provider_status=400, **said)
        return self.failed(cause, reply, call)


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
SAMPLED = TEXT_TO_IMAGE["5"]["inputs"]
IMAGE_TO_IMAGE: Json = {
    **TEXT_TO_IMAGE,
    "4": {"class_type": "VAEEncode", "inputs": {"pixels": ["9", 0], "vae": ["1", 2]}},
    "5": {"class_type": "KSampler", "inputs": {**SAMPLED, "denoise": "%strength%"}},
    "8": {"class_type": "LoadImage", "inputs": {"image": "%image%"}},
    "9": {
        "class_type": "ImageScale",
        "inputs": {
            **{"image": ["8", 0], "width": "%width%", "height": "%height%"},
            **{"upscale_method": "lanczos", "crop": "disabled"},
        },
    },
}
INPAINT: Json = {
    **IMAGE_TO_IMAGE,
    "5": {"class_type": "KSampler", "inputs": {**SAMPLED, "denoise": "%strength%", "latent_image": ["11", 0]}},
    "10": {"class_type": "LoadImageMask", "inputs": {"image": "%mask%", "channel": "red"}},
    "11": {"class_type": "SetLatentNoiseMask", "inputs": {"samples": ["4", 0], "mask": ["10", 0]}},
}
STRENGTH = 0.75
INPAINT_STRENGTH = 1.0


def _upload(image: InputImage) -> Request:
    """Named by its content: the same picture is the same file however often it is sent."""
    stem = f"imgforge-{hashlib.sha256(image.data).hexdigest()[:16]}"
    form = (("image", image_part(image.data, image.mime_type, stem)), ("overwrite", Part(value="true")))
    return Request(target="/upload/image", form=form)


def _queue(call: Call, uploaded: Sequence[str]) -> Request:
    image, mask, *_ = (*uploaded, "", "")
    usual = INPAINT_STRENGTH if mask else STRENGTH
    values = {
        "%prompt%": call.prompt,
        "%negative_prompt%": call.negative_prompt or "",
        "%seed%": call.seed if call.seed is not None else secrets.randbelow(2**31),
        "%width%": call.width,
        "%height%": call.height,
        "%steps%": call.steps if call.steps is not None else call.model.steps[2],
        "%checkpoint%": call.model.model_id,
        "%image%": image,
        "%mask%": mask,
        "%strength%": usual if call.strength is None else call.strength,
    }
    options, edited = call.model.options, INPAINT if mask else IMAGE_TO_IMAGE
    graph = options.get("edit_workflow", edited) if image else options.get("workflow", TEXT_TO_IMAGE)
    return Request(target="/prompt", json={"prompt": _filled(graph, values)})


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


def _taken(body: Json, operation: Operation | None, call: Call) -> Operation:
    """A graph that was queued, or a picture that was uploaded: then there is more to send."""
    number, name = line(body.get("prompt_id"), 200), line(body.get("name"), 200)
    if number is not None:
        return Operation(
            operation_id=number, url=f"/history/{quote(number, safe='')}", cancel_url="/interrupt", message="queued"
        )
    if name is None:
        raise BadReply("ComfyUI accepted the request without naming the graph or the picture.")
    before: Json = operation.data if operation is not None else {"is_masked": call.mask is not None}
    data = {**before, "uploaded": [*before.get("uploaded", []), name]}
    return Operation(operation_id=name, url="/prompt", wait=0.0, data=data, needs_inputs=True)


def _seed(prompt: object) -> int | None:
    """The seed that the graph was queued with, as the history tells it."""
    match prompt:
        case [_, _, dict() as graph, *_]:
            inputs = [node.get("inputs") for node in graph.values() if isinstance(node, dict)]
            seeds = [whole(each.get("seed")) for each in inputs if isinstance(each, dict)]
            return next((seed for seed in seeds if seed is not None), None)
    return None


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
