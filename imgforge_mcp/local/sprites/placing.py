"""Where each subject stands, how large, and what it stands on: the composition of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imgforge_mcp.local.scene import Subject
from imgforge_mcp.local.sprites import figures, pairs
from imgforge_mcp.local.sprites.kinds import Kind, kind_of
from imgforge_mcp.local.sprites.people import is_child, is_plain_person
from imgforge_mcp.local.sprites.spot import MARGIN, Spot, aspect, is_person
from imgforge_mcp.local.stage import Stage

_BASE = {"close": 0.68, "medium": 0.52, "wide": 0.3}
_WEARABLE = frozenset(
    [
        *("scarf", "glasses", "sunglasses", "top-hat", "womans-hat", "billed-cap", "crown", "graduation-cap"),
        *("wizard-hat", "party-hat", "santa-hat", "cowboy-hat", "headphone"),
    ]
)
_SEATS = {"chair": 0.56, "couch-and-lamp": 0.6, "bed": 0.55, "dragon": 0.3, "bench": 0.5, "bathtub": 0.45}
_HUNG_ABOVE = frozenset({"balloon", "kite", "umbrella", "umbrella-with-rain-drops", "closed-umbrella"})
_READ = frozenset({"book", "open-book", "closed-book", "green-book", "blue-book", "orange-book", "newspaper"})
_BOARDS = frozenset({"skateboard", "ski", "snowboard", "sled"})
_BACKED = frozenset({"bench", "chair", "couch-and-lamp", "seat"})
_TOPS = {
    "horse": 0.4,
    "two-hump-camel": 0.42,
    "elephant": 0.3,
    "bicycle": 0.55,
    "motorcycle": 0.5,
    "motor-scooter": 0.5,
    "dragon": 0.45,
    "skateboard": 0.25,
    "unicorn": 0.42,
    "cow": 0.35,
    "dolphin": 0.4,
    "whale": 0.35,
    "turtle": 0.35,
}


def compose(stage: Stage) -> list[Spot]:
    """All spots, far ones first."""
    subjects = stage.scene.subjects
    if not subjects:
        return []
    free = [k for k, subject in enumerate(subjects) if not _is_tied(subject, k, stage)]
    if stage.scene.place == "card" and len(free) > 1:
        return _on_a_card(stage, [subjects[k] for k in free])
    sizes = _sizes(stage, [subjects[k] for k in free])
    anchors: dict[int, Spot] = {}
    spots: list[Spot] = []
    for order, k in enumerate(free):
        placed = _free_spots(stage, subjects[k], sizes[order], order, len(free))
        anchors[k] = placed[0]
        spots += placed
    for k, subject in enumerate(subjects):
        if k not in anchors:
            anchor = anchors.get(subject.target if subject.target is not None else 0, spots[0])
            spot, moved = _tied_spot(stage, subject, anchor)
            if subject.name == "bicycle" and subject.relation == "riding" and is_plain_person(anchor.subject):
                told = (f"thing:{subject.key}", f"act:{subject.key}:riding", *_ties(subject, anchor))
                moved = replace(anchor, subject=replace(anchor.subject, action="cycling"), told=told)
                spots = [moved if other is anchor else other for other in spots]
                anchors[subject.target or 0] = anchors[k] = moved
                continue
            spot = replace(spot, told=(*spot.told, *_ties(subject, spot)))
            spots = [_following(other, anchor, moved) for other in spots]
            anchors[subject.target or 0] = moved
            anchors[k] = spot
            spots.append(spot)
    return sorted(_within_frame(stage, spots), key=lambda spot: spot.depth)


def _on_a_card(stage: Stage, subjects: list[Subject]) -> list[Spot]:
    """One thing in the middle, the others to its left and right by turns, the outer ones higher, as a garland."""
    hero = next((subject for subject in subjects if subject.count == 1), subjects[0])
    others = [subject for subject in subjects if subject is not hero for _ in range(min(subject.count, 6))]
    others += [hero] * (min(hero.count, 4) - 1)
    side, foot = min(stage.shape), stage.height * (0.57 if stage.scene.text else 0.68)
    spots = [Spot(hero, stage.width * 0.5, foot, side * 0.3, 0.9, "flat")]
    size = side * (0.24 if len(others) < 4 else 0.18)
    for k, subject in enumerate(others):
        step, left = k // 2, k % 2 == 0
        lone = k == len(others) - 1 and left
        away = 0.0 if lone else (0.2 + 0.11 * step) * stage.width
        lift = side * (0.21 if lone else 0.12 - 0.05 * step)
        x = stage.width * 0.5 + (-away if left else away)
        spots.append(
            Spot(subject, x, foot - lift, size, 0.5 - 0.01 * k, "flat", turn=6.0 if left and not lone else -6.0)
        )
    return spots


def _within_frame(stage: Stage, spots: list[Spot]) -> list[Spot]:
    """What would stand out of the picture's top is made smaller, with all that is tied to it, about where it stands."""
    if stage.surface in ("air", "flat"):
        return spots
    bound = [spot for spot in spots if spot.contact != "worn"]
    top = min((spot.foot - spot.size * aspect(spot.subject.name, spot.contact) for spot in bound), default=0.0)
    floor = max((spot.foot for spot in bound), default=0.0)
    room, wanted = floor - stage.height * MARGIN, floor - top
    if wanted <= room or stage.scene.shot == "close" or room <= 0:
        return spots
    share = room / wanted
    middle = sum(spot.x for spot in bound) / len(bound)
    return [
        replace(
            spot, size=spot.size * share, foot=floor - (floor - spot.foot) * share, x=middle + (spot.x - middle) * share
        )
        for spot in spots
    ]


