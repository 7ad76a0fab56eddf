"""Stability AI: a form even without a file, the picture as base64 in JSON, a blurred one for a refusal."""

from typing import Any

from imgforge_mcp.providers.contract import Billing, Call, DirectProvider, Manifest, Request
from imgforge_mcp.providers.services._body import fixed, image_part, margins, text_parts

EDGES = ("left", "up", "right", "down")
LAST_SEED = 4_294_967_294
"""Stands in for 0, which means random there."""


class Stability(DirectProvider):
    manifest = Manifest(
        name="stability",
        title="Stability AI",
        base_url="https://api.stability.ai",
        key_variables=("STABILITY_API_KEY",),
        aliases=("stability_ai", "stabilityai"),
        headers={"Accept": "application/json"},
        key_check="/v1/user/account",
        billing=Billing(source="Stability's specification, 2025-06: a request that is flagged with 403 is not charged"),
        source="Stability's v2beta OpenAPI, 2025-06-24",
        key_page="https://platform.stability.ai/account/keys",
    )

    def submit(self, call: Call) -> Request:
        endpoint = str(call.model.options.get("endpoint", "generate/sd3"))
        if call.transform is not None:
            image = ("image", image_part(call.inputs[0].data, call.inputs[0].mime_type))
            told = {**fixed(call), **(margins(call.transform, EDGES) if call.transform.operation == "extend" else {})}
            return Request(target=f"/v2beta/stable-image/{endpoint}", form=(*text_parts(told), image))
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "aspect_ratio": None if call.inputs else call.aspect_ratio,
            "seed": LAST_SEED if call.seed == 0 else call.seed,
            "output_format": call.output_format,
            "style_preset": call.style,
            "model": call.model.model_id if endpoint == "generate/sd3" else None,
            **fixed(call),
        }
        files = [("image", image_part(image.data, image.mime_type)) for image in call.inputs[:1]]
        if endpoint.startswith("generate/") and files:
            fields["strength"] = 0.65 if call.strength is None else call.strength
            fields["mode"] = "image-to-image" if endpoint == "generate/sd3" else None
        if call.mask is not None:
            files.append(("mask", image_part(call.mask.data, call.mask.mime_type, "mask")))
        return Request(target=f"/v2beta/stable-image/{endpoint}", form=(*text_parts(fields), *files))


PROVIDER = Stability()
