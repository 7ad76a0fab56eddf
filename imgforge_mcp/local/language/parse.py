"""From a prompt to a scene: phrases of the tables, then drawings; every word is claimed, drawn or not."""

from __future__ import annotations

import functools
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from imgforge_mcp.local.language import concepts, depicted
from imgforge_mcp.local.language.claims import claims_of
from imgforge_mcp.local.language.emoji import MARK
from imgforge_mcp.local.language.ignored import ABOUT_THE_PICTURE, COMMANDS, SILENT
from imgforge_mcp.local.language.lexicon import drawing_for, singular
from imgforge_mcp.local.language.placing import choose_place, choose_time, emblems
from imgforge_mcp.local.language.readings import readings_of
from imgforge_mcp.local.language.subjects import PAIRS, Reading, subjects_of
from imgforge_mcp.local.language.tokens import cut, words_of
from imgforge_mcp.local.scene import Colour, Scene, Subject

_AXES = {
    "place": concepts.PLACES,
    "time": concepts.TIMES,
    "weather": concepts.WEATHER,
    "season": concepts.SEASONS,
    "style": concepts.STYLES,
    "shot": concepts.SHOTS,
    "feature": concepts.FEATURES,
}
_LONGEST_PHRASE = 4
_SALTS = 1_000_003
# parts of a place that can be named and that no drawing is put there for
_PART_WORDS = frozenset(
    str.split(
        "sky skies air horizon ground floor floorboards wall walls ceiling soil terrain sunbeams sunbeam curtain "
        "curtains blackboard "
        "chalkboard whiteboard counter worktop cupboard cupboards cabinet cabinets shelf shelves stove oven "
        "cooker pillow "
        "pillows blanket quilt nightstand swings swing sandpit sandbox floodlight floodlights pitch crowd_of "
        "spectators "
        "audience fans foliage leaves petals seaweed kelp coral corals bubbles raindrops sunlight sunshine "
        "moonlight water waterfall waterfalls slope slopes cliffs rocks windows houses tables chairs desks lamps "
        "streetlights "
        "galaxy galaxies goods products loaves planets pavement shadow shadows thunderbolt"
    )
)

_SAID_OF_PEOPLE = frozenset({"hair", "haired", "skin", "skinned", "beard", "bearded", "eyes"})
_JOINING = frozenset({"on", "in", "with", "and", "under", "beside", "at", "next", "near", "tree"})
_SCENERY = frozenset({"sun", "cloud", "rainbow", "sun-behind-cloud", "water-wave", "sunrise", "sunset"})
_INDOORS = frozenset({"plain", "studio", "room", "portrait", "poster", "abstract", "space"})
_INHERITED = frozenset({"feature", "season", "weather", "time"})
_GROUPS = frozenset({"family", "crowd", "team", "band", "couple", "bowl", "plate", "basket", "piece"})
# words for a number of things that are things as well
_GROUP_NAMES = frozenset({"school", "pack", "row", "team", "pile", "fleet"})
# what a room brings with it, so that it is not put there twice
_PROVIDED = {
    "bedroom": ("bed",),
    "office": ("desktop-computer", "chair"),
    "classroom": ("chair",),
    "library": ("books",),
    "bakery": ("bread",),
    "cafe": ("chair",),
}
_PORTRAITS = frozenset({"portrait", "headshot", "selfie"})


def parse(prompt: str, *, style: str | None, negative: str | None, width: int, height: int) -> Scene:
    pieces = cut(prompt, negative)
    reading = Reading(pieces.words, [word in _SAID_OF_PEOPLE for word in pieces.words], pieces.breaks)
    _read_phrases(reading)
    if not reading.subjects and _PORTRAITS & set(pieces.words):
        reading.subjects.append((len(pieces.words), 0, "figure:person"))
    unwanted = pieces.unwanted | {singular(word) for word in pieces.unwanted}
    _read_couple(reading)
    _read_groups(reading)
    _read_bare_media(reading)
    subjects = subjects_of(reading, unwanted)
    found = _wanted(reading.found, unwanted)
    for axis, name in reversed(_tone(style)):
        found[axis].insert(0, (-1, name))
    place, is_fallback = choose_place(found, subjects, has_text=bool(pieces.quoted))
    styles = tuple(dict.fromkeys(name for _, name in found["style"]))
    if place in ("plain", "studio", "card") and not subjects:
        subjects = emblems(found)
    features = frozenset(name for _, name in found["feature"]) | {"no-" + word for word in unwanted}
    features |= _moons(reading)
    disc = _colour_of_the_disc(reading)
    shots = [name for _, name in found["shot"]]
    scene = Scene(
        place=place,
        time=choose_time([name for _, name in found["time"]], styles, features, place),
        weather=tuple(dict.fromkeys(name for _, name in found["weather"])),
        season=next((name for _, name in found["season"]), ""),
        styles=styles,
        shot="close" if "close" in shots else "wide" if "wide" in shots else "medium",
        subjects=subjects,
        text=pieces.quoted if not unwanted & {"text", "word", "letter", "caption"} else (),
        colours=tuple(colour for colour in _free_colours(reading, subjects) if colour != disc),
        disc=disc,
        features=features,
        claims=claims_of(reading, pieces.said, subjects, _index(), place, pieces.quoted),
        readings=readings_of(reading),
        fallback=is_fallback and not pieces.quoted,
        salt=zlib.crc32(" ".join(pieces.words).encode()) % _SALTS if place == "abstract" else 0,
    )
    return _settle(scene, width, height)


