"""Paints the subjects into the scene: light, shadow, mirror image, grass at the feet."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image

from imgforge_mcp.local import trees
from imgforge_mcp.local.language.actions import POSES
from imgforge_mcp.local.pixels import Array, blur, mix, over, resize, rgb, smooth
from imgforge_mcp.local.scene import Colour, Subject
from imgforge_mcp.local.sprites import animals, figures, people, portrait, worn
from imgforge_mcp.local.sprites.kinds import kind_of
from imgforge_mcp.local.sprites.library import library, picture
from imgforge_mcp.local.sprites.placing import compose
from imgforge_mcp.local.sprites.relight import furred, recolour, relight
from imgforge_mcp.local.sprites.spot import Spot
from imgforge_mcp.local.stage import Stage

_NATURAL: dict[str, Colour] = {
    "cat": (206, 138, 84),
    "horse": (150, 96, 60),
    "two-hump-camel": (196, 150, 96),
    "elephant": (150, 150, 158),
}
_SOFT_COATED = frozenset(
    {"cat", "black-cat", "dog", "rabbit", "beaver", "otter", "ewe", "llama", "bison", "polar-bear"}
)
_FURRED = (animals.WHOLE - {"frog"}) | _SOFT_COATED
_GLOWING = frozenset(
    {"fire", "candle", "red-paper-lantern", "diya-lamp", "light-bulb", "jack-o-lantern", "lamp-post", "star"}
)
_WINDOWED = frozenset({"cabin", "treehouse"})
_PANE = (255, 217, 138)
_FACES = 20_000
"""The dice from which faces are made: everybody in a picture has some of their own."""
_FLOODLIT: dict[str, Colour] = {"eiffel-tower": (255, 190, 92), "tokyo-tower": (255, 120, 60)}


def set_subjects(stage: Stage) -> None:
    spots = compose(stage)
    if stage.scene.shot == "close" and spots and stage.surface == "ground":
        stage.image = blur(stage.image, 5 * stage.unit)
    if any(spot.contact == "ground" for spot in spots) and stage.water is not None and stage.scene.place != "coast":
        _bank(stage)
    feet: dict[int, worn.Wearer] = {}
    for spot in spots:
        stage.report(0.62, spot.subject.word[:40])
        _paint(stage, spot, feet)


def _paint(stage: Stage, spot: Spot, feet: dict[int, worn.Wearer]) -> None:
    sprite = _drawing(stage, spot)
    if spot.contact == "worn":
        if feet:
            lit, left, top = worn.fitted(stage, spot.subject, sprite, list(feet.values())[-1])
            _stamp(stage.image, lit, left, top)
            _note(stage, spot, lit, left, top)
        return
    if spot.flip and not spot.subject.name.startswith("figure:"):
        sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if spot.turn:
        sprite = sprite.rotate(spot.turn, Image.Resampling.BICUBIC, expand=True)
    floodlit = spot.subject.name in _FLOODLIT and stage.scene.time in ("night", "dusk")
    glows = (spot.subject.name in _GLOWING or floodlit) and spot.contact != "flat"
    amount = 0.15 if glows else {"flat": 0.35, "table": 0.9, "bust": 0.36}.get(spot.contact, 0.86)
    lit = relight(stage, sprite, amount=amount, distance=spot.distance * stage.light.haze)
    if stage.scene.has("snow", "winter") and _is_still(spot):
        _snow_over(stage, lit)
    if stage.scene.has("silhouette"):
        lit[..., :3] = lit[..., :3] * 0.12 + stage.light.ambient * 0.06
    left, top = round(spot.x - lit.shape[1] / 2), round(spot.foot - lit.shape[0] * (1 - spot.sunk))
    if spot.contact == "bust":
        top = max(round(stage.height * 0.08), stage.height - lit.shape[0] + 2)
    feet[spot.subject.key] = worn.wearer(spot, lit, left, top)
    if spot.contact in ("ground", "table"):
        _shadow(stage, lit, left, spot)
    if spot.contact in ("water", "table") or (spot.contact == "ground" and stage.reflect):
        _mirror(stage, lit, left, spot)
    if glows:
        _shed_light(
            stage, spot.x, top + lit.shape[0] * (0.2 if spot.subject.name == "lamp-post" else 0.5), lit.shape[0]
        )
    if stage.scene.time in ("night", "dusk") and spot.subject.name in _WINDOWED:
        _light_windows(stage, sprite, lit, left, top)
    before = stage.image
    if spot.contact == "water":
        lit = lit[: max(1, round(lit.shape[0] * (1 - spot.sunk)))]
    if stage.tuck and spot.contact == "ground" and spot.sunk >= 0:
        before = stage.image.copy()
    _stamp(stage.image, lit, left, top)
    _note(stage, spot, lit, left, top)
    if stage.focus is None:
        stage.focus = np.zeros(stage.shape, np.float32)
    _stamp_mask(stage.focus, lit[..., 3], left, top)
    if stage.tuck and spot.contact == "ground" and spot.sunk >= 0:
        _tuck(stage, before, lit, left, top)


def _is_still(spot: Spot) -> bool:
    """Does snow lie on it? On what stands and is large, and does not move."""
    kind = kind_of(spot.subject.name)
    art = library().get(spot.subject.name)
    return spot.contact == "ground" and kind.height >= 1.1 and (art is None or art.group == "Travel & Places")


def _snow_over(stage: Stage, lit: Array) -> None:
    """White on all that looks up: what has nothing of the thing a little above it."""
    tall = max(3, round(lit.shape[0] * 0.045))
    above = np.zeros_like(lit[..., 3])
    above[tall:] = lit[:-tall, :, 3]
    ragged = 0.75 + 0.5 * stage.noise.line(lit.shape[1], max(4.0, tall * 1.6), octaves=2, layer=321)
    cap = np.clip(blur(lit[..., 3] * (1 - above), tall * 0.22) * 1.5 * ragged, 0, 1)
    white = stage.light.ambient * 0.6 + stage.light.key * 0.5
    lit[..., :3] = over(lit[..., :3], np.minimum(white * 1.05, 1), cap)


def _note(stage: Stage, spot: Spot, lit: Array, left: int, top: int) -> None:
    """The cells that the thing covers are its own, under its key."""
    subject = spot.subject
    names = [f"thing:{subject.key}", *spot.told]
    if spot.contact == "air":
        names += [f"air:{subject.key}", f"act:{subject.key}:flying"]
    if spot.contact in ("air", "float") and stage.scene.place == "space":
        names += [f"act:{subject.key}:orbiting", f"act:{subject.key}:flying"]
    if _takes_colour(subject) and not stage.scene.has("silhouette") and not _is_colourless(stage):
        names.append(f"colour:{subject.key}:{subject.colour}")
    if subject.name.startswith("figure:"):
        names += _shown_of_a_person(stage, spot)
    elif subject.name in animals.WHOLE and spot.contact != "flat":
        names.append(f"act:{subject.key}:sitting")
    if subject.name in ("bouquet", "rose-bouquet"):
        names.append("flowers")
    stage.marks.own_stamp(names, lit[..., 3], left, top, stage.shape)


def _takes_colour(subject: Subject) -> bool:
    """Is the colour that was said of it one that it is painted in?"""
    plain = ("woman", "man", "girl", "boy", "child", "person")
    return subject.colour is not None and subject.name.removeprefix("figure:") not in plain


def _shown_of_a_person(stage: Stage, spot: Spot) -> list[str]:
    """Hair, skin, clothes and pose, as far as they can be seen from where the figure is seen."""
    subject, is_bust = spot.subject, spot.contact == "bust"
    names = [f"trait:{subject.key}:{thing}" for thing in ("hair", "face", "skin", *(("eyes",) if is_bust else ()))]
    for thing, colour in subject.traits:
        if thing == "eyes" and not is_bust:
            continue
        names.append(f"trait:{subject.key}:{thing}")
        if not stage.scene.has("silhouette") and not _is_colourless(stage):
            names.append(f"colour:{subject.key}:{colour}")
    if _posed(spot) or (subject.action in ("lying", "sleeping") and spot.contact in ("ground", "held")):
        names.append(f"act:{subject.key}:{subject.action}")
    elif spot.pose in ("sitting", "riding"):
        names.append(f"act:{subject.key}:sitting")
    elif _pose(spot) in ("walking", "jumping", "reading"):
        names.append(f"act:{subject.key}:{_pose(spot)}")
    elif spot.contact in ("ground", "held"):
        names.append(f"act:{subject.key}:standing")
    return names


def _is_colourless(stage: Stage) -> bool:
    return stage.scene.has("noir", "pencil", "ink")


def _drawing(stage: Stage, spot: Spot) -> Image.Image:
    name, size = spot.subject.name, max(8, round(spot.size))
    if name.startswith("figure:"):
        return _person(stage, spot)
    if name in ("deciduous-tree", "evergreen-tree"):
        sprite = trees.grown(stage, size, conifer_only=name == "evergreen-tree")
    elif name in animals.WHOLE and spot.contact not in ("flat",):
        sprite = animals.sitting(name, size)
    elif name == "unicorn" and spot.contact != "flat":
        sprite = animals.unicorn(size)
    else:
        sprite = picture(name, size)
    if library().get(name) is not None and library()[name].group == "People & Body":
        sprite = people.natural(sprite, people.SKINS[int(stage.dice(401).integers(len(people.SKINS)))])
    if name == "bouquet":
        sprite = sprite.rotate(-40, Image.Resampling.BICUBIC, expand=True)
        sprite = sprite.crop(sprite.getchannel("A").getbbox())
    colour = spot.subject.colour or _NATURAL.get(name)
    if stage.scene.time in ("night", "dusk"):
        colour = _FLOODLIT.get(name, colour)
    if name == "fox" and colour and colour[0] > 180 > colour[1] * 1.4 > colour[2]:
        colour = (226, 84, 30)
    if colour:
        sprite = recolour(sprite, colour)
    return furred(sprite, stage.noise) if name in _FURRED and size > 90 and spot.contact != "flat" else sprite


def _person(stage: Stage, spot: Spot) -> Image.Image:
    place = round(spot.x / stage.width * 40) if spot.subject.count > 1 else 0
    rng = stage.dice(_FACES + zlib.crc32(f"{spot.subject.name} {spot.subject.key}".encode()) % 9000 + place)
    look = people.look_of(spot.subject, rng)
    if spot.contact == "bust" and look.hat not in ("helmet", "helm", "kabuto", "hood"):
        return portrait.bust(look, round(min(stage.width * 1.02, stage.height * 0.95)))
    if spot.contact == "bust":
        whole = figures.figure(look, round(stage.height * 1.5))
        return whole.crop((0, 0, whole.width, round(whole.height * 0.56)))
    size = max(12, round(spot.size))
    if _posed(spot):
        return _drawn_in_pose(stage, spot, look.skin, size)
    drawn = figures.figure(look, size, _pose(spot))
    if spot.pose == "kicking" and spot.x > stage.width / 2:
        drawn = drawn.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    lies = spot.subject.action in ("lying", "sleeping") and spot.contact in ("ground", "held")
    return drawn.rotate(90, Image.Resampling.BICUBIC, expand=True) if lies else drawn


def _pose(spot: Spot) -> str:
    """How somebody stands: as the composition wants it, else as the prompt says, else at ease, each in a way."""
    subject = spot.subject
    if spot.pose or spot.contact not in ("ground", "air"):
        return spot.pose
    if subject.action in ("walking", "jumping"):
        return subject.action
    if subject.action in ("lying", "sleeping"):
        return ""
    ways = ("waving", "hip", "") if people.is_child(subject) else ("hip", "", "hip")
    return ways[zlib.crc32(f"{subject.name} {subject.key} {round(spot.x)}".encode()) % 3]


def _posed(spot: Spot) -> bool:
    """Is there a drawing of somebody who does just that?"""
    subject = spot.subject
    return subject.action in POSES and people.is_plain_person(subject) and spot.contact in ("ground", "air", "water")


def _drawn_in_pose(stage: Stage, spot: Spot, skin: Colour, size: int) -> Image.Image:
    pose = POSES[spot.subject.action]
    is_second = spot.subject.name == "figure:person" and spot.subject.count == 2 and spot.x > stage.width / 2
    if pose == "woman-dancing" and (spot.subject.name in ("figure:man", "figure:boy") or is_second):
        pose = "man-dancing"
    return people.natural(picture(pose, size), skin)


def _stamp(image: Array, lit: Array, left: int, top: int, strength: float = 1.0) -> None:
    """Lays RGBA over the picture in place, cut to the frame."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + lit.shape[1]), min(height, top + lit.shape[0])
    if x1 <= x0 or y1 <= y0:
        return
    part = lit[y0 - top : y1 - top, x0 - left : x1 - left]
    image[y0:y1, x0:x1] = over(image[y0:y1, x0:x1], part[..., :3], part[..., 3] * np.float32(strength))


