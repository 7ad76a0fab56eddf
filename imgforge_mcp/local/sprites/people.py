"""People: figures seen from behind or under a helmet, dressed for their role; no painted grins."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from imgforge_mcp.local.scene import Colour, Subject
from imgforge_mcp.local.sprites.library import rasterise
from imgforge_mcp.local.vector import css

SKINS: tuple[Colour, ...] = ((247, 212, 182), (234, 186, 148), (206, 150, 108), (160, 106, 72), (112, 72, 50))
HAIRS: tuple[Colour, ...] = ((52, 36, 30), (88, 58, 38), (140, 96, 56), (190, 154, 104), (36, 32, 36))


@dataclass(frozen=True, slots=True)
class Look:
    """What a figure wears; `garment` is one of coat, dress, robe, suit, armour, space."""

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


_LOOKS = {
    "woman": Look("dress", (176, 66, 74), long_hair=True),
    "man": Look("coat", (70, 84, 108)),
    "girl": Look("dress", (232, 150, 80), long_hair=True, child=True),
    "boy": Look("coat", (64, 130, 160), child=True),
    "child": Look("coat", (226, 178, 62), child=True),
    "child-red": Look("dress", (186, 34, 40), cape=(186, 34, 40), hat="hood", hat_colour=(186, 34, 40), child=True),
    "astronaut": Look("space", (236, 238, 242), (222, 226, 232), hat="helmet", hat_colour=(240, 242, 246)),
    "knight": Look(
        "armour", (158, 168, 182), (120, 130, 146), hat="helm", hat_colour=(150, 160, 176), cape=(140, 32, 40)
    ),
    "wizard": Look(
        "robe", (72, 66, 148), hair=(226, 226, 230), long_hair=True, hat="pointed", hat_colour=(72, 66, 148)
    ),
    "witch": Look("robe", (52, 42, 70), hair=(120, 60, 40), long_hair=True, hat="pointed", hat_colour=(42, 34, 56)),
    "king": Look("robe", (140, 28, 48), hat="crown", hat_colour=(226, 180, 70), cape=(140, 28, 48)),
    "queen": Look("dress", (122, 40, 110), long_hair=True, hat="crown", hat_colour=(226, 180, 70), cape=(92, 40, 120)),
    "princess": Look(
        "dress", (240, 150, 186), hair=(214, 170, 96), long_hair=True, hat="crown", hat_colour=(236, 200, 96)
    ),
    "prince": Look("coat", (60, 84, 160), hat="crown", hat_colour=(226, 180, 70)),
    "samurai": Look("robe", (122, 30, 36), (40, 40, 48), hat="kabuto", hat_colour=(46, 44, 54)),
    "ninja": Look("suit", (34, 36, 46), (28, 30, 38), hat="hood", hat_colour=(30, 32, 40)),
    "pirate": Look("coat", (110, 30, 36), (46, 42, 48), hat="tricorn", hat_colour=(40, 34, 34)),
    "cowboy": Look("coat", (150, 104, 66), (64, 78, 112), hat="brim", hat_colour=(112, 74, 46)),
    "farmer": Look("coat", (190, 80, 60), (64, 90, 134), hat="brim", hat_colour=(222, 190, 116)),
    "chef": Look("coat", (246, 246, 244), (60, 62, 70), hat="toque", hat_colour=(252, 252, 250)),
    "doctor": Look("coat", (244, 247, 250), (70, 110, 130)),
    "firefighter": Look("coat", (214, 160, 50), (190, 140, 44), hat="helm", hat_colour=(190, 40, 36)),
    "police": Look("suit", (38, 52, 92), (30, 40, 70), hat="cap", hat_colour=(30, 42, 78)),
    "santa": Look("coat", (196, 36, 40), (176, 30, 36), hair=(244, 244, 244), hat="santa", hat_colour=(196, 36, 40)),
    "monk": Look("robe", (200, 104, 40), hair=(150, 106, 80)),
    "superhero": Look("suit", (40, 84, 180), (40, 84, 180), cape=(204, 36, 44)),
    "elf": Look(
        "coat", (60, 120, 72), (84, 66, 50), hair=(216, 180, 110), long_hair=True, hat="santa", hat_colour=(50, 110, 64)
    ),
    "businessman": Look("suit", (52, 58, 74), (46, 50, 64)),
    "viking": Look(
        "coat",
        (110, 84, 62),
        (74, 64, 56),
        hair=(196, 130, 70),
        long_hair=True,
        hat="helm",
        hat_colour=(140, 140, 146),
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


def look_of(subject: Subject, rng: np.random.Generator) -> Look:
    """The role's dress, with what the prompt says of hair, skin and clothes."""
    role = subject.name.partition(":")[2]
    look = _LOOKS.get(role)
    skin, hair = SKINS[int(rng.integers(len(SKINS)))], HAIRS[int(rng.integers(len(HAIRS)))]
    if look is None:
        look = Look(top=_TOPS[int(rng.integers(len(_TOPS)))], long_hair=bool(rng.random() < 0.4))
    look = replace(look, skin=skin, hair=hair if look.hair == Look().hair else look.hair)
    for thing, colour in subject.traits:
        if thing == "hair":
            look = replace(look, hair=_HAIR_TONES.get(colour, colour))
        elif thing == "skin":
            look = replace(look, skin=colour)
        elif thing in ("hat", "hoodie"):
            look = replace(
                look,
                hat=look.hat or ("brim" if thing == "hat" else "hood"),
                hat_colour=colour,
                top=look.top if thing == "hat" else colour,
            )
        elif thing == "scarf":
            look = replace(look, scarf=colour)
        elif thing in ("cape", "cloak"):
            look = replace(look, cape=colour)
        elif thing in ("pants", "trousers", "jeans"):
            look = replace(look, legs=colour)
        elif thing not in ("eyes", "beard"):
            kind = {
                "dress": "dress",
                "gown": "dress",
                "skirt": "dress",
                "sari": "dress",
                "robe": "robe",
                "kimono": "robe",
                "suit": "suit",
            }.get(thing, look.garment)
            look = replace(look, top=colour, garment=kind)
    if "old" in subject.word or any(thing == "beard" and colour[0] > 180 for thing, colour in subject.traits):
        beards = [colour for thing, colour in subject.traits if thing == "beard"]
        look = replace(look, hair=beards[0] if beards else (226, 226, 228))
    if subject.colour and role not in ("woman", "man", "girl", "boy", "child", "person"):
        look = replace(look, top=subject.colour)
    return look


