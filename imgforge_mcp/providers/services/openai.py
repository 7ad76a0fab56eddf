"""OpenAI's Images API, and the servers that speak it: each model's `dialect` says in which accent."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from imgforge_mcp.base.types import Json
from imgforge_mcp.providers.contract import Auth, Call, Images, Manifest, Operation, Part, Provider, Reply, Request
from imgforge_mcp.providers.reading.costs import cost_in_header, cost_of
from imgforge_mcp.providers.reading.wire import decoded_or_none, whole
from imgforge_mcp.providers.services import _openai_batch
from imgforge_mcp.providers.services._body import effort, fixed, given, image_part, shared, text_parts

GENERATIONS = "/v1/images/generations"
EDITS = "/v1/images/edits"
AZURE_VERSION = "2025-04-01-preview"
"""The first version of Azure's API with the gpt-image models; the user's own stands in the base URL."""
AZURE_AUTH = Auth(header="api-key", prefix="")


class OpenAI(Provider):
    """api.openai.com, or with another manifest any server that is compatible with it."""

    manifest = Manifest(
        name="openai",
        title="OpenAI",
        base_url="https://api.openai.com",
        key_variables=("OPENAI_API_KEY",),
        aliases=("open_ai",),
        mask="alpha",
        listing="/v1/models",
        reports_cost=True,
        source="OpenAI's OpenAPI 2026-08-21 and openai 3.57",
        key_page="https://platform.openai.com/api-keys",
    )

    def submit(self, call: Call) -> Request:
        dialect = call.model.options.get("dialect", "openai")
        request = DIALECTS[dialect if dialect in DIALECTS else "openai"](call)
        return _openai_batch.upload(call, request) if call.is_batch else request

    def parse(self, reply: Reply, call: Call) -> Images | Operation:
        if reply.operation is None and not call.is_batch:
            return self._made(reply, call)
        if reply.operation is None:
            return _openai_batch.uploaded(reply, GENERATIONS)
        answer = _openai_batch.answered(reply, reply.operation)
        if isinstance(answer, Operation):
            return answer
        status = whole(answer.get("status_code")) or 200
        inner = Reply(status=status, headers=reply.headers, body=json.dumps(answer.get("body")).encode())
        if status >= 400:
            raise self.failure(inner, call)
        return self._made(inner, call)

    def _made(self, reply: Reply, call: Call) -> Images:
        body = decoded_or_none(reply.body)
        images = self.images(reply, call, body)
        return replace(images, cost_usd=shared(cost_of(body, call.model.options.get("tokens")), call))

    def poll(self, operation: Operation, call: Call) -> Request:
        return _openai_batch.question(operation) if operation.is_batch else super().poll(operation, call)

    def has_stopped(self, reply: Reply) -> bool:
        """A batch that is being cancelled may still bring what it was at work on, and is asked about until it ends."""
        body = decoded_or_none(reply.body)
        return reply.status < 300 and isinstance(body, dict) and (body.get("deleted") is True or _is_cancelled(body))


def _is_cancelled(batch: Json) -> bool:
    return batch.get("status") == "cancelled" and not batch.get("output_file_id")


class Azure(OpenAI):
    """OpenAI's models as Azure serves them: below a deployment's name, with a version of the API, or at `/openai/v1`,
    where the name travels in the body."""

    def __init__(self, base_url: str) -> None:
        base = urlsplit(base_url)
        self._is_v1 = "/openai/v1" in base.path
        models = "/openai/v1/models" if self._is_v1 else "/openai/models?api-version=2024-10-21"
        # A list that names none of the user's deployments: it tells whether the key is good.
        self.manifest = replace(OpenAI.manifest, auth=AZURE_AUTH, listing=None, key_check=models)
        self._query = {} if self._is_v1 or "api-version" in base.query else {"api-version": AZURE_VERSION}

    def submit(self, call: Call) -> Request:
        request = _openai(call)
        if self._is_v1:
            return request
        deployment = quote(call.model.model_id, safe="")
        target = f"/openai/deployments/{deployment}{request.target.removeprefix('/v1')}"
        return replace(request, target=target, query=self._query)


class LiteLLM(OpenAI):
    """A LiteLLM proxy, which says what a call cost in a header."""

    def parse(self, reply: Reply, call: Call) -> Images:
        images = self._made(reply, call)
        cost = cost_in_header(reply.headers)
        return images if cost is None else replace(images, cost_usd=cost)


def server(name: str, base_url: str, dialect: str = "openai") -> OpenAI:
    """A named server that is compatible with OpenAI's, at the user's own address."""
    provider = Azure(base_url) if dialect == "azure" else LiteLLM() if dialect == "litellm" else OpenAI()
    provider.manifest = replace(
        provider.manifest,
        name=name,
        title=name,
        base_url=base_url,
        key_variables=(),
        needs_key=False,
        aliases=(),
        address_setting=f"base_url of the server {name} in the configuration file",
        source="configuration",
        key_page="",
    )
    return provider


def _openai(call: Call) -> Request:
    is_sized = call.model.sizing.kind != "fixed" and (call.is_size_asked or not call.inputs)
    fields = {
        "model": call.model.model_id,
        "prompt": call.prompt,
        "n": call.n,
        "size": _size(call) if is_sized else None,
        "quality": effort(call),
        "complexity": effort(call, "complexity"),
        "output_format": call.output_format,
        "background": call.background,
        **fixed(call),
    }
    return _edit(fields, call) if call.inputs else Request(target=GENERATIONS, json=given(fields))


def _xai(call: Call) -> Request:
    fields: dict[str, Any] = {
        "model": call.model.model_id,
        "prompt": call.prompt,
        "n": call.n,
        "aspect_ratio": call.aspect_ratio if call.is_size_asked else None,
        "resolution": call.image_size.lower() if call.image_size else None,
        "quality": effort(call),
        "response_format": "b64_json",
        **fixed(call),
    }
    images = [{"url": image.data_url, "type": "image_url"} for image in call.inputs]
    if images:
        fields |= {"image": images[0]} if len(images) == 1 else {"images": images}
    return Request(target=EDITS if images else GENERATIONS, json=given(fields))


def _localai(call: Call) -> Request:
    """The part of the prompt after a bar is what to avoid, so the caller's own bars become commas."""
    positive, *negative = (text.replace("|", ",") for text in (call.prompt, call.negative_prompt) if text)
    fields: dict[str, Any] = {"model": call.model.model_id, "prompt": "|".join([positive, *negative])}
    if call.mask is not None and call.inputs:
        source = call.inputs[0]
        files = (
            ("image", image_part(source.data, source.mime_type)),
            ("mask", image_part(call.mask.data, call.mask.mime_type, "mask")),
        )
        return Request(target="/v1/images/inpainting", form=text_parts({**fields, "steps": call.steps}) + files)
    fields |= {"n": call.n, "size": _size(call), "step": call.steps, "seed": call.seed, "response_format": "b64_json"}
    images = [image.base64 for image in call.inputs]
    if images:
        fields |= {"file": images[0]} if len(images) == 1 else {"ref_images": images}
    return Request(target=GENERATIONS, json=given({**fields, **fixed(call)}))


