"""Cloudflare Workers AI: JSON or a form in, by the model; an envelope or the bare picture out."""

from typing import Any
from urllib.parse import quote

from imgforge_mcp.base.errors import (
    BadReply,
    ForgeError,
    ModelGone,
    ProviderAuth,
    QuotaExceeded,
    RateLimited,
    Unavailable,
)
from imgforge_mcp.providers.contract import Call, Images, Manifest, Picture, Provider, Reply, Request
from imgforge_mcp.providers.reading import decode_base64, error_text, failure_by_status, listed, quoted
from imgforge_mcp.providers.services._body import fixed, given, image_part, text_parts

REFUSED = ("nsfw", "has been flagged")
MEANINGS: dict[int, tuple[type[ForgeError], str]] = {
    3007: (Unavailable, "The provider ran out of time."),
    3008: (Unavailable, "The provider ran out of time."),
    3023: (ProviderAuth, "The provider has blocked the account."),
    3036: (QuotaExceeded, "The provider's free allowance is used up until 00:00 UTC."),
    3040: (RateLimited, "The provider is out of capacity for the moment."),
    3041: (ModelGone, "The provider account may not use this model."),
    3042: (ModelGone, "The provider does not know this model any more."),
    5007: (ModelGone, "The provider does not know this model any more."),
    5016: (ModelGone, "The provider account may not use this model."),
    5018: (ModelGone, "The provider account may not use this model."),
    5035: (ModelGone, "The provider account's plan does not include this model."),
}


class Cloudflare(Provider):
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

    def parse(self, reply: Reply, call: Call) -> Images:
        if not reply.is_json and not reply.body.lstrip().startswith(b"{"):
            if not reply.body or reply.content_type.startswith("text/"):
                raise BadReply("Cloudflare answered without an image.")
            return Images(pictures=(Picture(data=reply.body),))
        body = reply.json()
        if body.get("success") is False or listed(body.get("errors")):
            raise self.failure(reply, call)
        match body.get("result"):
            case {"image": str(image)}:
                return Images(pictures=(Picture(data=decode_base64(image)),))
        raise BadReply("Cloudflare answered without an image.")

    def failure(self, reply: Reply, call: Call) -> ForgeError:
        body = reply.error_json()
        errors = listed(body.get("errors"))
        code = errors[0].get("code") if errors else None
        said = error_text(body)
        if code == 3030 and any(word in said.lower() for word in REFUSED):
            return self.refusal(said)
        if isinstance(code, int) and code in MEANINGS:
            kind, sentence = MEANINGS[code]
            return kind(sentence, provider_status=reply.status, provider_code=code, **quoted(said))
        return failure_by_status(reply, said)


PROVIDER = Cloudflare()