def is_plain_person(subject: Subject) -> bool:
    """Somebody without a dress of a role, who may be drawn in the dress of what is done."""
    return subject.name.removeprefix("figure:") in ("woman", "man", "girl", "boy", "child", "person")


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


def figure(look: Look, size: int, *, seated: bool = False) -> Image.Image:
    """The figure `size` pixels tall, from behind."""
    drawn = rasterise(_svg(look, size, seated))
    box = drawn.getchannel("A").getbbox()
    return drawn.crop(box) if box else drawn


def _svg(look: Look, size: int, seated: bool) -> str:
    head = 30 if look.child else 24
    top, legs = css(look.top), css(look.legs)
    dark = css([v * 0.72 for v in look.top])
    parts = [_legs(look, legs, seated)]
    if look.garment in ("dress", "robe"):
        hem = 262 if look.garment == "dress" else 300
        parts.append(
            f'<path d="M66 98 C50 112 58 170 36 {hem} Q80 {hem + 12} 124 {hem} C102 170 110 112 94 98Z" '
            'fill="url(#t)"/>'
        )
        parts.append(
            f'<path d="M80 160 Q78 220 74 {hem + 4} M92 170 Q98 220 104 {hem}" stroke="{dark}" '
            'stroke-width="2.5" fill="none" opacity=".6"/>'
        )
    else:
        hem = 206 if look.garment == "coat" else 190
        parts.append(
            f'<path d="M64 98 C48 108 52 160 50 {hem} Q80 {hem + 8} 110 {hem} C108 160 112 108 96 98Z" fill="url(#t)"/>'
        )
        parts.append(f'<path d="M80 108 V{hem + 2}" stroke="{dark}" stroke-width="2" opacity=".5"/>')
    parts.append(_arms(look))
    if look.garment == "space":
        parts.append(
            '<rect x="56" y="100" width="48" height="62" rx="9" fill="#c3c9d2"/><rect x="62" y="108" '
            'width="36" height="20" rx="4" fill="#97a0ac"/><circle cx="70" cy="146" r="5" fill="#d2533f"/>'
            '<circle cx="86" cy="146" r="5" fill="#4b86c6"/>'
        )
    if look.cape:
        parts.append(
            '<path d="M62 98 C44 150 36 210 34 268 Q58 258 80 270 Q104 258 126 268 C124 210 116 150 98 98Z" '
            f'fill="{css(look.cape)}"/><path d="M70 110 Q60 190 58 262 M90 110 Q100 190 102 262" '
            'stroke="#000" stroke-opacity=".16" stroke-width="4" fill="none"/>'
        )
    if look.wings:
        parts.append(_WINGS)
    parts.append(_head(look, head))
    if look.scarf:
        scarf = css(look.scarf)
        parts.append(
            f'<path d="M58 92 Q80 108 102 92 L104 104 Q80 120 56 104Z" fill="{scarf}"/><path d="M92 106 L104 '
            f'168 L90 170 L84 110Z" fill="{css([v * 0.85 for v in look.scarf])}"/>'
        )
    scale = 0.78 if look.child else 1.0
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 330" '
        f'width="{max(4, round(size * 160 / 330))}" height="{size}"><defs>'
        f'<linearGradient id="t" x1="0" x2="1"><stop offset="0" stop-color="{top}"/><stop offset="1" '
        f'stop-color="{dark}"/></linearGradient></defs>'
        f'<g transform="translate({80 * (1 - scale)} {330 * (1 - scale)}) scale({scale})">{"".join(parts)}</g></svg>'
    )


