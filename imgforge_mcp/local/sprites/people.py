"""Who somebody is: the dress of their role, and the hair, skin and years that the prompt or the dice give them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from imgforge_mcp.local.scene import Colour, Subject

SKINS: tuple[Colour, ...] = ((247, 212, 182), (234, 186, 148), (206, 150, 108), (160, 106, 72), (112, 72, 50))
HAIRS: tuple[Colour, ...] = ((52, 36, 30), (88, 58, 38), (140, 96, 56), (190, 154, 104), (36, 32, 36))


@dataclass(frozen=True, slots=True)
class Look:
    """What a figure wears; `garment` is one of coat, dress, robe, suit, armour, space.

    `detail` is what tells its role, `tool` what it has in hand, `face` one of three kinds, `eyes` their said colour.

    `cut` is the cut of the hair: short, fringe, curls, long, bob, bun, tails or bald."""

    garment: str = "coat"
    top: Colour = (66, 90, 124)
    legs: Colour = (58, 60, 72)
    hair: Colour = (70, 46, 34)
    skin: Colour = (234, 186, 148)
    long_hair: bool = False
    hat: str = ""
    hat_colour: Colour = (60, 50, 48)
    cape: Colour | None = None
    scarf: Colour | None = None
    child: bool = False
    wings: bool = False
    detail: str = ""
    tool: str = ""
    cut: str = "short"
    beard: Colour | None = None
    feminine: bool = False
    aged: bool = False
    glasses: bool = False
    face: int = 0
    eyes: Colour | None = None


_LOOKS = {
    "woman": Look("dress", (176, 66, 74), long_hair=True),
    "man": Look("coat", (70, 84, 108)),
    "girl": Look("dress", (232, 150, 80), long_hair=True, child=True),
    "boy": Look("coat", (64, 130, 160), child=True),
    "child": Look("coat", (226, 178, 62), child=True),
    "child-red": Look("dress", (186, 34, 40), cape=(186, 34, 40), hat="hood", hat_colour=(186, 34, 40), child=True),
    "astronaut": Look(
        "space", (236, 238, 242), (222, 226, 232), hat="helmet", hat_colour=(240, 242, 246), detail="pack"
    ),
    "knight": Look(
        "armour",
        (158, 168, 182),
        (120, 130, 146),
        hat="helm",
        hat_colour=(150, 160, 176),
        cape=(140, 32, 40),
        detail="plates",
        tool="sword",
    ),
    "wizard": Look(
        "robe",
        (72, 66, 148),
        hair=(226, 226, 230),
        long_hair=True,
        hat="pointed",
        hat_colour=(72, 66, 148),
        beard=(232, 232, 234),
        tool="staff",
    ),
    "witch": Look("robe", (52, 42, 70), hair=(120, 60, 40), long_hair=True, hat="pointed", hat_colour=(42, 34, 56)),
    "king": Look(
        "robe", (140, 28, 48), hat="crown", hat_colour=(226, 180, 70), cape=(140, 28, 48), beard=(150, 112, 76)
    ),
    "queen": Look("dress", (122, 40, 110), long_hair=True, hat="crown", hat_colour=(226, 180, 70), cape=(92, 40, 120)),
    "princess": Look(
        "dress", (240, 150, 186), hair=(214, 170, 96), long_hair=True, hat="crown", hat_colour=(236, 200, 96)
    ),
    "prince": Look("coat", (60, 84, 160), hat="crown", hat_colour=(226, 180, 70)),
    "samurai": Look("robe", (122, 30, 36), (40, 40, 48), hat="kabuto", hat_colour=(46, 44, 54)),
    "ninja": Look("suit", (34, 36, 46), (28, 30, 38), hat="hood", hat_colour=(30, 32, 40)),
    "pirate": Look("coat", (110, 30, 36), (46, 42, 48), hat="tricorn", hat_colour=(40, 34, 34), detail="belt"),
    "cowboy": Look("coat", (150, 104, 66), (64, 78, 112), hat="brim", hat_colour=(112, 74, 46)),
    "farmer": Look(
        "coat", (190, 80, 60), (64, 90, 134), hat="brim", hat_colour=(222, 190, 116), detail="dungarees", tool="fork"
    ),
    "chef": Look(
        "coat", (246, 246, 244), (60, 62, 70), hat="toque", hat_colour=(252, 252, 250), detail="buttons", tool="ladle"
    ),
    "doctor": Look("coat", (244, 247, 250), (86, 150, 160), detail="labcoat"),
    "firefighter": Look("coat", (214, 160, 50), (190, 140, 44), hat="brim", hat_colour=(190, 40, 36)),
    "police": Look("suit", (38, 52, 92), (30, 40, 70), hat="cap", hat_colour=(30, 42, 78), detail="tie"),
    "santa": Look(
        "coat",
        (196, 36, 40),
        (176, 30, 36),
        hair=(244, 244, 244),
        hat="santa",
        hat_colour=(196, 36, 40),
        beard=(248, 248, 246),
        detail="belt",
    ),
    "monk": Look("robe", (200, 104, 40), hair=(150, 106, 80)),
    "superhero": Look("suit", (40, 84, 180), (40, 84, 180), cape=(204, 36, 44), detail="emblem"),
    "elf": Look(
        "coat", (60, 120, 72), (84, 66, 50), hair=(216, 180, 110), long_hair=True, hat="santa", hat_colour=(50, 110, 64)
    ),
    "businessman": Look("suit", (52, 58, 74), (46, 50, 64), detail="tie"),
    "viking": Look(
        "coat",
        (110, 84, 62),
        (74, 64, 56),
        hair=(196, 130, 70),
        long_hair=True,
        hat="horned",
        hat_colour=(140, 140, 146),
        beard=(196, 130, 70),
        detail="belt",
        cape=(92, 72, 56),
    ),
    "ballerina": Look("dress", (250, 206, 220), hair=(60, 42, 36), long_hair=True),
    "guard": Look("coat", (186, 34, 40), (34, 36, 46), hat="bearskin", hat_colour=(34, 32, 36)),
    "angel": Look(
        "robe", (246, 246, 242), hair=(214, 178, 112), long_hair=True, hat="halo", hat_colour=(246, 206, 84), wings=True
    ),
    "geisha": Look("robe", (196, 60, 90), hair=(30, 26, 30)),
    "skier": Look("coat", (220, 70, 60), (40, 56, 90), hat="cap", hat_colour=(40, 56, 90)),
    "cyclist": Look("suit", (230, 196, 50), (36, 38, 46)),
}
# the paint-box colours of the word table, as hair has them
_HAIR_TONES: dict[Colour, Colour] = {
    (208, 44, 46): (170, 62, 36),
    (226, 188, 112): (212, 176, 116),
    (246, 204, 62): (216, 182, 112),
    (236, 124, 36): (196, 98, 44),
    (214, 168, 58): (208, 168, 98),
    (220, 172, 70): (208, 168, 98),
}
_TOPS: tuple[Colour, ...] = ((66, 90, 124), (150, 76, 60), (74, 110, 92), (196, 150, 72), (120, 84, 120), (178, 66, 72))


FEMININE = frozenset(
    {"woman", "girl", "queen", "princess", "witch", "ballerina", "geisha", "child-red", "angel", "mermaid"}
)
_MASCULINE = frozenset({"man", "boy", "king", "prince", "santa", "wizard", "viking", "pirate", "monk", "samurai"})
_GARMENTS = {
    **dict.fromkeys(("dress", "gown", "skirt", "sari"), "dress"),
    **dict.fromkeys(("robe", "kimono"), "robe"),
    "suit": "suit",
}
_WHITE_HAIR = (226, 226, 228)


_BRIGHT: tuple[Colour, ...] = ((222, 84, 96), (244, 186, 72), (86, 158, 198), (150, 112, 192), (238, 128, 92))
_PLAIN_TOPS: dict[str, tuple[Colour, ...]] = {
    "woman": ((176, 66, 74), (58, 122, 132), (208, 128, 66), (112, 84, 148), (70, 104, 168)),
    "man": ((70, 84, 108), (150, 76, 60), (74, 110, 92), (92, 116, 152)),
    **dict.fromkeys(("girl", "boy", "child"), _BRIGHT),
}


def look_of(subject: Subject, rng: np.random.Generator) -> Look:
    """The role's dress, with what the prompt says of hair, skin and clothes."""
    role = subject.name.partition(":")[2]
    look = _LOOKS.get(role)
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    if look is None:
        look = Look(top=_TOPS[int(rng.integers(len(_TOPS)))], long_hair=bool(rng.random() < 0.4))
    elif role in _PLAIN_TOPS:
        tops = _PLAIN_TOPS[role]
        look = replace(look, top=tops[int(rng.integers(len(tops)))])
    look = replace(look, skin=skin, hair=hair if look.hair == Look().hair else look.hair)
    for thing, colour in subject.traits:
        look = _with_trait(look, thing, colour)
    look = _cut(look, role, rng)
    if "old" in subject.word or (look.beard and min(look.beard) > 160 and role not in ("santa", "wizard")):
        look = replace(look, hair=look.beard or _WHITE_HAIR, aged=True, glasses=bool(rng.random() < 0.5))
    if subject.colour and role not in ("woman", "man", "girl", "boy", "child", "person"):
        look = replace(look, top=subject.colour)
    return look