def _following(spot: Spot, anchor: Spot, moved: Spot) -> Spot:
    """The other two of three parrots go up to the branch with the first."""
    if spot is anchor:
        return moved
    if spot.subject is anchor.subject and moved.pose == "kicking":
        return replace(spot, pose=moved.pose, told=moved.told)
    if spot.subject is not anchor.subject or moved.contact != "held" or moved.told:
        return spot
    return replace(spot, foot=moved.foot, contact=moved.contact, turn=moved.turn, depth=moved.depth)


# the words that a placing shows, by the relation that was placed
_SHOWN_AS = {
    "on": ("on", "upon", "atop", "on top of"),
    "riding": ("on",),
    "in": ("in", "inside", "within", "inside of"),
    "under": ("under", "beneath", "below", "underneath"),
    "above": ("above", "over"),
    "behind": ("behind",),
    "front": ("in front of",),
    "holding": ("with",),
    "wearing": ("with", "in"),
}


def _ties(subject: Subject, spot: Spot) -> tuple[str, ...]:
    if subject.relation == "in" and spot.distance:
        return ()  # who is in a house stands before it
    words = _SHOWN_AS.get("wearing" if spot.contact == "worn" else subject.relation, ())
    done = {"riding": "riding", "holding": "holding"}.get(subject.relation, "wearing" if spot.contact == "worn" else "")
    acts = (f"act:{subject.key}:{done}",) if done else ()
    return (*(f"tie:{subject.key}:{word}" for word in words), *acts)


def _is_tied(subject: Subject, index: int, stage: Stage) -> bool:
    if subject.target is None or index == 0 or (stage.surface == "flat" and subject.relation not in ("wearing",)):
        return False
    if subject.relation == "in" and subject.name in _WEARABLE:
        return True
    if subject.name in _WEARABLE and subject.relation in ("wearing", "beside"):
        return True
    if subject.relation in ("on", "in", "under") and kind_of(subject.name).home == "place":
        return False
    return subject.relation in ("riding", "on", "in", "under", "above", "holding", "wearing", "behind", "front")