def _shed_light(stage: Stage, x: float, y: float, size: int) -> None:
    """A thing that glows warms what is near it, the more the darker the scene is."""
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    columns = np.arange(stage.width, dtype=np.float32)[None]
    near = np.exp(-np.hypot(columns - x, (rows - y) * 1.1) / (size * 0.5))[..., None]
    strength = 0.9 if stage.scene.time in ("night", "dusk") or stage.scene.has("dark") else 0.18
    warm = rgb(255, 176, 96)
    lit = stage.image * (1 + near * warm * strength) + near * warm * strength * 0.25
    stage.image = np.clip(lit, 0, 1).astype(np.float32)


def _light_windows(stage: Stage, sprite: Image.Image, lit: Array, left: int, top: int) -> None:
    """Panes that are drawn lit shine by night, and warm what is before them."""
    colour = np.asarray(sprite, np.float32)[..., :3] / 255
    panes = np.clip(1 - np.abs(colour - rgb(*_PANE)).max(axis=-1) * 5, 0, 1) * lit[..., 3]
    lit[..., :3] = over(lit[..., :3], np.broadcast_to(rgb(255, 208, 120), colour.shape), panes)
    pad = round(lit.shape[1] * 0.16)
    near = np.clip(blur(np.pad(panes, pad), pad * 0.4) * 1.5, 0, 0.5)
    glow = np.dstack([np.broadcast_to(rgb(255, 178, 92), (*near.shape, 3)), near]).astype(np.float32)
    _stamp(stage.image, glow, left - pad, top - pad)
    inner = near[pad:-pad, pad:-pad, None]
    lit[..., :3] = np.clip(lit[..., :3] + inner * colour * rgb(255, 178, 92) * 1.6, 0, 1)


