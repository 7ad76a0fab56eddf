"""Hugging Face Inference Providers: one router in front of services that each keep their own shape; a row's `via` says
which one serves it."""

from typing import Any

from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, Request
from imgforge_mcp.providers.services._body import fixed, given


class HuggingFace(DirectProvider):
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


PROVIDER = HuggingFace()