def _sizes(stage: Stage, subjects: list[Subject]) -> list[float]:
    """Longer sides in pixels: true proportions, compressed so that a mouse beside a house is still seen."""
    side = min(stage.width, stage.height)
    base = _BASE[stage.scene.shot]
    if stage.surface == "flat":
        base = 0.5 if stage.scene.place != "card" else 0.46
    elif stage.surface == "table":
        base = 0.72 if len(subjects) == 1 else 0.5
    elif stage.surface == "float":
        base = min(base, 0.4)
    tallest = max(kind_of(subject.name).height for subject in subjects)
    sizes = []
    for subject in subjects:
        kind = kind_of(subject.name)
        grown = base * (0.9 if kind.height < 0.3 else 1.0 if kind.height < 4 else 1.28 if kind.height < 20 else 1.75)
        if is_person(subject) and stage.surface == "ground":
            grown *= 1.28 if stage.scene.place != "room" else 1.14
        if len(subjects) > 1:
            floor = 0.85 if stage.surface == "flat" else 0.5
            grown *= max(floor, (kind.height / tallest) ** 0.4)
        crowd = sum(other.count * (kind_of(other.name).height / tallest) ** 0.4 for other in subjects)
        if crowd > 1.2:
            least = 0.85 if crowd <= 3 and is_person(subject) else 0.36
            grown *= max(least if stage.surface == "ground" else 0.5, 1.2 / crowd**0.5)
        if stage.surface == "table" and len(subjects) > 1:
            grown *= 1.3 if subject is subjects[0] and subject.count == 1 else 0.8
        if kind.medium == "air" and stage.scene.shot != "close" and stage.surface not in ("flat", "table"):
            grown *= 0.72
        said = max(subject.size, 0.82) if len(subjects) == 1 else subject.size
        sizes.append(side * min(0.95, grown * said))
    return sizes


def _free_spots(stage: Stage, subject: Subject, size: float, order: int, total: int) -> list[Spot]:
    kind = kind_of(subject.name)
    contact = _contact(stage, kind)
    if contact == "ground" and subject.relation == "above" and subject.target is None:
        contact = "air"
    rng = stage.dice(300 + order)
    centre = _column(stage, order, total, float(rng.uniform(-0.05, 0.05)))
    if total == 1 and subject.count == 1 and contact in ("ground", "water") and stage.scene.shot == "wide":
        centre = float(rng.choice([0.36, 0.64])) * stage.width
    if subject.count == 1:
        return [_stand(stage, subject, kind, contact, centre, size, 0.5, rng)]
    spots = []
    span = min(stage.width * (0.84 if total == 1 else 0.5), size * 1.2 * subject.count)
    in_row = max(1, min(subject.count, int(span / (size * 1.1)))) if subject.count > 6 else subject.count
    if contact == "table" and total > 1:
        span = min(span, stage.width * 0.36)
    if subject.count <= 6:
        size = min(size, span / subject.count / 1.14)
    for k in range(subject.count):
        row, column = divmod(k, in_row)
        width = min(in_row, subject.count - row * in_row)
        share = (column + 0.5) / width - 0.5 + (0.25 / width if row % 2 else 0)
        x = centre + share * span + float(rng.uniform(-0.06, 0.06)) * size
        near = 0.5 + (0.22 if (column + row) % 2 else -0.12) - row * 0.34
        spots.append(_stand(stage, subject, kind, contact, x, size * float(rng.uniform(0.9, 1.05)), near, rng))
    return spots


def _column(stage: Stage, order: int, total: int, jitter: float) -> float:
    if total == 2 and stage.surface == "table":
        return stage.width * (0.4, 0.73)[order]
    if total == 1:
        return stage.width * (0.5 + jitter)
    gap = min(0.38 if stage.surface == "table" else 0.3, 0.82 / total)
    place = (0, 1, -1, 2, -2, 3)[order] if total % 2 else (-0.5, 0.5, 1.5, -1.5, 2.5, -2.5)[order]
    return stage.width * (0.5 + gap * place + jitter * 0.4)