def _stamp_mask(mask: Array, alpha: Array, left: int, top: int) -> None:
    height, width = mask.shape
    x0, y0, x1, y1 = max(0, left), max(0, top), min(width, left + alpha.shape[1]), min(height, top + alpha.shape[0])
    if x1 > x0 and y1 > y0:
        mask[y0:y1, x0:x1] = np.maximum(mask[y0:y1, x0:x1], alpha[y0 - top : y1 - top, x0 - left : x1 - left])


def _shadow(stage: Stage, lit: Array, left: int, spot: Spot) -> None:
    """A dark pool under the feet, and the outline thrown away from the sun."""
    height, width = lit.shape[:2]
    strength = stage.shadow * (0.7 if stage.light.overcast else 1.0)
    alpha = lit[..., 3]
    flat = resize(alpha, max(2, round(height * 0.16)), width)[::-1]
    away = 1 if stage.sun[0] < stage.width / 2 else -1
    low = stage.scene.time in ("sunset", "sunrise")
    _darken(
        stage,
        flat,
        left + round(away * width * (0.14 if low else 0.06)),
        round(spot.foot - flat.shape[0] * 0.34),
        max(1.5, width * 0.03),
        strength * (0.8 if low else 0.62),
    )
    foot = alpha[round(height * 0.9) :].max(axis=0) if height > 10 else alpha.max(axis=0)
    pool = np.repeat(foot[None], max(2, round(height * 0.05)), 0)
    _darken(stage, pool, left, round(spot.foot - pool.shape[0] * 0.6), max(1.2, width * 0.022), strength)


