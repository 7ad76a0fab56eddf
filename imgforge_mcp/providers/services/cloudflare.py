"""Cloudflare Workers AI: JSON or a form in, by the model; an envelope or the bare picture out."""

from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from imgforge_mcp.base.errors import ForgeError, ProviderAuth
from imgforge_mcp.providers.contract import Call, DirectProvider, Manifest, Reply, Request
from imgforge_mcp.providers.reading.causes import cause_of
from imgforge_mcp.providers.reading.meaning import Meaning, Meanings
from imgforge_mcp.providers.reading.wire import decoded_or_none, listed
from imgforge_mcp.providers.services._body import fixed, given, image_part, text_parts


class Cloudflare(DirectProvider):
    manifest = Manifest(
        name="cloudflare",
        title="Cloudflare Workers AI",
        base_url="https://api.cloudflare.com",
        key_variables=("CLOUDFLARE_API_TOKEN",),
        settings={"account_id": "CLOUDFLARE_ACCOUNT_ID"},
        aliases=("workers_ai", "workersai", "workers-ai", "cf"),
        listing="/client/v4/accounts/{account_id}/ai/models/search?task=Text-to-Image&per_page=100",
        source="developers.cloudflare.com Workers AI model pages and types 2026-11-17",
        key_page="https://dash.cloudflare.com/profile/api-tokens",
    )

    meanings: ClassVar[Meanings] = {
        **dict.fromkeys(("3007", "3008"), Meaning.BUSY),
        **dict.fromkeys(("6003", "6103", "6111", "9106", "9109", "10000", "10001"), Meaning.KEY),
        "3023": Meaning.ACCOUNT,
        **dict.fromkeys(("3036", "4006"), Meaning.QUOTA),
        "3040": Meaning.RATE,
        **dict.fromkeys(("3041", "5016", "5018", "5035"), Meaning.NO_ACCESS),
        **dict.fromkeys(("3042", "5007"), Meaning.MODEL),
        **dict.fromkeys(("7000", "7003"), Meaning.ADDRESS),
    }

    def submit(self, call: Call) -> Request:
        account = call.settings.get("account_id")
        if not account:
            raise ProviderAuth("Set CLOUDFLARE_ACCOUNT_ID to the account the token belongs to.")
        target = f"/client/v4/accounts/{quote(account, safe='')}/ai/run/{call.model.model_id}"
        has_size = call.model.sizing.kind == "pixels"
        fields: dict[str, Any] = {
            "prompt": call.prompt,
            "negative_prompt": call.negative_prompt,
            "width": call.width if has_size else None,
            "height": call.height if has_size else None,
            str(call.model.options.get("steps_field", "steps")): call.steps,
            "seed": call.seed,
            **fixed(call),
        }
        if call.model.options.get("encoding") == "multipart":
            files = (
                (f"input_image_{place}", image_part(image.data, image.mime_type, f"input_image_{place}"))
                for place, image in enumerate(call.inputs)
            )
            return Request(target=target, form=(*text_parts(fields), *files))
        if call.inputs:
            fields["image_b64"] = call.inputs[0].base64
            fields["mask"] = list(call.mask.data) if call.mask else None
            fields["strength"] = call.model.options.get("strength") if call.strength is None else call.strength
        return Request(target=target, json=given(fields))

    def without_picture(self, reply: Reply, call: Call, refused: int = 0) -> ForgeError:
        """An envelope that says `success: false` is an error, whatever the status that it came with."""
        body = decoded_or_none(reply.body)
        if isinstance(body, dict) and (body.get("success") is False or listed(body.get("errors"))):
            return self.failed(replace(cause_of(reply), status=400), reply, call)
        return super().without_picture(reply, call, refused)


PROVIDER = Cloudflare()