def _contact(stage: Stage, kind: Kind) -> str:
    if stage.surface in ("flat", "float", "table"):
        return {"flat": "flat", "float": "float", "table": "table"}[stage.surface]
    if stage.surface == "air":
        return "bust"
    if kind.medium in ("air", "space"):
        return "air"
    is_wet = stage.water is not None or stage.scene.place in ("ocean", "coast", "lake")
    if kind.medium in ("water", "swim") and is_wet:
        return "water"
    return "ground"


def _stand(
    stage: Stage,
    subject: Subject,
    kind: Kind,
    contact: str,
    x: float,
    size: float,
    near: float,
    rng: np.random.Generator,
) -> Spot:
    """`near` is 0 far to 1 close; things stand higher in the picture when far."""
    flip = bool(rng.random() < 0.5)
    drift = near - 0.5
    if contact == "air":
        spread = 0.6 if subject.count < 4 else 2.4
        foot = stage.horizon * float(rng.uniform(0.42, 0.62)) + size * 0.5 + drift * size * spread
        return Spot(subject, x, foot, size, 0.2, "air", flip, float(rng.uniform(-5, 5)))
    if contact == "float":
        foot = stage.height * (0.52 + float(rng.uniform(-0.05, 0.05))) + size * 0.5 + drift * size * 0.9
        return Spot(subject, x, foot, size, 0.3 + near, "float", flip, float(rng.uniform(-7, 7)))
    if contact == "flat":
        middle = 0.4 if stage.scene.place == "card" and stage.scene.text else 0.5
        return Spot(
            subject,
            x,
            stage.height * middle + size * 0.5 + (drift * size if subject.count > 1 else 0),
            size,
            near,
            "flat",
        )
    if contact == "water":
        foot = stage.horizon + (stage.height - stage.horizon) * (0.26 + 0.3 * drift) + size * 0.08
        if stage.scene.shot == "close":
            foot += 0.2 * stage.height
        return Spot(
            subject,
            x,
            foot,
            size,
            0.3 + near,
            "water",
            flip,
            0.0,
            0.36 if kind.medium == "swim" and kind.height > 1 else 0.05,
        )
    if subject.action == "jumping" and is_person(subject) and contact == "ground":
        foot = stage.ground + drift * 0.16 * stage.height
        return Spot(subject, x, foot, size, 0.3 + foot / stage.height, "ground", flip, sunk=-0.14)
    if contact == "ground" and stage.scene.shot == "close" and subject.count == 1 and kind.height < 4:
        return Spot(subject, x, stage.height * 1.1, max(size, min(stage.shape) * 0.98), 1.2, "ground", flip)
    foot = stage.ground + drift * (0.08 if contact == "table" else 0.16) * stage.height
    distance = 0.0
    if kind.height >= 5 and contact == "ground" and stage.scene.shot != "close":
        if stage.scene.place == "coast" and subject.count == 1:
            x = stage.width * (0.7 if stage.sun[0] < stage.width / 2 else 0.3)
            return Spot(subject, x, stage.height * 0.74, size, 1.0, "ground", flip, distance=0.06)
        back = 0.5 + 0.5 * drift if stage.water is None or stage.scene.place == "coast" else 0.9
        foot = stage.horizon + (stage.ground - stage.horizon) * back
        distance = 0.06
    return Spot(subject, x, foot, size, 0.3 + foot / stage.height, contact, flip, distance=distance)


