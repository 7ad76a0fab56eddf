"""Which place and which hour the words add up to."""

from __future__ import annotations

from imgforge_mcp.local.scene import Subject, Time
from imgforge_mcp.local.sprites.kinds import kind_of

_ORDER = (
    "card",
    "plain",
    "abstract",
    "underwater",
    "mars",
    "space",
    "fuji",
    "stadium",
    "playground",
    "room",
    "studio",
    "garden",
    "village",
    "street",
    "city",
    "coast",
    "ocean",
    "desert",
    "lake",
    "alpine",
    "forest",
    "meadow",
)
_FOUND = dict[str, list[tuple[int, str]]]


def choose_place(found: _FOUND, subjects: tuple[Subject, ...], *, has_text: bool) -> tuple[str, bool]:
    """The place, and whether nothing in the prompt could be drawn."""
    entries = found["place"]
    places = {name for _, name in reversed(entries)}
    first = {name: min(start for start, other in entries if other == name) for name in places}
    place = next((name for name in _ORDER if name in places), "")
    if {"alpine", "forest"} <= places and place == "alpine":
        place = min(("alpine", "forest"), key=lambda name: first[name])
    if "waterfall" in features_of(found) and place in ("forest", "meadow", "alpine", "coast"):
        place = "lake"
    if {"alpine", "ocean"} <= places and place == "ocean":
        place = "lake"
    homes = {kind_of(subject.name).home for subject in subjects}
    if place == "garden" and first.get("village", first["garden"]) < first["garden"]:
        place = "village"
    if place == "alpine" and "coast" in homes:
        place = "coast"
    mediums = {kind_of(subject.name).medium for subject in subjects}
    if place == "ocean" and mediums == {"ground"}:
        place = "coast"
    if place == "room" and "studio" in places and subjects and kind_of(subjects[0].name).home == "studio":
        place = "studio"
    if place == "room" and places & {"street", "city"} and "cafe" in features_of(found):
        place = "street"
    if (
        place == "studio"
        and places & {"forest", "alpine", "ocean", "coast", "city", "street"}
        and "plain" not in places
    ):
        place = next(name for name in _ORDER if name in places and name != "studio")
    if (
        place == "studio"
        and subjects
        and subjects[0].name.startswith("figure:")
        and not features_of(found) & {"wood", "marble"}
    ):
        place = "portrait"
    if place == "abstract" and subjects and len(places) > 1:
        place = next((name for name in _ORDER if name in places and name != "abstract"), place)
    if place:
        return place, False
    return _without_place(found, subjects, has_text)


_EMBLEMS = {
    "alpine": "snow-capped-mountain",
    "forest": "evergreen-tree",
    "ocean": "water-wave",
    "coast": "palm-tree",
    "city": "cityscape",
    "fuji": "mount-fuji",
    "space": "ringed-planet",
    "desert": "cactus",
    "garden": "tulip",
    "lake": "water-wave",
    "room": "house",
    "village": "house",
    "street": "cityscape",
    "meadow": "seedling",
    "underwater": "tropical-fish",
    "mars": "ringed-planet",
}


def emblems(found: _FOUND) -> tuple[Subject, ...]:
    """For an icon of a place: the sign that stands for it."""
    features = features_of(found)
    if features & {"flowers", "blossom"}:
        return (Subject(name="bouquet", word="flowers"),)
    if not any(name == "plain" for _, name in found["place"]):
        return ()
    cafe = "cafe" in features
    names = [
        "hot-beverage" if name == "room" and cafe else _EMBLEMS[name] for _, name in found["place"] if name in _EMBLEMS
    ]
    if not names and cafe:
        names = ["croissant"]
    return tuple(Subject(name=name, word=name) for name in dict.fromkeys(names[:1]))


def features_of(found: _FOUND) -> set[str]:
    return {name for _, name in found["feature"]}