def names_place(text: str) -> bool:
    """Does the text say where, rather than leave it to what stands there?"""
    pieces = cut(text, None)
    reading = Reading(pieces.words, [False] * len(pieces.words), pieces.breaks)
    _read_phrases(reading)
    return bool(reading.found["place"])


@functools.cache
def _index() -> dict[str, tuple[tuple[str, str], ...]]:
    index: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for axis, table in _AXES.items():
        for name, phrases in table.items():
            for phrase in phrases.split():
                index[phrase.replace("_", " ")].append((axis, name))
    for phrase in _PART_WORDS & depicted.words():
        if phrase not in index:
            index[phrase].append(("part", phrase))
    return {phrase: tuple(meanings) for phrase, meanings in index.items()}


def _read_phrases(reading: Reading) -> None:
    """Longest phrases first; a phrase of the tables goes before a drawing of the same length."""
    index = _index()
    for length in range(_LONGEST_PHRASE, 0, -1):
        for start in range(len(reading.words) - length + 1):
            if any(reading.used[start : start + length]):
                continue
            part = reading.words[start : start + length]
            plain, single = " ".join(part), " ".join((*part[:-1], singular(part[-1])))
            meanings = index.get(plain) or index.get(single)
            if meanings:
                inner = (
                    [meaning for word in part for meaning in index.get(word, ()) if meaning[0] in _INHERITED]
                    if length > 1
                    else []
                )
                reading.spans.append((start, length, ""))
                for axis, name in dict.fromkeys([*meanings, *inner]):
                    reading.found[axis].append((start, name))
            drawing = None if meanings else _drawing(reading, start, part, plain, single)
            if drawing:
                reading.subjects.append((start, length, drawing))
                reading.spans.append((start, length, drawing))
            if meanings or drawing:
                reading.used[start : start + length] = [True] * length


def _drawing(reading: Reading, start: int, part: tuple[str, ...], plain: str, single: str) -> str | None:
    if part[0].startswith(MARK):
        return part[0].removeprefix(MARK) if len(part) == 1 else None
    if _is_plain_word(part) and not _is_fruit(reading, start, part):
        return None
    if part == ("baby",) and reading.words[start + 1 : start + 2]:
        following = reading.words[start + 1]
        if drawing_for(following, singular(following)):
            return None
    if part == ("school",) and reading.words[start + 1 : start + 2] == ("of",):
        return None
    named = drawing_for(plain, plain if part[-1] in PAIRS else single)
    return named.drawing if named else None


def _read_couple(reading: Reading) -> None:
    """'A couple on a beach' are two people; 'a couple of dogs' is a number."""
    for place, word in enumerate(reading.words):
        if word == "couple" and reading.words[place + 1 : place + 2] != ("of",) and not reading.used[place]:
            reading.subjects.append((place, 1, "figure:person"))
            reading.spans.append((place, 1, "figure:person"))


def _moons(reading: Reading) -> frozenset[str]:
    """'Two moons' are a fact about the sky."""
    for place, word in enumerate(reading.words[1:], 1):
        many = concepts.NUMBERS.get(reading.words[place - 1], 0)
        if word == "moons" and (many > 1 or reading.words[place - 1].isdecimal()):
            return frozenset({f"moons-{many or reading.words[place - 1]}"})
    return frozenset()


def _colour_of_the_disc(reading: Reading) -> Colour | None:
    """'A red sun' and 'a blue moon' say of what colour it is."""
    for before, word in zip(reading.words, reading.words[1:], strict=False):
        if word in ("sun", "moon", "moons") and before in concepts.COLOURS:
            return concepts.COLOURS[before]
    return None


def _read_groups(reading: Reading) -> None:
    """'A family of elephants' is elephants, 'a bowl of fruit' fruit, and 'two glasses' are for drinking."""
    for start, length, name in list(reading.subjects):
        end = start + length
        before = reading.words[start - 1] if start else ""
        if name == "glasses" and (before == "wine" or concepts.NUMBERS.get(before, 0) > 1):
            reading.subjects.remove((start, length, name))
            if "wine-glass" not in {other for _, _, other in reading.subjects}:
                reading.subjects.append((start, length, "wine-glass"))
            continue
        phrase = " ".join(reading.words[start:end])
        followed = any(end < other <= end + 3 for other, _, _ in reading.subjects)
        if phrase in _GROUPS and reading.words[end : end + 1] == ("of",) and followed:
            reading.subjects.remove((start, length, name))