def _darken(stage: Stage, mask: Array, left: int, top: int, softness: float, strength: float) -> None:
    pad = int(softness * 3) + 1
    soft = blur(np.pad(mask, pad), softness)
    shade = np.dstack(
        [np.broadcast_to(stage.light.ambient * 0.12, (*soft.shape, 3)), np.clip(soft, 0, 1) * strength]
    ).astype(np.float32)
    _stamp(stage.image, shade, left - pad, top - pad)


def _mirror(stage: Stage, lit: Array, left: int, spot: Spot) -> None:
    visible = lit[: max(2, round(lit.shape[0] * (1 - spot.sunk)))]
    flipped = visible[::-1].copy()
    height = flipped.shape[0]
    fade = np.clip(
        1 - np.arange(height, dtype=np.float32) / (height * (0.95 if spot.contact == "water" else 0.5)), 0, 1
    )
    flipped[..., 3] *= fade[:, None] * (0.58 if spot.contact == "water" else stage.reflect)
    if spot.contact == "water":
        shift = (
            stage.noise.line(height, 9 * stage.unit + 2, octaves=3, layer=320)
            * (2 + np.arange(height) * 0.05)
            * 1.6
            * stage.unit
        )
        columns = np.clip(np.arange(flipped.shape[1])[None] + shift[:, None], 0, flipped.shape[1] - 1).astype(int)
        flipped = np.take_along_axis(flipped, columns[..., None], axis=1)
        flipped[..., :3] = mix(flipped[..., :3], stage.light.ambient * rgb(40, 96, 126) * 1.6, 0.3)
    if spot.contact == "water" and stage.water is not None:
        flipped[..., 3] *= _beneath(stage.water, flipped.shape[:2], left, round(spot.foot) - 2)
    _stamp(stage.image, blur(flipped, 1.6 * stage.unit), left, round(spot.foot) - 2)


