"""Paints the subjects into the scene: light, shadow, mirror image, grass at the feet."""

from __future__ import annotations

import zlib

import numpy as np
from PIL import Image

from imgforge_mcp.local import trees
from imgforge_mcp.local.language.actions import POSES
from imgforge_mcp.local.pixels import Array, blur
from imgforge_mcp.local.scene import Colour, Subject
from imgforge_mcp.local.sprites import animals, figures, ground, people, portrait, worn
from imgforge_mcp.local.sprites.kinds import kind_of
from imgforge_mcp.local.sprites.library import library, picture
from imgforge_mcp.local.sprites.placing import compose
from imgforge_mcp.local.sprites.relight import furred, recolour, relight
from imgforge_mcp.local.sprites.spot import Spot, is_person
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
_FACES = 20_000
"""The dice from which faces are made: everybody in a picture has some of their own."""
_FLOODLIT: dict[str, Colour] = {"eiffel-tower": (255, 190, 92), "tokyo-tower": (255, 120, 60)}


def set_subjects(stage: Stage) -> None:
    spots = compose(stage)
    if stage.scene.shot == "close" and spots and stage.surface == "ground":
        stage.image = blur(stage.image, 5 * stage.unit)
    if any(spot.contact == "ground" for spot in spots) and stage.water is not None and stage.scene.place != "coast":
        ground.bank(stage)
    feet: dict[int, worn.Wearer] = {}
    for spot in spots:
        stage.report(0.62, spot.subject.word[:40])
        _paint(stage, spot, feet)


def _paint(stage: Stage, spot: Spot, feet: dict[int, worn.Wearer]) -> None:
    sprite = _drawing(stage, spot)
    if spot.contact == "worn":
        if feet:
            lit, left, top = worn.fitted(stage, spot.subject, sprite, list(feet.values())[-1])
            ground.stamp(stage.image, lit, left, top)
            _note(stage, spot, lit, left, top)
        return
    if spot.flip and not spot.subject.name.startswith("figure:"):
        sprite = sprite.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if spot.turn:
        sprite = sprite.rotate(spot.turn, Image.Resampling.BICUBIC, expand=True)
    floodlit = spot.subject.name in _FLOODLIT and stage.scene.time in ("night", "dusk")
    glows = (spot.subject.name in _GLOWING or floodlit) and spot.contact != "flat"
    is_plain = is_person(spot.subject) or _is_built(spot.subject)
    standing = 0.6 if is_plain and not stage.light.stars else 0.86
    amount = 0.15 if glows else {"flat": 0.35, "table": 0.9, "bust": 0.36}.get(spot.contact, standing)
    lit = relight(stage, sprite, amount=amount, distance=spot.distance * stage.light.haze)
    if stage.scene.has("snow", "winter") and _is_still(spot):
        ground.snow_over(stage, lit)
    if stage.scene.has("silhouette"):
        lit[..., :3] = lit[..., :3] * 0.12 + stage.light.ambient * 0.06
    left, top = round(spot.x - lit.shape[1] / 2), round(spot.foot - lit.shape[0] * (1 - spot.sunk))
    if spot.contact == "bust":
        top = max(round(stage.height * 0.08), stage.height - lit.shape[0] + 2)
    feet[spot.subject.key] = worn.wearer(spot, lit, left, top)
    if spot.contact in ("ground", "table"):
        ground.shadow(stage, lit, left, spot)
    if spot.contact in ("water", "table") or (spot.contact == "ground" and stage.reflect):
        ground.mirror(stage, lit, left, spot)
    if glows:
        ground.shed_light(
            stage, spot.x, top + lit.shape[0] * (0.2 if spot.subject.name == "lamp-post" else 0.5), lit.shape[0]
        )
    if stage.scene.time in ("night", "dusk") and spot.subject.name in _WINDOWED:
        ground.light_windows(stage, sprite, lit, left, top)
    before = stage.image
    if spot.contact == "water":
        lit = lit[: max(1, round(lit.shape[0] * (1 - spot.sunk)))]
    if stage.tuck and spot.contact == "ground" and spot.sunk >= 0:
        before = stage.image.copy()
    ground.stamp(stage.image, lit, left, top)
    _note(stage, spot, lit, left, top)
    if stage.focus is None:
        stage.focus = np.zeros(stage.shape, np.float32)
    ground.stamp_mask(stage.focus, lit[..., 3], left, top)
    if stage.tuck and spot.contact == "ground" and spot.sunk >= 0:
        ground.tuck(stage, before, lit, left, top, 0.035 if is_person(spot.subject) else 0.09)


def _is_built(subject: Subject) -> bool:
    """Houses, bridges, vehicles and the like: their faces are flat, not round."""
    art = library().get(subject.name)
    built = art.group == "Travel & Places" if art else not is_person(subject)
    return built and kind_of(subject.name).height >= 1.1


def _is_still(spot: Spot) -> bool:
    """Does snow lie on it? On what is built and stands."""
    return spot.contact == "ground" and _is_built(spot.subject)


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
    place = f"{round(spot.x / stage.width * 40)} {round(spot.foot / stage.height * 40)}"
    who = f"{spot.subject.name} {spot.subject.key} {place if spot.subject.count > 1 else ''}"
    rng = stage.dice(_FACES + zlib.crc32(who.encode()) % 9000)
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