def _with_trait(look: Look, thing: str, colour: Colour) -> Look:
    """The look with one thing of it in the colour that was said."""
    if thing == "hair":
        return replace(look, hair=_HAIR_TONES.get(colour, colour))
    if thing == "skin":
        return replace(look, skin=colour)
    if thing == "beard":
        return replace(look, beard=_HAIR_TONES.get(colour, colour))
    if thing == "scarf":
        return replace(look, scarf=colour)
    if thing == "hat":
        return replace(look, hat=look.hat or "brim", hat_colour=colour)
    if thing == "hoodie":
        return replace(look, hat=look.hat or "hood", hat_colour=colour, top=colour)
    if thing in ("cape", "cloak"):
        return replace(look, cape=colour)
    if thing in ("pants", "trousers", "jeans"):
        return replace(look, legs=colour)
    if thing == "eyes":
        return replace(look, eyes=colour)
    return replace(look, top=colour, garment=_GARMENTS.get(thing, look.garment))


def _cut(look: Look, role: str, rng: np.random.Generator) -> Look:
    """How the hair is worn, and whether the face is a woman's where the role leaves it open."""
    by_dice, choice = rng.random() < 0.5, float(rng.random())
    feminine = not look.beard and (role in FEMININE or (role not in _MASCULINE and (look.long_hair or bool(by_dice))))
    cuts: tuple[str, ...]
    if look.child:
        cuts = ("tails", "bob", "long") if feminine else ("fringe", "short", "curls")
    elif look.long_hair and role not in ("woman", ""):
        cuts = ("long",)
    else:
        cuts = ("long", "bun", "bob") if feminine else ("short", "fringe", "curls")
    return replace(look, feminine=feminine, cut=cuts[int(choice * len(cuts))], face=int(rng.integers(3)))


def is_plain_person(subject: Subject) -> bool:
    """Somebody without a dress of a role, who may be drawn in the dress of what is done."""
    return subject.name.removeprefix("figure:") in ("woman", "man", "girl", "boy", "child", "person")


def is_child(subject: Subject) -> bool:
    """Somebody who is drawn small and round."""
    look = _LOOKS.get(subject.name.removeprefix("figure:"))
    return look is not None and look.child


_YELLOW_HUES = (22, 38)


def natural(sprite: Image.Image, skin: Colour) -> Image.Image:
    """A drawing of the library with skin instead of its yellow."""
    values = np.asarray(sprite).copy()
    hsv = np.asarray(sprite.convert("RGB").convert("HSV")).astype(np.int16)
    low, high = _YELLOW_HUES
    yellow = (hsv[..., 0] >= low) & (hsv[..., 0] <= high) & (hsv[..., 1] > 150) & (hsv[..., 2] > 130)
    tone = np.minimum(hsv[..., 2].astype(np.float32) / 252, 1)[..., None] * np.array(skin, np.float32)
    values[..., :3] = np.where(yellow[..., None], tone.astype(np.uint8), values[..., :3])
    return Image.fromarray(values)