_WINGS = (
    '<path d="M76 116 C50 84 14 74 4 92 C8 112 16 122 12 138 C22 150 26 160 24 176 C40 190 66 168 78 140Z" '
    'fill="#fdfdfb" stroke="#c9ccd6" stroke-width="2"/><path d="M84 116 C110 84 146 74 156 92 C152 112 144 122 148 '
    '138 C138 150 134 160 136 176 C120 190 94 168 82 140Z" fill="#fdfdfb" stroke="#c9ccd6" stroke-width="2"/>'
    '<path d="M14 112 Q40 112 70 130 M22 144 Q44 140 72 138 M146 112 Q120 112 90 130 M138 144 Q116 140 88 138" '
    'stroke="#c9ccd6" stroke-width="2.5" fill="none"/>'
)


def _legs(look: Look, legs: str, seated: bool) -> str:
    shoe = "#2e2a2c" if look.garment != "space" else "#9aa2ad"
    if seated:
        return (
            '<path d="M60 180 C40 200 36 240 40 280 L58 280 C60 250 66 230 78 214 L82 214 C94 230 100 250 '
            f'102 280 L120 280 C124 240 120 200 100 180Z" fill="{legs}"/>'
        )
    width = 9 if look.garment != "space" else 14
    return (
        f'<path d="M{70 - width} 180 L{68 - width} 312 H{68 + width} L80 196 L{92 - width} 312 '
        f'H{92 + width} L{90 + width} 180Z" fill="{legs}"/>'
        f'<path d="M{66 - width} 310 h{width * 2 + 2} v10 h-{width * 2 + 8} q0 -10 6 -10Z M{92 - width} '
        f'310 h{width * 2 + 2} q6 0 6 10 h-{width * 2 + 8}Z" fill="{shoe}"/>'
    )


