"""Hugging Face Inference Providers: one router in front of services that each keep their own shape; a row's `via` says
which one serves it."""

from typing import Any

from imgforge_mcp.base.errors import BadReply, ForgeError
from imgforge_mcp.providers.contract import Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, listed
from imgforge_mcp.providers.services._body import amount, at, fixed, given, picture


class HuggingFace(Provider):
    manifest = Manifest(
        name="huggingface",
        title="Hugging Face",
        base_url="https://router.huggingface.co",
        key_variables=("HF_TOKEN",),
        aliases=("hf", "hugging_face", "hf_inference"),
        source="huggingface_hub 2.4.0",
        key_page="https://huggingface.co/settings/tokens",
    )

    def submit(self, call: Call) -> Request:
        size: dict[str, Any] = {"width": call.width, "height": call.height}
        settings = {"negative_prompt": call.negative_prompt, "num_inference_steps": call.steps, "seed": call.seed}
        match call.model.options.get("via"):
            case "fal-ai":
                body = {"prompt": call.prompt, "image_size": size, **settings, **fixed(call)}
                return Request(target=f"/fal-ai/{call.model.model_id}", json=given(body))
            case "together":
                body = {
                    **{"prompt": call.prompt, "model": call.model.model_id, "response_format": "base64", **size},
                    **{"negative_prompt": call.negative_prompt, "steps": call.steps, "seed": call.seed},
                }
                return Request(target="/together/v1/images/generations", json=given(body | fixed(call)))
        parameters = given({**size, **settings, **fixed(call)})
        return Request(
            target=f"/hf-inference/models/{call.model.model_id}",
            json={"inputs": call.prompt, "parameters": parameters},
            headers={"Accept": "image/png"},
        )

    def parse(self, reply: Reply, call: Call) -> Images:
        if reply.content_type.startswith("image/") and reply.body:
            return Images(pictures=(Picture(data=reply.body),))
        body = reply.json()
        pictures = [found for item in listed(body.get("data")) if (found := picture(item))]
        urls = [image.get("url") for image in listed(body.get("images"))]
        pictures += [at(url) for url in urls if isinstance(url, str) and url]
        flags = body.get("has_nsfw_concepts")
        if isinstance(flags, list) and flags and all(flag is True for flag in flags):
            raise self.refusal()
        if not pictures:
            raise BadReply("Hugging Face answered without an image.")
        return Images(pictures=tuple(pictures))

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        body = reply.error_json()
        types = [detail.get("type") for detail in listed(body.get("detail"))]
        if "content_policy_violation" in types:
            return self.refusal(error_text(body))
        return failure_by_status(reply, error_text(body), retry_after=amount(body.get("estimated_time")))


PROVIDER = HuggingFace()