_HINTS = (
    dict.fromkeys(
        str.split(
            "floor floorboards wall walls ceiling curtain curtains pillow pillows blanket nightstand shelf shelves"
        ),
        "room",
    )
    | dict.fromkeys(
        str.split(
            "blackboard chalkboard whiteboard cupboard cupboards cabinet cabinets counter worktop stove oven cooker"
        ),
        "room",
    )
    | dict.fromkeys(str.split("sky skies horizon sunlight sunshine"), "meadow")
    | dict.fromkeys(str.split("swing swings sandpit sandbox"), "playground")
    | dict.fromkeys(str.split("pitch floodlight floodlights spectators"), "stadium")
    | dict.fromkeys(str.split("coral corals seaweed kelp"), "underwater")
    | {
        "galaxy": "space",
        "galaxies": "space",
        "planets": "space",
        "moons": "alpine",
        "cliffs": "coast",
        "rocks": "coast",
    }
)


# where somebody is who does this, if the prompt does not say
_WHERE_DONE = {
    "sleeping": "room",
    "lying": "meadow",
    "sitting": "meadow",
    "standing": "meadow",
    "walking": "meadow",
    "running": "meadow",
    "dancing": "street",
    "climbing": "alpine",
    "swimming": "coast",
    "surfing": "coast",
    "skiing": "alpine",
    "snowboarding": "alpine",
    "cycling": "meadow",
    "rowing": "lake",
    "meditating": "meadow",
    "golfing": "meadow",
    "juggling": "meadow",
    "lifting": "room",
    "kneeling": "meadow",
    "fencing": "room",
    "bathing": "room",
}


def _without_place(found: _FOUND, subjects: tuple[Subject, ...], has_text: bool) -> tuple[str, bool]:
    features = {name for _, name in found["feature"]}
    hint = next((_HINTS[name] for _, name in found["part"] if name in _HINTS), "")
    if hint and not (features & {"trees", "forest", "flowers"} or found["season"] or found["weather"]):
        return hint, False
    if subjects:
        if subjects[0].name.startswith("figure:") and any(name == "close" for _, name in found["shot"]):
            return "portrait", False
        home = kind_of(subjects[0].name).home
        if len(subjects) > 1 and subjects[1].relation in ("in", "on") and subjects[1].target == 0:
            home = kind_of(subjects[1].name).home
        if home in ("studio", "room") and features & {"fireplace", "window"}:
            return "studio" if home == "studio" else "room", False
        others = [kind_of(subject.name).home for subject in subjects[1:]]
        outdoors = [other for other in others if other not in ("portrait", "studio", "plain", "room")]
        if home == "portrait" and subjects[0].count > 2 and not outdoors:
            outdoors = ["meadow"]
        if home in ("portrait", "room", "studio") and outdoors:
            home = outdoors[0]
        if home == "portrait" and any(subject.relation == "holding" for subject in subjects):
            home = "meadow"
        if home == "portrait" and subjects[0].action in _WHERE_DONE:
            home = _WHERE_DONE[subjects[0].action]
        if home == "portrait" and (features or found["season"] or found["weather"] or found["time"]):
            home = (
                "street"
                if features & {"neon"}
                else "alpine"
                if found["weather"] and found["weather"][0][1] == "snow"
                else "forest"
                if features & {"trees", "forest"}
                else "meadow"
            )
        if home in ("forest", "room") and features & {"big-moon", "crescent", "stars"}:
            home = "meadow" if home == "forest" else "village"
        is_cut = any(subject.name in ("vase", "bouquet", "rose-bouquet") for subject in subjects)
        grows = features & ({"trees", "forest", "path"} | (set() if is_cut else {"flowers"}))
        if home in ("studio", "room") and (grows or found["season"] or found["weather"]):
            home = "forest" if features & {"trees", "forest"} else "meadow"
        return home, False
    if features & {"fireplace", "window"}:
        return "room", False
    if features & {"blossom", "flowers"}:
        return "garden", False
    if features & {"trees", "forest"} or found["season"]:
        return "forest", False
    if found["time"] or found["weather"]:
        return "alpine", False
    if any(name in ("neon",) for _, name in found["style"]):
        return "city", False
    if has_text:
        return "poster", False
    return "abstract", not (features or found["style"])


def choose_time(times: list[str], styles: tuple[str, ...], features: frozenset[str], place: str) -> Time:
    for time in ("sunset", "sunrise", "dusk"):
        if time in times and not ("night" in times and times.index("night") < times.index(time)):
            return time
    if (
        "night" in times
        or ("neon" in styles and place in ("city", "street", "room"))
        or (features & {"fireworks", "fireflies"} and not times)
    ):
        return "night"
    return "day"