def _arms(look: Look) -> str:
    sleeve, hand = css([v * 0.88 for v in look.top]), css(look.skin if look.garment != "space" else (200, 206, 214))
    width = 17 if look.garment != "space" else 24
    return (
        f'<path d="M58 108 C46 136 42 164 46 188" fill="none" stroke="{sleeve}" stroke-width="{width}" '
        'stroke-linecap="round"/>'
        f'<path d="M102 108 C114 136 118 164 114 188" fill="none" stroke="{sleeve}" '
        f'stroke-width="{width}" stroke-linecap="round"/>'
        f'<circle cx="46" cy="196" r="8" fill="{hand}"/><circle cx="114" cy="196" r="8" fill="{hand}"/>'
    )


def _head(look: Look, radius: int) -> str:
    hair, dark, skin = css(look.hair), css([v * 0.74 for v in look.hair]), css([v * 0.92 for v in look.skin])
    middle = 94 - radius
    parts = [
        f'<rect x="72" y="{middle + radius - 10}" width="16" height="22" fill="{skin}"/>',
        f'<ellipse cx="80" cy="{middle}" rx="{radius * 0.86}" ry="{radius}" fill="{skin}"/>',
    ]
    if look.hat == "helmet":
        return (
            f'<circle cx="80" cy="66" r="37" fill="{css(look.hat_colour)}"/><path d="M50 60 Q80 38 110 60 '
            'Q112 88 80 92 Q48 88 50 60Z" fill="#1d2b45"/><path d="M56 62 Q74 46 92 52 Q70 56 60 78Z" '
            'fill="#6f97c9" opacity=".8"/><rect x="60" y="94" width="40" height="9" rx="4" fill="#aeb6c0"/>'
        )
    if look.long_hair:
        parts.append(
            f'<path d="M{80 - radius} {middle} Q{80 - radius * 1.15} {middle - radius * 1.25} 80 '
            f"{middle - radius * 1.12} Q{80 + radius * 1.15} {middle - radius * 1.25} {80 + radius} {middle} "
            f"C{80 + radius * 1.3} {middle + 40} {80 + radius} {middle + 76} {80 + radius * 0.7} "
            f"{middle + 88} Q80 {middle + 96} {80 - radius * 0.7} {middle + 88} C{80 - radius} {middle + 76} "
            f'{80 - radius * 1.3} {middle + 40} {80 - radius} {middle}Z" fill="{hair}"/>'
        )
        parts.append(
            f'<path d="M70 {middle - 6} Q64 {middle + 40} 70 {middle + 84} M90 {middle - 6} Q97 {middle + 40} '
            f'90 {middle + 84} M80 {middle - 10} V{middle + 88}" stroke="{dark}" stroke-width="2" fill="none" '
            'opacity=".55"/>'
        )
    else:
        parts.append(
            f'<path d="M{80 - radius * 0.9} {middle + radius * 0.5} Q{80 - radius * 1.15} '
            f"{middle - radius * 1.2} 80 {middle - radius * 1.12} Q{80 + radius * 1.15} "
            f"{middle - radius * 1.2} {80 + radius * 0.9} {middle + radius * 0.5} Q80 "
            f'{middle + radius * 1.02} {80 - radius * 0.9} {middle + radius * 0.5}Z" fill="{hair}"/>'
        )
    return "".join(parts) + hat_of(look, radius, middle)


