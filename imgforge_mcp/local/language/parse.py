"""From a prompt to a scene: phrases of the tables, then drawings, then near words; the rest is named as not drawn."""

from __future__ import annotations

import functools
from collections import defaultdict
from dataclasses import replace

from imgforge_mcp.local.language import concepts
from imgforge_mcp.local.language.ignored import IGNORED
from imgforge_mcp.local.language.lexicon import drawing_for, near, singular
from imgforge_mcp.local.language.placing import choose_place, choose_time, emblems
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

_SAID_OF_PEOPLE = frozenset({"hair", "haired", "skin", "skinned", "beard", "bearded", "eyes"})
_JOINING = frozenset({"on", "in", "with", "and", "under", "beside", "at", "next", "near", "tree"})
_SCENERY = frozenset({"sun", "cloud", "rainbow", "sun-behind-cloud", "water-wave", "sunrise", "sunset"})
_INDOORS = frozenset({"plain", "studio", "room", "portrait", "poster", "abstract", "space"})
_INHERITED = frozenset({"feature", "season", "weather", "time"})
_GROUPS = frozenset({"family", "crowd", "team", "band", "couple", "bowl", "plate", "basket", "piece"})
_PORTRAITS = frozenset({"portrait", "headshot", "selfie"})


def parse(prompt: str, *, style: str | None, negative: str | None, width: int, height: int) -> Scene:
    pieces = cut(prompt, negative)
    reading = Reading(pieces.words, [word in _SAID_OF_PEOPLE for word in pieces.words], pieces.breaks)
    _read_phrases(reading)
    _read_near_words(reading)
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
    if place in ("plain", "studio") and not subjects:
        subjects = emblems(found)
    features = frozenset(name for _, name in found["feature"]) | {"no-" + word for word in unwanted}
    shots = [name for _, name in found["shot"]]
    scene = Scene(
        place=place,
        time=choose_time([name for _, name in found["time"]], styles, features, place),
        weather=tuple(dict.fromkeys(name for _, name in found["weather"])),
        season=next((name for _, name in found["season"]), ""),
        styles=styles,
        shot="close" if "close" in shots else "wide" if "wide" in shots else "medium",
        subjects=subjects if place != "abstract" else (),
        text=pieces.quoted if not unwanted & {"text", "word", "letter", "caption"} else (),
        colours=_free_colours(reading, subjects),
        features=features,
        undrawn=_undrawn(reading, subjects, place),
        fallback=is_fallback and not pieces.quoted,
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
                for axis, name in dict.fromkeys([*meanings, *inner]):
                    reading.found[axis].append((start, name))
            drawing = None
            if not meanings and (not _is_plain_word(part) or _is_fruit(reading, start, part)):
                drawing = drawing_for(plain, plain if part[-1] in PAIRS else single)
                if drawing:
                    reading.subjects.append((start, length, drawing))
            if meanings or drawing:
                reading.used[start : start + length] = [True] * length


def _read_couple(reading: Reading) -> None:
    """'A couple on a beach' are two people; 'a couple of dogs' is a number."""
    for place, word in enumerate(reading.words):
        if word == "couple" and reading.words[place + 1 : place + 2] != ("of",) and not reading.used[place]:
            reading.subjects.append((place, 1, "figure:person"))


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
        or word in IGNORED
        or word in concepts.COLOURS
        or word in concepts.NUMBERS
        or word in concepts.SIZES
    )


def _read_near_words(reading: Reading) -> None:
    for place, word in enumerate(reading.words):
        if (
            reading.used[place]
            or len(word) < 4
            or _is_plain_word((word,))
            or not word.isascii()
            or word.endswith(("ing", "ed", "ly"))
        ):
            continue
        drawing = near(singular(word))
        if drawing:
            reading.subjects.append((place, 1, drawing))
            reading.used[place] = True


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


def _undrawn(reading: Reading, subjects: tuple[Subject, ...], place: str) -> tuple[str, ...]:
    words = [
        word
        for used, word in zip(reading.used, reading.words, strict=True)
        if not used
        and len(word) > 2
        and not _is_plain_word((word,))
        and not word.isdecimal()
        and not word.endswith(("ly", "ing", "ed"))
        and word not in ("hair", "skin", "eyes")
    ]
    if place == "abstract":
        words += [subject.word for subject in subjects]
    return tuple(dict.fromkeys(word[:40] for word in words))


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
    if scene.place not in _INDOORS:
        scene = replace(scene, subjects=tuple(s for s in scene.subjects if s.name not in _SCENERY))
    shot = scene.shot
    if shot == "medium" and width > height * 1.9:
        shot = "wide"
    if any(subject.name == "ringed-planet" for subject in scene.subjects):
        scene = replace(scene, subjects=tuple(s for s in scene.subjects if s.name not in ("ring", "link")))
    return replace(scene, features=frozenset(features), shot=shot)
