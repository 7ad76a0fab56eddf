"""Emoji in a prompt: the drawing, the scenery or the role that each stands for."""

from __future__ import annotations

import functools
import re
from typing import Final

from imgforge_mcp.local.sprites.library import DATA

MARK: Final = "emoji:"
_MODIFIERS: Final = "\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# emoji that are a place, an hour or weather rather than a thing that stands somewhere
_SCENERY: Final = {
    "sunrise": "sunrise",
    "sunrise-over-mountains": "sunrise mountains",
    "sunset": "sunset city",
    "night-with-stars": "night city stars",
    "cityscape": "city",
    "cityscape-at-dusk": "dusk city",
    "bridge-at-night": "night suspension bridge",
    "milky-way": "milky way night",
    "mount-fuji": "fuji",
    "volcano": "volcano",
    "mountain": "mountain",
    "snow-capped-mountain": "snow mountain",
    "desert": "desert",
    "desert-island": "beach palms",
    "beach-with-umbrella": "beach",
    "national-park": "forest",
    "water-wave": "waves ocean",
    "rainbow": "rainbow",
    "sun": "sun",
    "sun-with-face": "sun",
    "crescent-moon": "crescent moon",
    "full-moon": "full moon",
    "cloud": "clouds",
    "cloud-with-rain": "rain",
    "cloud-with-snow": "snow",
    "cloud-with-lightning": "lightning",
    "cloud-with-lightning-and-rain": "storm",
    "snowflake": "snow",
    "fog": "fog",
    "foggy": "fog",
    "cherry-blossom": "cherry blossom",
    "fireworks": "fireworks night",
    "houses": "houses village",
}
_ROLES: Final = {
    "woman": "woman",
    "man": "man",
    "girl": "girl",
    "boy": "boy",
    "child": "child",
    "person": "person",
    "old-man": "old man",
    "old-woman": "old woman",
    "older-person": "old person",
    "astronaut": "astronaut",
    "farmer": "farmer",
    "cook": "chef",
    "health-worker": "doctor",
    "firefighter": "firefighter",
    "police-officer": "police officer",
    "prince": "prince",
    "princess": "princess",
    "superhero": "superhero",
    "mage": "wizard",
    "elf": "elf",
    "ninja": "ninja",
    "santa-claus": "santa claus",
    "family": "family",
}


def split(text: str) -> list[tuple[str, str]]:
    """The text in pieces: plain ones with "" and emoji with the English words that they say."""
    if text.isascii():
        return [(text, "")]
    pieces: list[tuple[str, str]] = []
    at = 0
    for found in _pattern().finditer(text):
        pieces += [(text[at : found.start()], ""), (found.group(), _said(found.group()))]
        at = found.end()
    return [*pieces, (text[at:], "")]


def _said(emoji: str) -> str:
    name = _names()[_key(emoji)]
    bare = re.sub("^(man|woman)-(?=.)", "", name)
    return _SCENERY.get(name) or _ROLES.get(name) or _ROLES.get(bare) or MARK + name


def _key(emoji: str) -> str:
    return "".join(c for c in emoji if c not in _MODIFIERS)


@functools.cache
def _names() -> dict[str, str]:
    lines = (DATA / "emoji.txt").read_text("ascii").splitlines()
    pairs = (line.split(" ") for line in lines)
    return {"".join(chr(int(point, 16)) for point in points.split("-")): name for points, name in pairs}


@functools.cache
def _pattern() -> re.Pattern[str]:
    """Longest first; modifiers of skin and of presentation may stand between the parts."""
    between = f"[{_MODIFIERS}]*"
    keys = sorted((key for key in _names() if not key.isascii()), key=len, reverse=True)
    return re.compile("|".join(between.join(map(re.escape, key)) + between for key in keys))