def _read_bare_media(reading: Reading) -> None:
    """'A lake, pencil' names the medium; 'a pencil' the thing."""
    for start, length, name in list(reading.subjects):
        before = reading.words[start - 1] if start else "a"
        if (
            name == "pencil"
            and len(reading.subjects) + len(reading.found["place"]) > 1
            and before not in concepts.NUMBERS
            and before not in ("the", "and", "with", "of")
        ):
            reading.subjects.remove((start, length, name))
            reading.found["style"].append((start, "pencil"))


def _is_fruit(reading: Reading, start: int, part: tuple[str, ...]) -> bool:
    """'An orange on a plate' is a thing where 'an orange car' is a colour."""
    if len(part) > 1 or part[0] not in concepts.COLOURS:
        return False
    after = start + 1
    ends = after >= len(reading.words) or after in reading.breaks or reading.words[after] in _JOINING
    before = reading.words[start - 1] if start else ""
    return ends and (before in concepts.NUMBERS or before in concepts.COLOURS or before == "the")


def _is_plain_word(part: tuple[str, ...]) -> bool:
    if len(part) > 1:
        return False
    word = part[0]
    return (
        len(word) < 2
        or word in SILENT | ABOUT_THE_PICTURE | COMMANDS
        or word in concepts.COLOURS
        or (word in concepts.NUMBERS and word not in _GROUP_NAMES)
        or (word in concepts.SIZES and word != "baby")
    )


def _wanted(
    found: dict[str, list[tuple[int, str]]], unwanted: frozenset[str] | set[str]
) -> dict[str, list[tuple[int, str]]]:
    index = _index()
    refused = {meaning for word in unwanted for meaning in index.get(word, ())}
    kept: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for axis, entries in found.items():
        kept[axis] = [(start, name) for start, name in entries if (axis, name) not in refused]
    if ("weather", "cloudy") in refused or "cloud" in unwanted:
        kept["weather"].append((0, "clear"))
    return kept


def _tone(style: str | None) -> list[tuple[str, str]]:
    """What a style text adds: its styles, and its hour, weather, season and smaller features; never a place."""
    words = words_of((style or "")[:200])
    meanings: list[tuple[str, str]] = []
    for length in (3, 2, 1):
        for start in range(len(words) - length + 1):
            phrase = " ".join(words[start : start + length])
            meanings += [(axis, name) for axis, name in _index().get(phrase, ()) if axis not in ("place", "shot")]
            if phrase in concepts.STYLES:
                meanings.append(("style", phrase))
    return list(dict.fromkeys(meanings))


def _free_colours(reading: Reading, subjects: tuple[Subject, ...]) -> tuple[Colour, ...]:
    taken = {subject.colour for subject in subjects} | {colour for s in subjects for _, colour in s.traits}
    things = {start for start, _, _ in reading.subjects}
    colours = [
        concepts.COLOURS[word]
        for place, word in enumerate(reading.words)
        if word in concepts.COLOURS and place not in things
    ]
    return tuple(dict.fromkeys(colour for colour in colours if colour not in taken))


def _settle(scene: Scene, width: int, height: int) -> Scene:
    """Small consequences: snow means winter light, a wide frame a wide shot."""
    features = set(scene.features)
    if any(
        subject.name
        in (
            "sailboat",
            "canoe",
            "ship",
            "passenger-ship",
            "speedboat",
            "ferry",
            "motor-boat",
            "pirate-ship",
            "duck",
            "swan",
        )
        for subject in scene.subjects
    ):
        features.add("boat")
    provided = {name for feature in scene.features for name in _PROVIDED.get(feature, ())}
    if scene.place == "room":
        scene = _with_only(scene, lambda s: s.name not in provided or (_is_mounted(s) and s.name != "bed"))
    if scene.place not in _INDOORS:
        scene = _with_only(scene, lambda s: s.name not in _SCENERY)
    shot = scene.shot
    if shot == "medium" and width > height * 1.9:
        shot = "wide"
    if any(subject.name == "ringed-planet" for subject in scene.subjects):
        scene = _with_only(scene, lambda s: s.name not in ("ring", "link"))
    return replace(scene, features=frozenset(features), shot=shot)


def _is_mounted(subject: Subject) -> bool:
    """Does something that was named before it sit or stand on it?"""
    return subject.relation in ("on", "riding")


def _with_only(scene: Scene, wanted: Callable[[Subject], bool]) -> Scene:
    """The scene without the other things; what was tied to one of them stands free."""
    kept = [k for k, subject in enumerate(scene.subjects) if wanted(subject)]
    places = {old: new for new, old in enumerate(kept)}
    subjects = []
    for k in kept:
        subject = scene.subjects[k]
        if subject.target is not None:
            target = places.get(subject.target)
            subject = replace(subject, target=target, relation=subject.relation if target is not None else "")
        subjects.append(subject)
    return replace(scene, subjects=tuple(subjects))
