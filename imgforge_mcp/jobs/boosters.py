"""What is added to a prompt, and why: the tiers' boosters and the user's templates. Pure."""

import re
from collections.abc import Mapping, Sequence

from imgforge_mcp.base.config import Template
from imgforge_mcp.base.errors import InvalidRequest, NotFound
from imgforge_mcp.base.types import ImageRequest, QualityTier

PARTS = ("subject", "setting", "mood", "art_style", "lighting", "camera", "extras")
NOT_FROM_TEMPLATES = frozenset({"prompt", "template", "idempotency_key", "metadata", "save_to", "sync"})


PLAIN = {
    "a logo": r"logos?|logotypes?|wordmarks?|monograms?|emblems?|brand ?marks?|letterheads?",
    "an icon": r"icons?|favicons?|pictograms?|glyphs?|emojis?|app icons?|stickers?|badges?",
    "a vector drawing": r"vectors?|svgs?|clip ?art|line ?art|line drawings?|flat design|silhouettes?|stencils?",
    "a diagram": r"diagrams?|infographics?|flow ?charts?|charts?|wireframes?|mock-?ups?|blueprints?|floor ?plans?",
    "a pixel drawing": r"pixel ?art|8-?bit|16-?bit",
    "lettering": r"typography|typographic|lettering|calligraphy|captions?|headlines?|title cards?|"
    r"(?:that|which) (?:says?|reads?)|(?:saying|reading|written|titled|text|words?) [\"'“‘«„].+",
}
"""Kinds of picture to which words for photographs and paintings do harm, by what names them in a prompt."""
QUOTED = re.compile(r"[\"“„«](?=\S)[^\"”“»]{2,80}[\"”“»]")
"""Words to be written into the picture."""


def plain_kind(prompt: str) -> str | None:
    """What kind of picture a prompt asks for, if it is one that takes no boosters."""
    for kind, words in PLAIN.items():
        if re.search(rf"\b(?:{words})\b", prompt, re.IGNORECASE):
            return kind
    return "lettering" if QUOTED.search(prompt) else None


def boosted(prompt: str, tier: QualityTier, boosters: Sequence[str], enhance: bool | None) -> tuple[str, str]:
    """The prompt with the tier's boosters that it does not hold already, and the account of what was added."""
    if enhance is False:
        return prompt, "Nothing added: enhance is false."
    if enhance is None and (kind := plain_kind(prompt)):
        return prompt, f"Nothing added: boosters do {kind} no good; enhance true adds them all the same."
    missing = [booster for booster in boosters if booster.lower() not in prompt.lower()]
    if not missing:
        return prompt, f"Nothing added: the prompt holds every booster of tier {tier.value}."
    added = ", ".join(missing)
    return f"{prompt.rstrip(' ,.;')}, {added}", f"Added for tier {tier.value}: {added}."


def easy_to_cut_out(prompt: str, logic: str, *, is_drawn: bool, is_edit: bool) -> tuple[str, str]:
    """The same for a picture whose background is taken away afterwards, by its colour; `is_drawn` by the illustrator,
    which knows what a transparent background is."""
    added = "transparent background" if is_drawn else "isolated on a plain white background"
    if (is_drawn and is_edit) or re.search(
        r"\b(?:transparent|white|plain) (?:white )?background\b", prompt, re.IGNORECASE
    ):
        return prompt, logic
    return f"{prompt.rstrip(' ,.;')}, {added}", f"{logic} Added to be cut out: {added}."


def built(parts: Mapping[str, str]) -> str:
    """One prompt from its parts, in the order in which image models like them.

    Raises:
        InvalidRequest: not one of them is given.
    """
    given = [text for name in PARTS if (text := parts.get(name, "").strip(" ,.\n"))]
    if not given:
        raise InvalidRequest(f"At least one of these is needed: {', '.join(PARTS)}.", field="subject")
    return ", ".join(given)


def with_template(request: ImageRequest, template: Template) -> ImageRequest:
    """The request with what the template says wherever the caller said nothing; its prompt stands after the caller's.

    Raises:
        InvalidRequest: the template holds a value that generate_image would refuse.
    """
    said = request.model_dump(exclude_unset=True)
    values = {name: value for name, value in template.values.items() if name not in NOT_FROM_TEMPLATES}
    prompt = f"{request.prompt}, {template.prompt}" if template.prompt else request.prompt
    try:
        return ImageRequest.model_validate({**values, **said, "prompt": prompt[:8000]})
    except ValueError:
        raise InvalidRequest(
            f"The template {template.name!r} of the configuration holds a value that generate_image does not take.",
            field="template",
        ) from None


def find_template(name: str, templates: Mapping[str, Template]) -> Template:
    """Raises NotFound."""
    if name in templates:
        return templates[name]
    known = ", ".join(sorted(templates)) or "none is configured"
    raise NotFound(f"There is no template of that name; there are: {known}.", field="template")
