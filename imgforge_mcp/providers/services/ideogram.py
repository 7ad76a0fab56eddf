"""Ideogram: JSON from words alone, a form with pictures; an unsafe image is an item without a URL."""

from typing import Any

from imgforge_mcp.providers.contract import Auth, Call, DirectProvider, Manifest, Request
from imgforge_mcp.providers.services._body import effort, fixed, given, image_part, text_parts


class Ideogram(DirectProvider):
    manifest = Manifest(
        name="ideogram",
        title="Ideogram",
        base_url="https://api.ideogram.ai",
        key_variables=("IDEOGRAM_API_KEY",),
        auth=Auth(header="Api-Key", prefix=""),
        concurrency=10,
        mask="black",
        source="Ideogram's OpenAPI 2026-06, prices 2026-11-16",
        key_page="https://ideogram.ai/manage-api",
    )

    def submit(self, call: Call) -> Request:
        base = f"/v1/{call.model.model_id}"
        if call.transform is not None:
            return Request(target=base, form=(("image", image_part(call.inputs[0].data, call.inputs[0].mime_type)),))
        fields: dict[str, Any]
        if speed := call.model.options.get("speed"):
            size = f"{call.width}x{call.height}" if call.is_size_asked else None
            fields = {"text_prompt": call.prompt, "rendering_speed": speed, "resolution": size}
            return Request(target=f"{base}/generate", json=given(fields))
        fields = {
            "prompt": call.prompt,
            "seed": call.seed,
            "rendering_speed": effort(call),
            "negative_prompt": call.negative_prompt,
            "num_images": call.n,
            "style_type": call.style.upper() if call.style else None,
            **fixed(call),
        }
        shape = {"aspect_ratio": call.aspect_ratio.replace(":", "x")}
        if call.background == "transparent" and not call.inputs:
            del fields["style_type"]
            return Request(target=f"{base}/generate-transparent", form=text_parts(fields | shape))
        if "by_reference" in call.model.capabilities:
            character = image_part(call.inputs[0].data, call.inputs[0].mime_type, "character")
            form = (*text_parts(fields | shape), ("character_reference_images", character))
            return Request(target=f"{base}/generate", form=form)
        if not call.inputs:
            return Request(target=f"{base}/generate", json=given(fields | shape))
        image = ("image", image_part(call.inputs[0].data, call.inputs[0].mime_type))
        if call.mask is not None:
            del fields["negative_prompt"]
            mask = ("mask", image_part(call.mask.data, call.mask.mime_type, "mask"))
            return Request(target=f"{base}/edit", form=(*text_parts(fields), image, mask))
        if call.is_size_asked:
            fields |= shape
        if call.strength is not None:
            fields["image_weight"] = min(100, max(1, round((1 - call.strength) * 100)))
        return Request(target=f"{base}/remix", form=(*text_parts(fields), image))


PROVIDER = Ideogram()
