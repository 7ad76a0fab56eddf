"""Recraft: OpenAI's shape with fields of its own, and the cost in its answer; vectors come as SVG."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from imgforge_mcp.base.errors import ForgeError, Forgotten, ModelGone, Rejected, WrongAddress
from imgforge_mcp.base.types import Transform
from imgforge_mcp.providers.contract import Call, DirectProvider, Images, Manifest, ModelSpec, Reply, Request, Told
from imgforge_mcp.providers.reading.wire import amount, decoded_or_none, listed
from imgforge_mcp.providers.services._body import fixed, given, image_part, margins, text_parts

UNIT = 0.001
"""US dollars."""
STYLE = re.compile(r"[\w-]{1,64}")
"""A style's id."""


class Recraft(DirectProvider):
    manifest = Manifest(
        name="recraft",
        title="Recraft",
        base_url="https://external.api.recraft.ai",
        key_variables=("RECRAFT_API_KEY",),
        key_check="/v1/users/me",
        reports_cost=True,
        source="Recraft's OpenAPI 2026-08-22",
        key_page="https://www.recraft.ai/profile/api",
    )

    def submit(self, call: Call) -> Request:
        if call.transform is not None:
            return _transformed(call, call.transform)
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "model": call.model.model_id,
            "n": call.n,
            "size": None if call.inputs else call.aspect_ratio,
            "style": call.style,
            "negative_prompt": call.negative_prompt,
            "random_seed": call.seed,
            "image_format": call.output_format,
            "response_format": "b64_json",
            **fixed(call),
        }
        by_style = "by_reference" in call.model.capabilities
        if by_style:
            known = None if call.kept is None else call.kept.handle
            urls = [image.data_url for image in call.inputs] if known is None else None
            fields |= {"size": call.aspect_ratio, "style_id": known, "style_reference_urls": urls}
        if by_style or not call.inputs:
            return Request(target="/v1/images/generations", json=given(fields))
        files = [("image", image_part(call.inputs[0].data, call.inputs[0].mime_type))]
        if call.mask is not None:
            files.append(("mask", image_part(call.mask.data, call.mask.mime_type, "mask")))
        else:
            fields["strength"] = 0.5 if call.strength is None else call.strength
        route = "imageToImage" if call.mask is None else "inpaint"
        return Request(target=f"/v1/images/{route}", form=(*text_parts(fields), *files))

    def parse(self, reply: Reply, call: Call) -> Images:
        images = self.images(reply, call)
        body = decoded_or_none(reply.body)
        if not isinstance(body, dict):
            return images
        units, style = amount(body.get("credits")), body.get("style_id")
        cost = None if units is None else round(units * UNIT, 6)
        return replace(
            images, cost_usd=cost, handle=style if isinstance(style, str) and STYLE.fullmatch(style) else None
        )

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        """What it says of a style that it does not know is not documented: any word against the request may mean it."""
        error = super().failure(reply, call)
        if call.kept is None or call.kept.handle is None or not isinstance(error, Rejected | ModelGone | WrongAddress):
            return error
        return Forgotten("Recraft does not know the style any more that it made of these pictures.", **error.details)

    def price_questions(self, models: Sequence[ModelSpec]) -> tuple[str, ...]:
        return ("/v1/models",)

    def told_prices(self, reply: Reply) -> dict[str, Told]:
        """By the picture, as text."""
        told = {}
        for model in listed(reply.json().get("data")):
            match model:
                case {"id": str(name), "pricing": {"image": str(price)}} if price.replace(".", "", 1).isdigit():
                    told[name] = Told(usd=float(price), unit="image")
        return told


EDGES = ("expand_left", "expand_top", "expand_right", "expand_bottom")
MORE_OF_IT = "continue the scene beyond its edges"
"""Outpainting wants a prompt."""


def _transformed(call: Call, transform: Transform) -> Request:
    image = ("image", image_part(call.inputs[0].data, call.inputs[0].mime_type))
    fields: dict[str, Any] = {"response_format": "b64_json", **fixed(call)}
    if transform.operation == "extend":
        fields |= {"prompt": MORE_OF_IT, **margins(transform, EDGES)}
    return Request(target=f"/v1/images/{call.model.options['endpoint']}", form=(*text_parts(fields), image))


PROVIDER = Recraft()