def _tied_spot(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """A thing placed by its relation to an anchor, which may move to make room."""
    kind, base = kind_of(subject.name), kind_of(anchor.subject.name)
    relation = "wearing" if subject.name in _WEARABLE and subject.relation != "on" else subject.relation
    ratio = max(0.4, min(1.7, (kind.height / base.height) ** 0.45))
    if relation == "in":
        ratio = max(0.75, ratio)
    size = anchor.size * ratio
    special = pairs.placed(stage, subject, anchor, relation)
    if special is not None:
        return special
    if relation in ("riding", "on") and subject.name in _BACKED and is_person(anchor.subject):
        return _seated(subject, anchor, size)
    if relation in ("riding", "on") and subject.name in _SEATS and kind.height > 0.8:
        return _laid(stage, subject, anchor)
    if relation in ("riding", "on"):
        return _mounted(subject, anchor, max(size, anchor.size * (1.05 if relation == "riding" else 0.8)), stage)
    if relation == "in" and kind.medium == "water":
        return _aboard(stage, subject, anchor)
    if relation == "in":
        held = replace(
            anchor, depth=anchor.depth - 0.01, foot=anchor.foot - size * 0.2, size=min(anchor.size, size * 0.85)
        )
        return Spot(subject, anchor.x, anchor.foot, size, anchor.depth, anchor.contact, sunk=anchor.sunk), held
    if relation == "under":
        lift = anchor.size * 0.55 if kind.height < 4 else 0.0
        return Spot(
            subject,
            anchor.x + anchor.size * (0.12 if kind.height < 4 else 0.34),
            anchor.foot - lift - stage.height * 0.03,
            min(size * 1.4, 0.8 * min(stage.shape)) if kind.height < 4 else 0.86 * stage.height,
            anchor.depth - 0.05,
            "ground" if not lift else "held",
        ), anchor
    if relation == "above":
        return Spot(
            subject, anchor.x, anchor.foot + anchor.size * 0.12, size, anchor.depth - 0.02, anchor.contact
        ), replace(anchor, foot=max(anchor.size, anchor.foot - size * 0.9), contact="air")
    if relation == "front":  # the one named first stands before this one
        back = replace(anchor, subject=subject, size=size, depth=anchor.depth - 0.05, flip=False, distance=0.08)
        return replace(back, x=anchor.x + anchor.size * 0.3, foot=anchor.foot - stage.height * 0.05), anchor
    if relation == "behind":  # this one stands before the one named first, and hides half of it
        cover = replace(anchor, subject=subject, size=size, depth=anchor.depth + 0.05, flip=False)
        return replace(cover, x=anchor.x + anchor.size * 0.3, foot=anchor.foot + stage.height * 0.03), anchor
    if relation == "wearing":
        return Spot(subject, anchor.x, anchor.foot, anchor.size * 0.5, anchor.depth + 0.01, "worn"), anchor
    if relation == "holding" and base.height < 1.2 and anchor.subject.name != "robot":
        beside = anchor.x + anchor.size * 0.46
        return replace(anchor, subject=subject, x=beside, size=anchor.size * 0.42, depth=anchor.depth + 0.01), anchor
    if is_person(anchor.subject) and anchor.contact != "bust":
        return _held_up(subject, anchor)
    return Spot(
        subject,
        anchor.x + anchor.size * 0.04,
        anchor.foot - anchor.size * 0.16,
        anchor.size * 0.46,
        anchor.depth + 0.01,
        "held",
    ), anchor


def _held_up(subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """Somebody with a thing in the lifted hand, under an umbrella, or over a book."""
    if subject.name in _READ:
        child = is_child(anchor.subject)
        low = anchor.foot - anchor.size * (0.34 if child else 0.44)
        size = anchor.size * (0.21 if child else 0.26)
        book = replace(anchor, subject=subject, foot=low, size=size, contact="held")
        return replace(book, depth=anchor.depth + 0.01), replace(anchor, pose="reading")
    right, up = figures.hand_of(is_child(anchor.subject))
    hand, height = anchor.x + anchor.size * right, anchor.foot - anchor.size * up
    held = replace(anchor, subject=subject, x=hand, depth=anchor.depth + 0.01, contact="held")
    if subject.name in _HUNG_ABOVE:
        size = anchor.size * (0.72 if subject.name.startswith("umbrella") else 0.44)
        held = replace(held, size=size, foot=height, depth=anchor.depth - 0.005)
    else:
        size = anchor.size * 0.3
        held = replace(held, size=size, foot=height + size * 0.5 * aspect(subject.name))
    return held, replace(anchor, pose="holding")


def _aboard(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """Someone in a boat: an open one, on the water where there is any."""
    open_boat = replace(subject, name="wooden-boat") if subject.word in ("boat", "boats") else subject
    afloat = stage.water is not None or stage.scene.place in ("ocean", "coast")
    foot = stage.horizon + (stage.height - stage.horizon) * 0.42 if afloat else anchor.foot
    size = min(stage.shape) * (0.46 if stage.scene.shot != "wide" else 0.3)
    boat = Spot(open_boat, anchor.x, foot, size, anchor.depth, "water" if afloat else "ground", sunk=0.04)
    rider = replace(anchor, foot=foot - size * 0.1, size=size * 0.62, contact="held", depth=anchor.depth - 0.01)
    return boat, replace(rider, pose="riding")


def _seated(subject: Subject, anchor: Spot, size: float) -> tuple[Spot, Spot]:
    """Someone on a bench or a chair, the feet before it."""
    seat = replace(anchor, subject=subject, size=max(size, anchor.size * 1.1), flip=False)
    acts = (f"act:{anchor.subject.key}:sitting",)
    sitter = replace(anchor, foot=anchor.foot + seat.size * 0.02, contact="seated", depth=anchor.depth + 0.01)
    return seat, replace(sitter, pose="sitting", told=acts)


def _laid(stage: Stage, subject: Subject, anchor: Spot) -> tuple[Spot, Spot]:
    """Something on a bed, a sofa or a chair, both in proportion; people on a bed lie on it."""
    size = min(anchor.size * (2.2 if not is_person(anchor.subject) else 1.5), 0.62 * min(stage.shape))
    tall = size * aspect(subject.name)
    small = size / (2.2 if not is_person(anchor.subject) else 1.5)
    seat = replace(anchor, subject=subject, size=size, flip=False, depth=anchor.depth)
    top = anchor.foot - tall * (1 - _SEATS[subject.name]) - tall * 0.06
    return seat, replace(anchor, foot=top, size=small, contact="held", depth=anchor.depth + 0.01, pose="sitting")


def _mounted(subject: Subject, anchor: Spot, size: float, stage: Stage) -> tuple[Spot, Spot]:
    """The subject carries the anchor: the one that was named first sits on the one named after."""
    if anchor.contact == "air" and kind_of(subject.name).medium == "ground":
        anchor = replace(anchor, foot=stage.ground, contact="ground")
    seat = _TOPS.get(subject.name, 0.2)
    mount = Spot(
        subject,
        anchor.x,
        anchor.foot,
        size,
        anchor.depth + 0.004,
        anchor.contact if anchor.contact != "bust" else "ground",
        anchor.flip,
    )
    rides = seat >= 0.3 and subject.name not in _SEATS
    if subject.name in _SEATS:
        seat = _SEATS[subject.name]
    lifted = anchor.size if not rides else size * 0.98
    rider = replace(
        anchor,
        foot=anchor.foot
        - size * (1 if rides else aspect(subject.name)) * (1 - seat)
        + lifted * (0.34 if rides else 0.04),
        contact="held",
        size=lifted,
        depth=anchor.depth if rides else anchor.depth + 0.01,
        pose="riding" if rides else "" if subject.name in _BOARDS else "sitting",
    )
    if kind_of(subject.name).height > 4 and not rides:
        rider = replace(rider, foot=anchor.foot - size * 0.5)
    return mount, rider
