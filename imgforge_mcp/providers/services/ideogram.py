"""Ideogram: JSON from words alone, a form with pictures; an unsafe image is an item without a URL."""

from typing import Any

from imgforge_mcp.base.errors import BadReply, ForgeError
from imgforge_mcp.providers.contract import Auth, Call, Images, Manifest, Provider, Reply, Request
from imgforge_mcp.providers.reading import error_text, failure_by_status, listed
from imgforge_mcp.providers.services._body import effort, fixed, given, image_part, picture, text_parts


class Ideogram(Provider):
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
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "seed": call.seed,
            "rendering_speed": effort(call),
            "negative_prompt": call.negative_prompt,
            "num_images": call.n,
            "style_type": call.style.upper() if call.style else None,
            **fixed(call),
        }
        shape = {"aspect_ratio": call.aspect_ratio.replace(":", "x")}
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

    def parse(self, reply: Reply, call: Call) -> Images:
        items = listed(reply.json().get("data"))
        refused = [item for item in items if item.get("is_image_safe") is False]
        pictures = [found for item in items if (found := picture(item, seed=item.get("seed")))]
        if refused and not pictures:
            raise self.refusal()
        if not pictures:
            raise BadReply("Ideogram answered without an image.")
        warnings = (f"{len(refused)} of {len(items)} images were refused by the safety system.",) if refused else ()
        return Images(pictures=tuple(pictures), warnings=warnings)

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        said = error_text(reply.error_json())
        is_refusal = reply.status == 422 and "safety" in said.lower()
        return self.refusal(said) if is_refusal else failure_by_status(reply, said)


PROVIDER = Ideogram()
