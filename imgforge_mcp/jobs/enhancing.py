"""A short idea as a richer prompt, by rules of our own: subject, setting, light, lens and style by tone. Pure: the same
idea, tone and seed give the same words."""

import hashlib
import random
import re

TONES: dict[str, tuple[str, ...]] = {
    "anime": ("anime illustration, clean line art, expressive faces", "cel shading, vivid flat colours"),
    "cozy": ("warm and cosy mood, soft textures", "an inviting, homely atmosphere"),
    "cinematic": ("cinematic still, shallow depth of field", "dramatic composition, film grain"),
    "dramatic": ("dramatic contrast, deep shadows", "a tense, theatrical mood"),
    "dark": ("moody and dark, low key", "deep shadows with a single source of light"),
    "minimal": ("minimalist composition, plenty of empty space", "few shapes, restrained palette"),
    "playful": ("playful, bright and round shapes", "cheerful colours, a sense of fun"),
    "watercolor": ("loose watercolour on textured paper", "soft washes and bleeding edges"),
    "oil": ("oil painting with visible brushwork", "rich impasto and glazed shadows"),
    "photorealistic": ("photorealistic, natural skin and materials", "true-to-life detail and colour"),
    "professional": ("clean professional finish", "well balanced, editorial quality"),
    "vintage": ("vintage look, faded colours", "a nostalgic print with slight grain"),
    "futuristic": ("futuristic design, polished surfaces", "neon accents and hard reflections"),
    "fantasy": ("fantasy illustration, intricate ornament", "a sense of wonder and scale"),
}
SETTINGS = (
    "in a place that tells its story through small details",
    "set against a background that supports the subject without competing",
    "with foreground, middle ground and distance clearly layered",
    "in a setting full of quiet, believable detail",
)
LIGHTS = (
    "golden hour light with long soft shadows",
    "soft window light from the side",
    "diffuse overcast light, gentle contrast",
    "warm key light with a cool rim light",
    "early morning light through thin mist",
)
LENSES = (
    "eye-level view, 50 mm lens",
    "low angle, 35 mm lens",
    "close view, 85 mm lens, blurred background",
    "wide view, 24 mm lens, strong leading lines",
)
FINISH = ("finely detailed", "crisp focus on the subject", "harmonious colours", "careful composition")
ILLUSTRATED = frozenset({"anime", "watercolor", "oil", "minimal", "fantasy", "playful"})
"""Tones that are drawn or painted: a lens would say nothing there."""
SYNONYMS = {"cosy": "cozy", "watercolour": "watercolor", "realistic": "photorealistic", "photo": "photorealistic"}


def enhanced(idea: str, tone: str | None = None, seed: int | None = None) -> str:
    """The idea first, as it was said; then setting, light, lens and style, as far as it does not name them itself."""
    subject = " ".join(idea.split()).rstrip(" .,;")
    digest = hashlib.sha256(f"{subject}\0{tone or ''}\0{seed if seed is not None else ''}".encode()).digest()
    chance = random.Random(digest)
    tones = [SYNONYMS.get(word, word) for word in re.findall(r"[a-z]+", (tone or "").lower())]
    known = [word for word in dict.fromkeys(tones) if word in TONES]
    parts = [subject]
    parts += (
        [] if _names(subject, "in", "on", "at", "inside", "under", "through", "against") else [chance.choice(SETTINGS)]
    )
    parts += (
        [] if _names(subject, "light", "lit", "sunset", "sunrise", "night", "dusk", "dawn") else [chance.choice(LIGHTS)]
    )
    is_drawn = bool(ILLUSTRATED & set(known)) or _names(subject, "painting", "drawing", "illustration", "logo", "icon")
    parts += [] if is_drawn or _names(subject, "lens", "mm", "angle", "view") else [chance.choice(LENSES)]
    parts += [chance.choice(TONES[word]) for word in known]
    unknown = [word for word in tones if word not in TONES]
    parts += [f"{' '.join(unknown)} style"] if unknown else []
    parts.append(chance.choice(FINISH))
    return ", ".join(dict.fromkeys(parts))


def _names(text: str, *words: str) -> bool:
    said = set(re.findall(r"[a-z]+", text.lower()))
    return any(word in said for word in words)