def _sd_server(call: Call) -> Request:
    """What the OpenAI form has no field for travels as JSON inside the prompt."""
    extra = given(
        {
            "seed": call.seed,
            "negative_prompt": call.negative_prompt,
            "strength": call.strength,
            "sample_params": {"sample_steps": call.steps} if call.steps else None,
        }
    )
    tail = f"<sd_cpp_extra_args>{json.dumps(extra)}</sd_cpp_extra_args>" if extra else ""
    fields = {"prompt": call.prompt + tail, "n": call.n, "size": _size(call), "output_format": call.output_format}
    return _edit(fields, call) if call.inputs else Request(target=GENERATIONS, json=given(fields))


def _vllm_omni(call: Call) -> Request:
    fields = {
        "model": call.model.model_id,
        "prompt": call.prompt,
        "n": call.n,
        "size": _size(call),
        "response_format": "b64_json",
        "negative_prompt": call.negative_prompt,
        "num_inference_steps": call.steps,
        "seed": call.seed,
        **fixed(call),
    }
    return _edit(fields, call) if call.inputs else Request(target=GENERATIONS, json=given(fields))


DIALECTS: dict[str, Callable[[Call], Request]] = {
    "openai": _openai,
    "xai": _xai,
    "localai": _localai,
    "sd-server": _sd_server,
    "vllm-omni": _vllm_omni,
}


def _size(call: Call) -> str:
    return f"{call.width}x{call.height}"


def _edit(fields: dict[str, Any], call: Call) -> Request:
    """A form. A single picture goes as `image`: there are servers that know nothing of lists."""
    name = "image[]" if len(call.inputs) > 1 else "image"
    files: list[tuple[str, Part]] = [
        (name, image_part(image.data, image.mime_type, f"image{place}")) for place, image in enumerate(call.inputs, 1)
    ]
    if call.mask is not None:
        files.append(("mask", image_part(call.mask.data, call.mask.mime_type, "mask")))
    return Request(target=EDITS, form=(*text_parts(fields), *files))


PROVIDER = OpenAI()
