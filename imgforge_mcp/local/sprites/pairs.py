"""Two things whose picture everybody has in mind: flowers in a vase, a bird on a branch, a bee on a flower."""

from __future__ import annotations

from dataclasses import replace

from imgforge_mcp.local.scene import Subject
from imgforge_mcp.local.sprites.kinds import kind_of
from imgforge_mcp.local.sprites.spot import MARGIN, Spot, aspect
from imgforge_mcp.local.stage import Stage

_BALLS = frozenset({"soccer-ball", "basketball", "volleyball", "tennis", "baseball", "american-football"})
_VASES = frozenset({"vase", "amphora"})
_CRAWLING = frozenset(
    ["honeybee", "butterfly", "beetle", "lady-beetle", "ant", "spider", "snail", "bug", "cricket", "fly", "caterpillar"]
)


def placed(stage: Stage, subject: Subject, anchor: Spot, relation: str) -> tuple[Spot, Spot] | None:
    """The two, if their picture is one that everybody has in mind; the anchor may have moved."""
    kind, base = kind_of(subject.name), kind_of(anchor.subject.name)
    if relation == "above" and kind.medium == "ground" and anchor.contact in ("air", "ground"):
        return _flown_over(stage, subject, anchor)
    if relation == "in" and kind.height >= 9 and kind.medium == "ground" and anchor.contact == "ground":
        return _before_its_door(stage, subject, anchor)
    if relation == "in" and subject.name in _VASES:
        size = anchor.size * 0.74
        held = replace(anchor, foot=anchor.foot - size * 0.6, size=anchor.size * 0.94, depth=anchor.depth - 0.01)
        return replace(anchor, subject=subject, size=size, flip=False), replace(held, turn=0.0)
    if relation == "in" and anchor.subject.name == "treehouse":
        return replace(anchor, subject=subject, x=anchor.x - anchor.size * 0.5, depth=0.1), anchor
    if relation == "holding" and subject.name in _BALLS and anchor.subject.action == "playing":
        ball = replace(anchor, subject=subject, x=stage.width * 0.5, size=anchor.size * 0.16, contact="ground")
        ball = replace(ball, foot=anchor.foot + stage.height * 0.03, depth=anchor.depth + 0.05)
        return ball, replace(anchor, pose="kicking", told=(f"act:{anchor.subject.key}:playing",))
    if relation in ("on", "riding") and subject.name == "bridge":
        return _over_a_bridge(stage, subject, anchor)
    if relation == "on" and subject.name == "branch":
        return _perched(stage, subject, anchor)
    if relation == "on" and subject.name == "plate":
        size = max(stage.width * 0.3 * min(3, len(stage.scene.subjects) + anchor.subject.count - 1), anchor.size * 1.3)
        dish = replace(anchor, subject=subject, size=size, depth=0.05, flip=False, x=stage.width * 0.5)
        return replace(dish, foot=stage.ground + size * 0.16), anchor
    if relation == "on" and base.height < 0.25 and kind.height > 1 and anchor.subject.name in _CRAWLING:
        size = min(stage.shape) * 0.8
        flower = replace(anchor, subject=subject, foot=stage.height * 0.97, size=size, contact="ground", turn=0.0)
        small = replace(anchor, foot=flower.foot - size * 0.56, size=size * 0.34, contact="held", x=anchor.x)
        return flower, replace(small, depth=flower.depth + 0.01)
    return None


def _flown_over(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """What stands on the ground, and above it what was named first."""
    side = min(stage.shape)
    size = side * (0.3 if kind_of(subject.name).height < 4 else 0.44)
    foot = stage.horizon + (stage.ground - stage.horizon) * 0.62
    below = Spot(subject, stage.width * 0.5, foot, size, 0.3 + foot / stage.height, "ground", distance=0.05)
    tall = size * aspect(subject.name)
    room = foot - tall * 0.84 - stage.height * MARGIN
    high = replace(anchor, contact="air", size=min(anchor.size, side * 0.42, max(room, side * 0.2)))
    return below, replace(high, x=stage.width * 0.58, foot=foot - tall * 0.84, depth=below.depth + 0.1)


def _before_its_door(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """Nobody sees into a hospital: who is in it stands before it."""
    foot = stage.horizon + (stage.ground - stage.horizon) * 0.55
    house = Spot(subject, stage.width * 0.5, foot, min(stage.shape) * 0.7, 0.1, "ground", distance=0.06)
    return house, replace(anchor, foot=max(anchor.foot, stage.ground))


def _over_a_bridge(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """The bridge spans the picture, over water where there is any; who crosses it is behind its parapet."""
    is_wet = stage.water is not None or stage.scene.place in ("ocean", "coast", "lake")
    size = stage.width * 0.96
    tall = size * aspect(subject.name)
    foot = stage.horizon + (stage.height - stage.horizon) * (0.5 if is_wet else 0.72)
    span = Spot(
        subject, stage.width * 0.5, foot, size, 0.6, "water" if is_wet else "ground", sunk=0.04 if is_wet else 0
    )
    is_train = anchor.subject.name in ("train", "locomotive", "railway-car", "high-speed-train", "bullet-train")
    rider = replace(anchor.subject, name="train-side") if is_train else anchor.subject
    length = size * 0.62 if is_train else min(anchor.size * 0.7, size * 0.3)
    acts = (f"act:{anchor.subject.key}:crossing",)
    above = replace(anchor, subject=rider, x=stage.width * 0.5, foot=foot - tall * 0.73, size=length, contact="held")
    return span, replace(above, depth=span.depth - 0.01, turn=0.0, sunk=0.0, distance=0.0, told=acts)


def _perched(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """A branch reaches in from the side; who is on it sits in the middle of the picture."""
    size = max(stage.width * 0.92, anchor.size * 1.4)
    tall, foot = size * aspect(subject.name), stage.height * 0.8
    bough = replace(anchor, subject=subject, x=stage.width * 0.46, foot=foot, size=size, contact="held", flip=False)
    return replace(bough, depth=anchor.depth - 0.01), replace(anchor, foot=foot - tall * 0.42, contact="held", turn=0.0)