def hat_of(look: Look, radius: int, middle: float) -> str:
    colour, dark = css(look.hat_colour), css([v * 0.7 for v in look.hat_colour])
    brow = middle - radius * 0.35
    shapes = {
        "pointed": (
            f'<path d="M56 {brow} Q76 {brow - 30} 92 {brow - 76} Q94 {brow - 30} 104 {brow}Z" '
            f'fill="{colour}"/><ellipse cx="80" cy="{brow}" rx="46" ry="9" fill="{dark}"/>'
        ),
        "brim": (
            f'<path d="M60 {brow} Q62 {brow - 30} 80 {brow - 28} Q98 {brow - 30} 100 {brow}Z" '
            f'fill="{colour}"/><ellipse cx="80" cy="{brow + 1}" rx="44" ry="8" fill="{colour}"/><rect x="60" '
            f'y="{brow - 9}" width="40" height="7" fill="{dark}"/>'
        ),
        "crown": (
            f'<path d="M60 {brow} L56 {brow - 28} L69 {brow - 14} L80 {brow - 32} L91 {brow - 14} L104 '
            f'{brow - 28} L100 {brow}Z" fill="{colour}"/><rect x="60" y="{brow - 4}" width="40" height="7" '
            f'fill="{dark}"/>'
        ),
        "hood": (
            f'<path d="M{80 - radius - 6} {middle + radius} Q{80 - radius - 10} {middle - radius - 12} 80 '
            f"{middle - radius - 12} Q{80 + radius + 10} {middle - radius - 12} {80 + radius + 6} "
            f'{middle + radius} Q80 {middle + radius + 14} {80 - radius - 6} {middle + radius}Z" '
            f'fill="{colour}"/>'
        ),
        "helm": (
            f'<path d="M{80 - radius - 2} {middle + radius * 0.4} Q{80 - radius - 4} {middle - radius - 8} 80 '
            f"{middle - radius - 8} Q{80 + radius + 4} {middle - radius - 8} {80 + radius + 2} "
            f'{middle + radius * 0.4} L{80 + radius - 2} {middle + radius} H{80 - radius + 2}Z" '
            f'fill="{colour}"/><path d="M80 {middle - radius - 8} V{middle + radius}" stroke="{dark}" '
            'stroke-width="4"/>'
        ),
        "kabuto": (
            f'<path d="M{80 - radius - 12} {middle + radius} Q{80 - radius} {middle - radius - 10} 80 '
            f"{middle - radius - 10} Q{80 + radius} {middle - radius - 10} {80 + radius + 12} "
            f'{middle + radius}Z" fill="{colour}"/><path d="M62 {middle - radius - 4} Q50 '
            f"{middle - radius - 30} 58 {middle - radius - 40} M98 {middle - radius - 4} Q110 "
            f'{middle - radius - 30} 102 {middle - radius - 40}" stroke="#d8b04a" stroke-width="5" '
            'fill="none"/>'
        ),
        "tricorn": (
            f'<path d="M40 {brow} Q60 {brow - 34} 80 {brow - 26} Q100 {brow - 34} 120 {brow} Q80 {brow + 12} '
            f'40 {brow}Z" fill="{colour}"/>'
        ),
        "toque": (
            f'<path d="M62 {brow + 4} V{brow - 16} Q50 {brow - 46} 80 {brow - 48} Q110 {brow - 46} 98 '
            f'{brow - 16} V{brow + 4}Z" fill="{colour}"/>'
        ),
        "cap": (
            f'<path d="M{80 - radius} {brow + 4} Q{80 - radius} {brow - 26} 80 {brow - 26} Q{80 + radius} '
            f'{brow - 26} {80 + radius} {brow + 4}Z" fill="{colour}"/><rect x="{80 - radius}" y="{brow}" '
            f'width="{2 * radius}" height="7" fill="{dark}"/>'
        ),
        "bearskin": (
            f'<path d="M{80 - radius - 3} {middle + radius * 0.5} Q{80 - radius - 8} {middle - radius * 2.6} 80 '
            f"{middle - radius * 2.7} Q{80 + radius + 8} {middle - radius * 2.6} {80 + radius + 3} "
            f'{middle + radius * 0.5}Z" fill="{colour}"/>'
        ),
        "halo": (
            f'<ellipse cx="80" cy="{middle - radius * 1.6}" rx="{radius * 0.95}" ry="{radius * 0.28}" fill="none" '
            f'stroke="{colour}" stroke-width="6"/>'
        ),
        "santa": (
            f'<path d="M{80 - radius} {brow + 2} Q76 {brow - 46} 112 {brow - 26} Q104 {brow - 16} '
            f'{80 + radius} {brow + 2}Z" fill="{colour}"/><rect x="{78 - radius}" y="{brow - 2}" '
            f'width="{2 * radius + 4}" height="10" rx="5" fill="#f6f6f4"/><circle cx="112" cy="{brow - 24}" '
            'r="8" fill="#f6f6f4"/>'
        ),
    }
    return shapes.get(look.hat, "")