def _beneath(mask: Array, shape: tuple[int, int], left: int, top: int) -> Array:
    """The part of the picture's mask that lies under a cut-out; nothing outside the frame."""
    found = np.zeros(shape, np.float32)
    x0, y0 = max(0, left), max(0, top)
    x1, y1 = min(mask.shape[1], left + shape[1]), min(mask.shape[0], top + shape[0])
    if x1 > x0 and y1 > y0:
        found[y0 - top : y1 - top, x0 - left : x1 - left] = mask[y0:y1, x0:x1]
    return found


def _tuck(stage: Stage, before: Array, lit: Array, left: int, top: int) -> None:
    """The ground's own blades and drifts over the feet."""
    height, width = lit.shape[:2]
    band = max(3, round(height * 0.09))
    y0, y1, x0, x1 = (
        max(0, top + height - band),
        min(stage.height, top + height),
        max(0, left),
        min(stage.width, left + width),
    )
    if y1 <= y0 or x1 <= x0:
        return
    ragged = stage.noise.line(stage.width, 6 * stage.unit + 1.5, octaves=2, layer=330)[x0:x1]
    rows = np.arange(y0, y1, dtype=np.float32)[:, None]
    mask = smooth(0.0, band * 0.4, rows - (top + height - band * (0.45 + 0.4 * ragged))[None, :])
    stage.image[y0:y1, x0:x1] = over(stage.image[y0:y1, x0:x1], before[y0:y1, x0:x1], mask)


def _bank(stage: Stage) -> None:
    """A near shore for those who do not swim."""
    rows = np.arange(stage.height, dtype=np.float32)[:, None]
    line = stage.noise.line(stage.width, stage.width * 0.5, octaves=5, layer=331)
    crest = stage.height * 0.8 + line * stage.height * 0.035
    grain = stage.noise.field(stage.shape, 60 * stage.unit, octaves=6, gain=0.62, stretch=2.4, layer=332)
    low, high = rgb(44, 74, 38), rgb(124, 146, 74)
    if stage.scene.has("snow", "winter"):
        low, high = rgb(196, 208, 226), rgb(246, 249, 254)
    elif stage.scene.has("autumn"):
        low, high = rgb(110, 70, 36), rgb(196, 146, 66)
    colour = mix(low, high, np.clip(grain * 0.6 + 0.5, 0, 1)[..., None]) * (
        stage.light.ambient * 0.6 + stage.light.key * 0.5
    )
    depth = np.clip((rows - crest[None]) / (stage.height * 0.2), 0, 1)
    stage.image = over(
        stage.image,
        colour * (1.1 - 0.35 * depth)[..., None],
        smooth(-1.5, 1.5, rows - crest[None] + grain * 5 * stage.unit),
    )
    stage.ground, stage.tuck = stage.height * 0.92, True
